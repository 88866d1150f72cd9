import { createHash, type Hash } from 'node:crypto';
import { asBuffer } from '../encoding/as-buffer.ts';
import { algorithmOf, digestOf, isSha256, parseDigest, type Digest } from '../encoding/digest.ts';
import { startOid } from '../git/oid.ts';
import { decodeKnown } from '../git/stored/object-record.ts';
import { Archives } from '../definition/archives.ts';
import { GitError } from '../git/error.ts';
import { locate, type BlobLink, type TreeLink } from '../oci/link.ts';
import type { Stores } from '../oci/registry.ts';
import { locatedBy, type ContentRecord, type Located } from '../store/content-record.ts';
import { decodeJson } from '../store/json-value.ts';
import type { Entry } from '../store/keyed-store.ts';
import { contentKey, contentOfKey, inlineKey, oidKey, onlyDigestOfKey } from '../store/keys.ts';
import { StoreError } from '../store/store-error.ts';
import { whatIsWrongWithOids } from './check-git.ts';
import type { Checking, Finding } from './checking.ts';

/** The bytes of content against its record and its digest. */
export async function checkContent(checking: Checking, entry: Entry): Promise<void> {
  const { stores } = checking;
  const content = contentOfKey(entry.key);
  const record = decodeJson<ContentRecord>(entry.value);
  if (record.state === 'arriving' || record.state === 'deleting') return;
  const located = locatedBy(content, record);
  const whatNow = async (): Promise<string | undefined> =>
    (await whatIsWrongWithOids(checking, content, record)) ?? (await whatIsWrong(checking, located, content, record));
  const wrong = await whatNow();
  if (wrong === undefined) return;
  await checking.find({ severity: 'error', what: wrong, name: content }, async () => {
    const now = await stores.keys.get(contentKey(content));
    return now !== undefined && Buffer.compare(now, entry.value) === 0 && (await whatNow()) !== undefined;
  });
}

/** The bytes of content against a digest, or, where bytes are not to be read, only that they are there. */
async function whatIsWrong(
  { stores, registry, content: readBytes, breathe }: Checking,
  located: Located,
  digest: Digest,
  { oids = [] }: Pick<ContentRecord, 'oids'> = {},
): Promise<string | undefined> {
  if (!readBytes) return (await isThere(stores, located)) ? undefined : 'the bytes are missing';
  const hash = createHash(algorithmOf(digest));
  const objects = await startedOids(stores, oids, located.size);
  let size = 0;
  try {
    for await (const piece of registry.content.read(located)) {
      await breathe();
      hash.update(piece);
      for (const object of objects) object.hash.update(piece);
      size += piece.length;
    }
  } catch (error) {
    if (error instanceof StoreError && error.code === 'missing') return 'the bytes are missing';
    if (error instanceof StoreError && error.code === 'damaged') return 'the stored bytes cannot be inflated';
    throw error;
  }
  if (size !== located.size) return `there are ${size} bytes and not ${located.size}`;
  if (digestOf(algorithmOf(digest), hash) !== digest) return 'the bytes do not match the digest';
  const foreign = objects.find((object) => object.hash.digest('hex') !== object.oid);
  return foreign === undefined ? undefined : `the bytes do not match the Git object id ${foreign.oid}`;
}

/** A hash that waits for the bytes of each Git object that they are. */
async function startedOids(
  { keys }: Stores,
  oids: readonly string[],
  size: number,
): Promise<{ readonly oid: string; readonly hash: Hash }[]> {
  const started = [];
  for (const oid of oids) {
    const known = await keys.get(oidKey(oid));
    if (known !== undefined) started.push({ oid, hash: startOid(decodeKnown(known).type, size) });
  }
  return started;
}

/** How long a zlib stream is cannot be known without inflating it. */
async function isThere({ keys, blobs }: Stores, { content, place, size, encoding }: Located): Promise<boolean> {
  const stored = place === 'inline' ? (await keys.get(inlineKey(content)))?.length : (await blobs.stat(content))?.size;
  return encoding === undefined ? stored === size : stored !== undefined;
}

/** That what a link promises is there, and, where the link is by another algorithm, that the bytes match it. */
export async function checkLinked(checking: Checking, family: string, digest: Digest, entry: Entry): Promise<void> {
  const { stores } = checking;
  checking.link();
  const link = decodeJson<BlobLink>(entry.value);
  if (link.place === 'tree') {
    await checkTreeLink(checking, family, digest, link, entry);
    return;
  }
  const located = locate(digest, link);
  const wrong = async (): Promise<string | undefined> => {
    const value = await stores.keys.get(contentKey(located.content));
    if (value === undefined) return `the repository names content that is not kept: ${located.content}`;
    const { size, place, encoding } = decodeJson<ContentRecord>(value);
    if (size !== located.size || place !== located.place || encoding !== located.encoding)
      return 'the link and the content disagree about size, place or encoding';
    return isSha256(digest) || !checking.content ? undefined : whatIsWrong(checking, located, digest);
  };
  const what = await wrong();
  if (what === undefined) return;
  await checking.find({ severity: 'error', what, name: digest, family }, async () => {
    const now = await stores.keys.get(entry.key);
    return now !== undefined && (await wrong()) !== undefined;
  });
}

/** That the canonical tar of a tree is what its digest says, or, where bytes are not to be read, that the tree is whole. */
async function checkTreeLink(
  checking: Checking,
  family: string,
  digest: Digest,
  { tree, size }: TreeLink,
  entry: Entry,
): Promise<void> {
  const { stores, registry } = checking;
  const wrong = async (): Promise<string | undefined> => {
    try {
      const archive = await new Archives(stores.keys, registry.content).open(family, tree);
      if (archive.size !== size) return `the tar of tree ${tree} has ${archive.size} bytes and not ${size}`;
      if (!checking.content) return undefined;
      const hash = createHash(algorithmOf(digest));
      for await (const piece of archive.read()) {
        await checking.breathe();
        hash.update(piece);
      }
      return digestOf(algorithmOf(digest), hash) === digest ? undefined : `the tar of tree ${tree} is not the blob`;
    } catch (error) {
      if (error instanceof GitError) return `the tree of the blob is not whole: ${error.message}`;
      if (error instanceof StoreError && (error.code === 'missing' || error.code === 'damaged'))
        return `a file of tree ${tree} cannot be read`;
      throw error;
    }
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
  const alias = onlyDigestOfKey(key);
  const wrong = async (): Promise<Pick<Finding, 'severity' | 'what'> | undefined> => {
    const content = parseDigest(asBuffer(value).toString('latin1'));
    if (content === undefined || !isSha256(content))
      return { severity: 'error', what: 'the digest leads to no content' };
    const found = await keys.get(contentKey(content));
    if (found === undefined)
      return { severity: 'warning', what: `the digest leads to content that is gone; assay gc removes it: ${content}` };
    const record = decodeJson<ContentRecord>(found);
    if (!checking.content || record.state === 'arriving' || record.state === 'deleting') return undefined;
    const what = await whatIsWrong(checking, locatedBy(content, record), alias);
    return what === undefined ? undefined : { severity: 'error', what };
  };
  const finding = await wrong();
  if (finding === undefined) return;
  await checking.find({ ...finding, name: alias }, async () => {
    const now = await keys.get(key);
    return now !== undefined && Buffer.compare(now, value) === 0 && (await wrong()) !== undefined;
  });
}
