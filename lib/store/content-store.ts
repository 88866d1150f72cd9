import { createHash, randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { digestOf, type Sha256 } from '../encoding/digest.ts';
import { deflateSync } from 'node:zlib';
import { ByteCache } from './byte-cache.ts';
import type { BlobStore, ByteRange } from './blob-store.ts';
import { locatedBy, unmarked, type ContentRecord, type Encoding, type Located } from './content-record.ts';
import { decodeJson, encodeJson } from './json-value.ts';
import type { Check, Entry, KeyedStore } from './keyed-store.ts';
import { contentKey, inlineKey, oidKey } from './keys.ts';
import type { Plan } from './plan.ts';
import { StoreError } from './store-error.ts';
import { cut, deflated, INFLATE_AT_ONCE, inflated, inflateSmall } from './zlib-content.ts';

export type { ContentRecord, Located } from './content-record.ts';

/** Up to here content lives among the keys; larger values would starve small commits. */
export const MAX_INLINE_BYTES = 64 * 1024;

/** Content that may be named: the namer's commit must hold these checks and make these puts. */
export interface Kept {
  readonly located: Located;
  readonly checks: readonly Check[];
  readonly puts: readonly Entry[];
}

/** What may be said of content that is added. */
export interface Added {
  /** A Git object id of these bytes, for whoever puts its key in the same commit. */
  readonly oid?: string;
  readonly encoding?: 'zlib';
  /** Of the bare bytes, where the bytes at hand are a zlib stream. */
  readonly size?: number;
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

  /** Whether the content comes at once by `inlineBytes`. */
  isSmall({ place, size }: Located): boolean {
    return place === 'inline' && size <= INFLATE_AT_ONCE;
  }

  /** The bytes of inline content at once, perhaps from memory. Where they are stored is to be told if not raw. */
  async inlineBytes(content: Sha256, located?: Located): Promise<Uint8Array> {
    const cached = this.#cache.get(content);
    if (cached !== undefined) return cached;
    const stored = await this.#storedInline(content);
    const bytes = located?.encoding === 'zlib' ? inflateSmall(stored, located.size) : stored;
    this.#cache.set(content, bytes);
    return bytes;
  }

  /** The bare bytes. */
  async *read(located: Located, range?: ByteRange): AsyncGenerator<Uint8Array> {
    const { content, place, encoding, size } = located;
    if (encoding === 'zlib') {
      const bytes = inflated(this.#pieces(located), size);
      yield* range === undefined ? bytes : cut(bytes, range);
      return;
    }
    if (place === 'blob') {
      yield* this.#blobs.read(content, range);
      return;
    }
    const bytes = await this.#storedInline(content);
    yield range === undefined ? bytes : bytes.subarray(range.start, range.end);
  }

  /** The bytes as they are stored, in the encoding that `located` names. */
  async readStored({ content, place }: Located): Promise<Uint8Array | AsyncIterable<Uint8Array>> {
    return place === 'inline' ? this.#storedInline(content) : this.#blobs.read(content);
  }

  async readAll(located: Located): Promise<Uint8Array> {
    if (this.isSmall(located)) return this.inlineBytes(located.content, located);
    const pieces: Uint8Array[] = [];
    for await (const piece of this.read(located)) pieces.push(piece);
    return Buffer.concat(pieces);
  }

  /** Content that is there already, or undefined. */
  async keep(content: Sha256, oid?: string): Promise<Kept | undefined> {
    const { record, value } = await this.#settled(content);
    if (record === undefined || value === undefined || record.state === 'arriving') return undefined;
    return kept(content, record, { key: contentKey(content), value }, oid);
  }

  /** Content from bytes at hand, raw or deflated, whose digest the caller has computed. It stays as it is stored already. */
  async add(content: Sha256, bytes: Uint8Array, added: Added = {}): Promise<Kept> {
    const { encoding, size = bytes.length, oid } = added;
    const { record, value } = await this.#settled(content);
    if (bytes.length > MAX_INLINE_BYTES || record?.state === 'arriving' || record?.place === 'blob') {
      const write = (wanted: Encoding): Promise<void> => this.write(content, once(bytes), size, encoding, wanted);
      return this.adder(content, size, write, added)();
    }
    if (record !== undefined && value !== undefined) {
      return this.#repaired(kept(content, record, { key: contentKey(content), value }, oid), bytes, encoding);
    }
    const fresh = unmarked({ size, place: 'inline', ...(encoding === undefined ? {} : { encoding }) }, oid);
    return {
      located: locatedBy(content, fresh),
      checks: [{ key: contentKey(content), value: undefined }],
      puts: [
        { key: contentKey(content), value: encodeJson(fresh) },
        { key: inlineKey(content), value: bytes },
      ],
    };
  }

  /**
   * Adds to a plan that content is kept. What the plan holds of it already stays: a Git object of the same bytes may
   * come in the same commit, in another encoding and with its id.
   */
  async plan(content: Sha256, bytes: Uint8Array, plan: Plan): Promise<Located> {
    const planned = plan.valueOf(contentKey(content));
    if (planned !== undefined) return locatedBy(content, decodeJson<ContentRecord>(planned));
    const { located, checks, puts } = await this.add(content, bytes);
    plan.check(...checks).put(...puts);
    return located;
  }

  /**
   * Content whose bytes `write` makes durable under the digest in the BlobStore, in the encoding that it is asked for:
   * somebody else may be writing the same content. The answer is to be called for each try of the namer's commit; it
   * writes once. That the bytes are on their way is noted before they come, so that the collector cannot take them for
   * a leftover.
   */
  adder(
    content: Sha256,
    size: number,
    write: (encoding: Encoding) => Promise<void>,
    { encoding, oid }: Added = {},
  ): () => Promise<Kept> {
    const key = contentKey(content);
    const fresh: ContentRecord = { size, place: 'blob', ...(encoding === undefined ? {} : { encoding }) };
    let writtenUnder: Uint8Array | undefined;
    return async () => {
      for (;;) {
        const { record = { ...fresh, state: 'arriving' }, value } = await this.#settled(content);
        if (value !== undefined && record.state !== 'arriving') {
          // Bytes that were lost come back with who has them.
          if (record.place === 'blob' && !(await this.#holds(content, record))) await write(record.encoding);
          return kept(content, record, { key, value }, oid);
        }
        const note = value ?? this.#arrivalNote(fresh);
        if (value === undefined) {
          // Whatever was written under an earlier note went with it.
          writtenUnder = undefined;
          if (!(await this.#keys.commit({ checks: [{ key, value }], puts: [{ key, value: note }] }))) continue;
        }
        if (writtenUnder === undefined || Buffer.compare(writtenUnder, note) !== 0) await write(record.encoding);
        writtenUnder = note;
        return kept(content, record, { key, value: note }, oid);
      }
    };
  }

  /** Whether the BlobStore has bytes of that size under the digest. */
  async holdsBlob(content: Sha256, size: number): Promise<boolean> {
    return (await this.#blobs.stat(content))?.size === size;
  }

  /** Writes a blob from bare bytes that may be changing; rejects with code `busy` where they are not of the digest. */
  writeChecked(content: Sha256, source: AsyncIterable<Uint8Array>, size: number, to: Encoding): Promise<void> {
    return this.write(content, checked(content, source), size, undefined, to);
  }

  /** How long a zlib stream is cannot be known. */
  async #holds(content: Sha256, { size, encoding }: ContentRecord): Promise<boolean> {
    const stored = await this.#blobs.stat(content);
    return stored !== undefined && (encoding === 'zlib' || stored.size === size);
  }

  /** No two notes are alike, so that who wrote under one can tell it from any other. */
  #arrivalNote(fresh: ContentRecord): Buffer {
    const record: ContentRecord = { ...fresh, state: 'arriving', since: this.#now() };
    return encodeJson({ ...record, note: randomUUID() });
  }

  /** Inline bytes that were lost come back with who has them. */
  async #repaired(present: Kept, bytes: Uint8Array, encoding: Encoding): Promise<Kept> {
    const { content, place, size, encoding: wanted } = present.located;
    const key = inlineKey(content);
    if (place !== 'inline' || (await this.#keys.get(key)) !== undefined) return present;
    const bare = encoding === 'zlib' ? inflateSmall(bytes, size) : bytes;
    return { ...present, puts: [...present.puts, { key, value: wanted === 'zlib' ? deflateSync(bare) : bare }] };
  }

  /** A collector that died between its steps left the last ones to whoever comes. */
  async #finishDeleting(content: Sha256, value: Uint8Array): Promise<void> {
    const key = contentKey(content);
    await this.#blobs.delete(content);
    const { oids = [] } = decodeJson<ContentRecord>(value);
    const deletes = [key, ...oids.map((oid) => oidKey(oid))];
    await this.#keys.commit({ checks: [{ key, value }], deletes });
  }

  /** Writes content of `size` bare bytes to the BlobStore, from a source in one encoding into another. */
  async write(
    content: Sha256,
    source: AsyncIterable<Uint8Array>,
    size: number,
    from: Encoding,
    to: Encoding,
  ): Promise<void> {
    const bytes = from === to ? source : to === 'zlib' ? deflated(exactly(source, size)) : inflated(source, size);
    await this.#blobs.write(content, bytes);
  }

  #pieces(located: Located): AsyncIterable<Uint8Array> {
    return located.place === 'blob' ? this.#blobs.read(located.content) : this.#inlinePieces(located.content);
  }

  async *#inlinePieces(content: Sha256): AsyncGenerator<Uint8Array> {
    yield await this.#storedInline(content);
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
function kept(content: Sha256, record: ContentRecord, read: Entry, oid: string | undefined): Kept {
  const changes = record.state !== undefined || (oid !== undefined && record.oids?.includes(oid) !== true);
  return {
    located: locatedBy(content, record),
    checks: [read],
    puts: changes ? [{ key: read.key, value: encodeJson(unmarked(record, oid)) }] : [],
  };
}

async function* once(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield bytes;
}

/** Staged bytes that are gone give none: what is stored must be all of them. */
async function* exactly(source: AsyncIterable<Uint8Array>, size: number): AsyncGenerator<Uint8Array> {
  let left = size;
  for await (const piece of source) {
    left -= piece.length;
    yield piece;
  }
  if (left !== 0) throw new StoreError('missing', 'the bytes that were to be kept are not there');
}
