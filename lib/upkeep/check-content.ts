import { createHash } from 'node:crypto';
import { asBuffer } from '../encoding/as-buffer.ts';
import { algorithmOf, digestOf, isSha256, parseDigest, type Digest } from '../encoding/digest.ts';
import { locate, type Link } from '../oci/link.ts';
import type { Stores } from '../oci/registry.ts';
import type { ContentRecord, Located } from '../store/content-store.ts';
import { decodeJson } from '../store/json-value.ts';
import type { Entry } from '../store/keyed-store.ts';
import { contentKey, contentOfKey, digestOfKey, inlineKey } from '../store/keys.ts';
import { StoreError } from '../store/store-error.ts';
import type { Checking, Finding } from './checking.ts';

/** The bytes of content against its record and its digest. */
export async function checkContent(checking: Checking, entry: Entry): Promise<void> {
  const { stores } = checking;
  const content = contentOfKey(entry.key);
  const record = decodeJson<ContentRecord>(entry.value);
  if (record.state === 'arriving' || record.state === 'deleting') return;
  const located: Located = { content, size: record.size, place: record.place };
  const wrong = await whatIsWrong(checking, located, content);
  if (wrong === undefined) return;
  await checking.find({ severity: 'error', what: wrong, name: content }, async () => {
    const now = await stores.keys.get(contentKey(content));
    return (
      now !== undefined &&
      Buffer.compare(now, entry.value) === 0 &&
      (await whatIsWrong(checking, located, content)) !== undefined
    );
  });
}

/** The bytes of content against a digest, or, where bytes are not to be read, only that they are there. */
async function whatIsWrong(
  { stores, registry, content: readBytes, breathe }: Checking,
  located: Located,
  digest: Digest,
): Promise<string | undefined> {
  if (!readBytes) return (await isThere(stores, located)) ? undefined : 'the bytes are missing';
  const hash = createHash(algorithmOf(digest));
  let size = 0;
  try {
    for await (const piece of registry.content.read(located)) {
      await breathe();
      hash.update(piece);
      size += piece.length;
    }
  } catch (error) {
    if (error instanceof StoreError && error.code === 'missing') return 'the bytes are missing';
    throw error;
  }
  if (size !== located.size) return `there are ${size} bytes and not ${located.size}`;
  return digestOf(algorithmOf(digest), hash) === digest ? undefined : 'the bytes do not match the digest';
}

async function isThere({ keys, blobs }: Stores, { content, place, size }: Located): Promise<boolean> {
  if (place === 'inline') return (await keys.get(inlineKey(content)))?.length === size;
  return (await blobs.stat(content))?.size === size;
}

/** That what a link promises is there, and, where the link is by another algorithm, that the bytes match it. */
export async function checkLinked(checking: Checking, family: string, digest: Digest, entry: Entry): Promise<void> {
  const { stores } = checking;
  checking.link();
  const located = locate(digest, decodeJson<Link>(entry.value));
  const wrong = async (): Promise<string | undefined> => {
    const value = await stores.keys.get(contentKey(located.content));
    if (value === undefined) return `the repository names content that is not kept: ${located.content}`;
    const { size, place } = decodeJson<ContentRecord>(value);
    if (size !== located.size || place !== located.place)
      return 'the link and the content disagree about size or place';
    return isSha256(digest) || !checking.content ? undefined : whatIsWrong(checking, located, digest);
  };
  const what = await wrong();
  if (what === undefined) return;
  await checking.find({ severity: 'error', what, name: digest, family }, async () => {
    const now = await stores.keys.get(entry.key);
    return now !== undefined && (await wrong()) !== undefined;
  });
}

/** That content which is found by a digest of another algorithm has that digest. */
export async function checkAlias(checking: Checking, { key, value }: Entry): Promise<void> {
  const { keys } = checking.stores;
  // The digest lies here as behind the name of a family.
  const alias = digestOfKey(Buffer.concat([Buffer.from('A\0'), key.subarray(1)]));
  const wrong = async (): Promise<Pick<Finding, 'severity' | 'what'> | undefined> => {
    const content = parseDigest(asBuffer(value).toString('latin1'));
    if (content === undefined || !isSha256(content))
      return { severity: 'error', what: 'the digest leads to no content' };
    const found = await keys.get(contentKey(content));
    if (found === undefined)
      return { severity: 'warning', what: `the digest leads to content that is gone; assay gc removes it: ${content}` };
    const { size, place, state } = decodeJson<ContentRecord>(found);
    if (!checking.content || state === 'arriving' || state === 'deleting') return undefined;
    const what = await whatIsWrong(checking, { content, size, place }, alias);
    return what === undefined ? undefined : { severity: 'error', what };
  };
  const finding = await wrong();
  if (finding === undefined) return;
  await checking.find({ ...finding, name: alias }, async () => {
    const now = await keys.get(key);
    return now !== undefined && Buffer.compare(now, value) === 0 && (await wrong()) !== undefined;
  });
}
