import { createHash } from 'node:crypto';
import { algorithmOf, digestOf, isSha256, type Digest, type Sha256 } from '../encoding/digest.ts';
import { locate, type Link } from '../oci/link.ts';
import type { Registry, Stores } from '../oci/registry.ts';
import type { ContentRecord, Located } from '../store/content-store.ts';
import { decodeJson } from '../store/json-value.ts';
import { entriesOf, type Entry } from '../store/keyed-store.ts';
import { allContent, allFamilies, allInline, contentKey, contentOfKey, inlineKey, nameOfKey } from '../store/keys.ts';
import { StoreError } from '../store/store-error.ts';
import { checkFamilyKeys } from './check-family.ts';
import { makePace } from './pace.ts';

export interface CheckOptions {
  /** Reads every byte and compares it with its digest; otherwise only what names what is checked. */
  readonly content: boolean;
  readonly signal?: AbortSignal;
  readonly onProgress?: (doing: string, done: number, of?: number) => void;
  readonly onFinding?: (finding: Finding) => void;
}

/** `error`: something that was kept is lost or wrong. `warning`: something is left over, or was taken away by request. */
export interface Finding {
  readonly severity: 'error' | 'warning';
  readonly what: string;
  readonly name: string;
  readonly family?: string;
}

export interface CheckReport {
  readonly content: number;
  readonly bytes: number;
  readonly families: number;
  readonly links: number;
  readonly errors: number;
  readonly warnings: number;
}

/** What the parts of a check share. */
export interface Checking extends CheckOptions {
  readonly stores: Stores;
  readonly registry: Registry;
  readonly breathe: () => Promise<void> | undefined;
  /**
   * Reports what is wrong, if it still is: a server may have been in the middle of changing it. The question is asked
   * again after a moment.
   */
  find(finding: Finding, isStill: () => Promise<boolean>): Promise<void>;
  link(): void;
}

const SECOND_LOOK_MS = 50;

/** Checks every digest, and every key that names one. Changes nothing, and may run beside a server. */
export async function check(stores: Stores, registry: Registry, options: CheckOptions): Promise<CheckReport> {
  const count = { content: 0, bytes: 0, families: 0, links: 0, errors: 0, warnings: 0 };
  const checking: Checking = {
    ...options,
    stores,
    registry,
    breathe: makePace(options.signal),
    async find(finding, isStill) {
      await new Promise((resolve) => setTimeout(resolve, SECOND_LOOK_MS));
      if (!(await isStill())) return;
      count[finding.severity === 'error' ? 'errors' : 'warnings'] += 1;
      options.onFinding?.(finding);
    },
    link() {
      count.links += 1;
    },
  };
  for await (const entry of entriesOf(stores.keys, allContent)) {
    await checking.breathe();
    options.onProgress?.('content', count.content);
    count.content += 1;
    count.bytes += decodeJson<ContentRecord>(entry.value).size;
    await checkContent(checking, entry);
  }
  await checkStrays(checking);
  for await (const { key } of entriesOf(stores.keys, allFamilies)) {
    options.onProgress?.('repositories', count.families);
    count.families += 1;
    await checkFamilyKeys(checking, nameOfKey(key));
  }
  return count;
}

async function checkContent(checking: Checking, entry: Entry): Promise<void> {
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
export async function whatIsWrong(
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

/** Bytes that no record speaks of. */
async function checkStrays(checking: Checking): Promise<void> {
  const { stores, breathe } = checking;
  const hasNoRecord = async (content: Sha256): Promise<boolean> =>
    (await stores.keys.get(contentKey(content))) === undefined;
  for await (const { key } of entriesOf(stores.keys, allInline, 100)) {
    await breathe();
    const content = contentOfKey(key);
    if (!(await hasNoRecord(content))) continue;
    const isStill = async (): Promise<boolean> => (await stores.keys.get(key)) !== undefined && hasNoRecord(content);
    await checking.find({ severity: 'warning', what: 'small content has no record', name: content }, isStill);
  }
  for await (const { digest } of stores.blobs.list()) {
    await breathe();
    if (!(await hasNoRecord(digest))) continue;
    const isStill = async (): Promise<boolean> =>
      (await stores.blobs.stat(digest)) !== undefined && hasNoRecord(digest);
    await checking.find(
      { severity: 'warning', what: 'a blob has no record; assay gc removes it', name: digest },
      isStill,
    );
  }
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
