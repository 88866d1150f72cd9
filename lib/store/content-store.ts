import { createHash, randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { digestOf, type Sha256 } from '../encoding/digest.ts';
import { ByteCache } from './byte-cache.ts';
import type { BlobStore, ByteRange } from './blob-store.ts';
import { decodeJson, encodeJson } from './json-value.ts';
import type { Check, Entry, KeyedStore } from './keyed-store.ts';
import { contentKey, inlineKey } from './keys.ts';
import { StoreError } from './store-error.ts';

/** Up to here content lives among the keys; larger values would starve small commits. */
export const MAX_INLINE_BYTES = 64 * 1024;

/** Where content is and how large: what everything that names content carries with it, so that a read need not ask. */
export interface Located {
  readonly content: Sha256;
  readonly size: number;
  readonly place: 'inline' | 'blob';
}

/**
 * What is known of content. Without a state it is there and wanted.
 * - `arriving`: its blob is being written; whoever finds it so writes it as well
 * - `condemned`: nothing named it when the collector looked; whoever needs it takes the mark off again
 * - `deleting`: its bytes may be gone at any moment; whoever needs it waits until the record is gone
 */
export interface ContentRecord {
  readonly size: number;
  readonly place: 'inline' | 'blob';
  readonly state?: 'arriving' | 'condemned' | 'deleting';
  readonly since?: number;
}

/** Content that may be named: the namer's commit must hold these checks and make these puts. */
export interface Kept {
  readonly located: Located;
  readonly checks: readonly Check[];
  readonly puts: readonly Entry[];
}

/** What is asked for again and again is read once: half of a small read's time goes into the store. */
const CACHE_BYTES = 32 * 1024 * 1024;

const DELETING_POLL_MS = 25;
const DELETING_POLLS = 400;

/** Twice as long as a collector's lease lasts: one that has not gone on by then is no more. */
const DELETER_DIED_MS = 120_000;

/**
 * All content by digest, over the two ports. Content is shared by everything that names it and is never changed; the
 * collector takes it away in steps that each fail when somebody began to need it (docs/decisions/collection.md).
 */
export class ContentStore {
  readonly #keys: KeyedStore;
  readonly #blobs: BlobStore;
  readonly #now: () => number;
  readonly #cache = new ByteCache(CACHE_BYTES);

  constructor(keys: KeyedStore, blobs: BlobStore, now: () => number) {
    this.#keys = keys;
    this.#blobs = blobs;
    this.#now = now;
  }

  /** The bytes of inline content at once, perhaps from memory. */
  async inlineBytes(content: Sha256): Promise<Uint8Array> {
    const cached = this.#cache.get(content);
    if (cached !== undefined) return cached;
    const bytes = await this.#storedInline(content);
    this.#cache.set(content, bytes);
    return bytes;
  }

  /** The bytes as they are stored. */
  async *read({ content, place }: Located, range?: ByteRange): AsyncGenerator<Uint8Array> {
    if (place === 'blob') {
      yield* this.#blobs.read(content, range);
      return;
    }
    const bytes = await this.#storedInline(content);
    yield range === undefined ? bytes : bytes.subarray(range.start, range.end);
  }

  async readAll(located: Located): Promise<Uint8Array> {
    if (located.place === 'inline') return this.inlineBytes(located.content);
    const pieces: Uint8Array[] = [];
    for await (const piece of this.read(located)) pieces.push(piece);
    return Buffer.concat(pieces);
  }

  /** Content that is there already, or undefined. */
  async keep(content: Sha256): Promise<Kept | undefined> {
    const { record, value } = await this.#settled(content);
    if (record === undefined || value === undefined || record.state === 'arriving') return undefined;
    return kept(content, record, { key: contentKey(content), value });
  }

  /** Content from bytes at hand, whose digest the caller has computed. */
  async add(content: Sha256, bytes: Uint8Array): Promise<Kept> {
    if (bytes.length > MAX_INLINE_BYTES) {
      return this.adder(content, bytes.length, () => this.#blobs.write(content, once(bytes)))();
    }
    const present = await this.keep(content);
    if (present !== undefined) return this.#repaired(present, bytes);
    const record: ContentRecord = { size: bytes.length, place: 'inline' };
    return {
      located: { content, size: bytes.length, place: 'inline' },
      checks: [{ key: contentKey(content), value: undefined }],
      puts: [
        { key: contentKey(content), value: encodeJson(record) },
        { key: inlineKey(content), value: bytes },
      ],
    };
  }

  /**
   * Content whose bytes `write` makes durable under the digest in the BlobStore. The answer is to be called for each
   * try of the namer's commit; it writes once. That the bytes are on their way is noted before they come, so that the
   * collector cannot take them for a leftover.
   */
  adder(content: Sha256, size: number, write: () => Promise<void>): () => Promise<Kept> {
    const key = contentKey(content);
    let writtenUnder: Uint8Array | undefined;
    return async () => {
      for (;;) {
        const { record, value } = await this.#settled(content);
        if (record !== undefined && value !== undefined && record.state !== 'arriving') {
          // Bytes that were lost come back with who has them.
          if (record.place === 'blob' && !(await this.holdsBlob(content, size))) await write();
          return kept(content, record, { key, value });
        }
        const note = value ?? this.#arrivalNote(size);
        if (value === undefined) {
          // Whatever was written under an earlier note went with it.
          writtenUnder = undefined;
          if (!(await this.#keys.commit({ checks: [{ key, value }], puts: [{ key, value: note }] }))) continue;
        }
        if (writtenUnder === undefined || Buffer.compare(writtenUnder, note) !== 0) await write();
        writtenUnder = note;
        return kept(content, { size, place: 'blob', state: 'arriving' }, { key, value: note });
      }
    };
  }

  /** Whether the BlobStore has bytes of that size under the digest. */
  async holdsBlob(content: Sha256, size: number): Promise<boolean> {
    return (await this.#blobs.stat(content))?.size === size;
  }

  /** Writes a blob from bytes that may be changing; rejects with code `busy` where they are not of the digest. */
  writeChecked(content: Sha256, source: AsyncIterable<Uint8Array>): Promise<void> {
    return this.#blobs.write(content, checked(content, source));
  }

  /** No two notes are alike, so that who wrote under one can tell it from any other. */
  #arrivalNote(size: number): Buffer {
    const record: ContentRecord = { size, place: 'blob', state: 'arriving', since: this.#now() };
    return encodeJson({ ...record, note: randomUUID() });
  }

  /** Inline bytes that were lost come back with who has them. */
  async #repaired(present: Kept, bytes: Uint8Array): Promise<Kept> {
    const key = inlineKey(present.located.content);
    if (present.located.place !== 'inline' || (await this.#keys.get(key)) !== undefined) return present;
    return { ...present, puts: [...present.puts, { key, value: bytes }] };
  }

  /** A collector that died between its steps left the last ones to whoever comes. */
  async #finishDeleting(content: Sha256, value: Uint8Array): Promise<void> {
    const key = contentKey(content);
    await this.#blobs.delete(content);
    await this.#keys.commit({ checks: [{ key, value }], deletes: [key] });
  }

  async #storedInline(content: Sha256): Promise<Uint8Array> {
    const bytes = await this.#keys.get(inlineKey(content));
    if (bytes === undefined) throw new StoreError('missing', `no bytes are stored for ${content}`);
    return bytes;
  }

  /** The record, once nobody is deleting the content. */
  async #settled(content: Sha256): Promise<{ record?: ContentRecord; value: Uint8Array | undefined }> {
    for (let polls = 0; polls < DELETING_POLLS; polls += 1) {
      const value = await this.#keys.get(contentKey(content));
      if (value === undefined) return { value };
      const record = decodeJson<ContentRecord>(value);
      if (record.state !== 'deleting') return { record, value };
      if (this.#now() - (record.since ?? 0) > DELETER_DIED_MS) await this.#finishDeleting(content, value);
      else await sleep(DELETING_POLL_MS);
    }
    throw new StoreError('busy', `${content} is being collected; try again`);
  }
}

async function* checked(content: Sha256, source: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  const hash = createHash('sha256');
  for await (const piece of source) {
    hash.update(piece);
    yield piece;
  }
  if (digestOf('sha256', hash) !== content) throw new StoreError('busy', 'the bytes changed while they were kept');
}

/** A plan that holds while the record is as it was read, and leaves it without any mark. */
function kept(content: Sha256, record: ContentRecord, read: Entry): Kept {
  const { size, place, state } = record;
  const clean: ContentRecord = { size, place };
  return {
    located: { content, size, place },
    checks: [read],
    puts: state === undefined ? [] : [{ key: read.key, value: encodeJson(clean) }],
  };
}

async function* once(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield bytes;
}
