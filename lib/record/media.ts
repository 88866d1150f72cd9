import { createHash, randomUUID, type Hash } from 'node:crypto';
import { digestOf, isSha256, parseDigest, sha256, type Sha256 } from '../encoding/digest.ts';
import { linkTo, locate, rescue, withoutMark, type ContentLink } from '../oci/link.ts';
import { takeHead, thenRest } from '../oci/take-head.ts';
import { commitUntilHeld } from '../store/commit-until-held.ts';
import { MAX_INLINE_BYTES, type ContentStore, type Kept, type Located } from '../store/content-store.ts';
import { decodeJson, encodeJson } from '../store/json-value.ts';
import type { KeyedStore } from '../store/keyed-store.ts';
import { mediaKey } from '../store/keys.ts';
import type { Plan } from '../store/plan.ts';
import { StoreError } from '../store/store-error.ts';
import type { UploadStore } from '../store/upload-store.ts';
import { mediaTypeOf, TELLING_BYTES } from './media-type.ts';
import { RunError } from './run-error.ts';
import type { StoredMedia } from './wire.ts';

/** The value under the key of media: where its bytes are, and as what they may be shown. */
export interface MediaLink extends ContentLink {
  readonly mediaType: string;
  /** When it was last uploaded, as long as no record has come since that names it. */
  readonly awaited?: number;
}

/** Who uploads media sends the record that names it soon. */
const AWAITED_MS = 60 * 60_000;

/** Whether a record that names this may be on its way. */
export function isAwaited({ awaited }: MediaLink, now: number): boolean {
  return awaited !== undefined && Math.abs(now - awaited) < AWAITED_MS;
}

export interface MediaStores {
  readonly keys: KeyedStore;
  readonly content: ContentStore;
  readonly uploads: UploadStore;
  readonly maxBytes: number;
  readonly now: () => number;
}

/** Bytes that belong to runs. They come before the record that names them, and go when no record names them. */
export class MediaFiles {
  readonly #stores: MediaStores;

  constructor(stores: MediaStores) {
    this.#stores = stores;
  }

  /** Who is told that media is there counts on it: a mark of the collector comes off before the answer. */
  async find(digest: Sha256): Promise<StoredMedia & { readonly located: Located }> {
    const link = await this.#link(digest);
    if (link === undefined) throw new RunError('media-unknown', `there is no media ${digest}`, { digest });
    if (link.condemned !== undefined) {
      await rescue(this.#stores.keys, mediaKey(digest));
      return this.find(digest);
    }
    return { digest, size: link.size, mediaType: link.mediaType, located: locate(digest, link) };
  }

  /** For who says beforehand how much is coming. */
  checkLength(length: number): void {
    const { maxBytes } = this.#stores;
    if (length > maxBytes) throw new RunError('media-too-large', `media has at most ${maxBytes} bytes here`);
  }

  /** Takes bytes that must be those of the digest. Nothing is kept of others. */
  async put(digest: Sha256, source: AsyncIterable<Uint8Array>): Promise<StoredMedia> {
    const id = randomUUID();
    try {
      const head = await takeHead(this.#limited(source), MAX_INLINE_BYTES);
      const mediaType = mediaTypeOf(head.bytes.subarray(0, TELLING_BYTES));
      const keep =
        head.rest === undefined ? this.#small(digest, head.bytes) : await this.#large(digest, id, thenRest(head));
      return await commitUntilHeld(this.#stores.keys, async () => {
        const kept = await keep();
        const key = mediaKey(digest);
        const link: MediaLink = { ...linkTo(digest, kept.located), mediaType, awaited: this.#stores.now() };
        const result = { digest, size: link.size, mediaType };
        const checks = [{ key, value: await this.#stores.keys.get(key) }, ...kept.checks];
        return { commit: { checks, puts: [...kept.puts, { key, value: encodeJson(link) }] }, result };
      });
    } finally {
      await this.#stores.uploads.discard(id);
    }
  }

  /** Adds to a plan that media stays, and returns what is known of it; undefined where it is not there. */
  async planUse(digest: Sha256, plan: Plan): Promise<MediaLink | undefined> {
    const key = mediaKey(digest);
    const value = await this.#stores.keys.get(key);
    plan.check({ key, value });
    if (value === undefined) return undefined;
    const link = decodeJson<MediaLink>(value);
    const { awaited, ...named } = withoutMark(link);
    if (link.condemned !== undefined || awaited !== undefined) plan.put({ key, value: encodeJson(named) });
    return link;
  }

  async #link(digest: Sha256): Promise<MediaLink | undefined> {
    const value = await this.#stores.keys.get(mediaKey(digest));
    return value === undefined ? undefined : decodeJson<MediaLink>(value);
  }

  #small(digest: Sha256, bytes: Uint8Array): () => Promise<Kept> {
    checkDigest(digest, sha256(bytes));
    return () => this.#stores.content.add(digest, bytes);
  }

  /** Stages the bytes, hashed as they come, until they become content. */
  async #large(digest: Sha256, id: string, source: AsyncIterable<Uint8Array>): Promise<() => Promise<Kept>> {
    const { content, uploads } = this.#stores;
    const hash = createHash('sha256');
    const size = await uploads.append(id, 0, hashing(source, hash));
    checkDigest(digest, digestOf('sha256', hash) as Sha256);
    return content.adder(digest, size, async (to) => {
      try {
        if (to === undefined) await uploads.publish(id, digest);
        else await content.write(digest, uploads.read(id), size, undefined, to);
      } catch (cause) {
        if (!(cause instanceof StoreError) || cause.code !== 'missing') throw cause;
        throw new StoreError('busy', 'the bytes of media were collected in mid-commit; send them again', { cause });
      }
    });
  }

  async *#limited(source: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
    let size = 0;
    for await (const piece of source) {
      size += piece.length;
      this.checkLength(size);
      yield piece;
    }
  }
}

/** The digest that names media. */
export function mediaDigest(text: string): Sha256 {
  const digest = parseDigest(text);
  if (digest !== undefined && isSha256(digest)) return digest;
  throw new RunError('media-invalid', 'media is named by sha256: and 64 hex digits');
}

function checkDigest(expected: Sha256, actual: Sha256): void {
  if (actual === expected) return;
  throw new RunError('media-invalid', `what arrived has the digest ${actual}, not ${expected}`, { expected, actual });
}

async function* hashing(source: AsyncIterable<Uint8Array>, hash: Hash): AsyncGenerator<Uint8Array> {
  for await (const piece of source) {
    hash.update(piece);
    yield piece;
  }
}
