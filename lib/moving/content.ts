import type { Sha256 } from '../encoding/digest.ts';
import { locatedBy, type ContentRecord, type Located } from '../store/content-record.ts';
import { decodeJson } from '../store/json-value.ts';
import type { Entry } from '../store/keyed-store.ts';
import { contentOfKey, inlineKey } from '../store/keys.ts';
import { isContent } from '../store/verified.ts';
import type { Origin } from './origin.ts';
import { paired } from './paired.ts';

/** Content whose bytes are not what its name says, or are not there. */
export interface Damaged {
  readonly content: Sha256;
  readonly what: string;
}

export const MISSING = 'the bytes are missing';
export const WRONG = 'the bytes do not match the digest';

/** What lies in the BlobStore. What is still arriving, or already going, nothing names: its bytes are not moved. */
export async function* blobsOf(origin: Pick<Origin, 'records'>): AsyncGenerator<Located> {
  for await (const { key, value } of origin.records()) {
    const record = decodeJson<ContentRecord>(value);
    if (record.place === 'blob' && isSettled(record)) yield locatedBy(contentOfKey(key), record);
  }
}

/** Small content beside its record, whichever of the two there is. */
export interface SmallContent {
  readonly content: Sha256;
  readonly record: ContentRecord;
  readonly value: Uint8Array | undefined;
}

/** Small content by its records. Bytes without a record are left over from nothing that anybody could name. */
export async function* smallOf(origin: Pick<Origin, 'records' | 'small'>): AsyncGenerator<SmallContent> {
  for await (const { left, right } of paired(inlineRecords(origin), origin.small(), 1)) {
    if (left === undefined) continue;
    const content = contentOfKey(left.key);
    yield { content, record: decodeJson<ContentRecord>(left.value), value: right?.value };
  }
}

/** What is wrong with small content; undefined for nothing. */
export function wrongWith({ content, record, value }: SmallContent): Damaged | undefined {
  if (value === undefined) return { content, what: MISSING };
  return isContent(content, value, record) ? undefined : { content, what: WRONG };
}

export function smallEntry({ content, value }: SmallContent): Entry | undefined {
  return value === undefined ? undefined : { key: inlineKey(content), value };
}

async function* inlineRecords(origin: Pick<Origin, 'records'>): AsyncGenerator<Entry> {
  for await (const entry of origin.records()) {
    if (decodeJson<ContentRecord>(entry.value).place === 'inline') yield entry;
  }
}

function isSettled({ state }: ContentRecord): boolean {
  return state !== 'arriving' && state !== 'deleting';
}
