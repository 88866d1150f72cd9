import { createHash, randomUUID, type Hash } from 'node:crypto';
import { algorithmOf, digestOf, isSha256, sha256, digestWith, type Digest, type Sha256 } from '../encoding/digest.ts';
import { commitUntilHeld } from '../store/commit-until-held.ts';
import { MAX_INLINE_BYTES, type ContentStore, type Kept } from '../store/content-store.ts';
import { decodeJson, encodeJson } from '../store/json-value.ts';
import type { Entry, KeyedStore } from '../store/keyed-store.ts';
import { uploadKey } from '../store/keys.ts';
import { StoreError } from '../store/store-error.ts';
import type { UploadStore } from '../store/upload-store.ts';
import type { Blobs } from './blobs.ts';
import { OciError } from './oci-error.ts';
import { takeHead, thenRest } from './spool.ts';

/** What is kept of an upload while it is open. How much has arrived is the staged size. */
export interface UploadSession {
  readonly family: string;
  readonly started: number;
}

/** Where a chunk says that it stands: its first byte and how many it has. */
export interface ChunkPlace {
  readonly start: number;
  readonly length: number;
}

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;

/** So many hashes of open uploads are kept; the others are computed again from what is staged. */
const MAX_HASHES = 256;

interface RunningHash {
  readonly hash: Hash;
  bytes: number;
}

/**
 * Blobs on their way in. A session and what is staged under it survive a restart; what this process keeps of an upload
 * besides (a running hash, that a request is writing) only saves time.
 */
export class Uploads {
  readonly #keys: KeyedStore;
  readonly #staged: UploadStore;
  readonly #content: ContentStore;
  readonly #blobs: Blobs;
  readonly #now: () => number;
  readonly #maxBytes: number;
  readonly #busy = new Set<string>();
  readonly #hashes = new Map<string, RunningHash>();

  constructor(
    keys: KeyedStore,
    staged: UploadStore,
    content: ContentStore,
    blobs: Blobs,
    { now, maxBytes }: { now: () => number; maxBytes: number },
  ) {
    this.#keys = keys;
    this.#staged = staged;
    this.#content = content;
    this.#blobs = blobs;
    this.#now = now;
    this.#maxBytes = maxBytes;
  }

  async start(family: string): Promise<string> {
    const id = randomUUID();
    const session: UploadSession = { family, started: this.#now() };
    await this.#keys.commit({ puts: [{ key: uploadKey(id), value: encodeJson(session) }] });
    return id;
  }

  /** How many bytes have arrived. */
  async size(family: string, id: string): Promise<number> {
    await this.#session(family, id);
    return this.#staged.size(id);
  }

  /** Adds a chunk, or with no place whatever comes, and returns how many bytes have arrived. */
  async append(
    family: string,
    id: string,
    place: ChunkPlace | undefined,
    source: AsyncIterable<Uint8Array>,
  ): Promise<number> {
    await this.#session(family, id);
    return this.#alone(id, async () => {
      const size = await this.#staged.size(id);
      checkPlace(place, size);
      return this.#stage(id, size, source);
    });
  }

  /** Adds the last chunk, if any, checks the whole against its digest and makes it a blob of the family. */
  async finish(
    family: string,
    id: string,
    digest: Digest,
    place: ChunkPlace | undefined,
    source: AsyncIterable<Uint8Array>,
  ): Promise<void> {
    const session = await this.#session(family, id);
    await this.#alone(id, async () => {
      const size = await this.#staged.size(id);
      checkPlace(place, size);
      await this.#complete(family, id, digest, size, source, session);
    });
  }

  /** A blob in one request, without a session. */
  async receive(family: string, digest: Digest, source: AsyncIterable<Uint8Array>): Promise<void> {
    const id = randomUUID();
    await this.#alone(id, async () => {
      try {
        await this.#complete(family, id, digest, 0, source, undefined);
      } catch (error) {
        await this.#staged.discard(id);
        throw error;
      }
    });
  }

  /** Whether a request of this process is writing to the upload, so that it has not been abandoned. */
  isBusy(id: string): boolean {
    return this.#busy.has(id);
  }

  async cancel(family: string, id: string): Promise<void> {
    const session = await this.#session(family, id);
    await this.#alone(id, () => this.#drop(id, session));
  }

  async #complete(
    family: string,
    id: string,
    digest: Digest,
    staged: number,
    source: AsyncIterable<Uint8Array>,
    session: Entry | undefined,
  ): Promise<void> {
    const { keep, actual } = await this.#arrive(id, digest, staged, source);
    if (actual !== digest) {
      if (session !== undefined) await this.#drop(id, session);
      throw new OciError('digest-mismatch', `what arrived has the digest ${actual}, not ${digest}`, {
        expected: digest,
        actual,
      });
    }
    await commitUntilHeld(this.#keys, async () => {
      const plan = await this.#blobs.link(family, digest, await keep());
      if (session !== undefined) {
        const value = await this.#keys.get(session.key);
        if (value === undefined) throw unknownUpload(id);
        plan.check(session).delete(session.key);
      }
      return plan.changesNothing ? { result: undefined } : { commit: plan.commit, result: undefined };
    });
    this.#hashes.delete(id);
    await this.#staged.discard(id);
  }

  /** Small uploads never see a file; larger ones are staged and hashed as they come. */
  async #arrive(
    id: string,
    digest: Digest,
    staged: number,
    source: AsyncIterable<Uint8Array>,
  ): Promise<{ actual: Digest; keep: () => Promise<Kept> }> {
    const head = await takeHead(source, staged === 0 ? MAX_INLINE_BYTES : 0);
    if (staged === 0 && head.rest === undefined) return this.#fromBytes(digest, head.bytes);
    const size = await this.#stage(id, staged, thenRest(head));
    if (size <= MAX_INLINE_BYTES) return this.#fromBytes(digest, await this.#stagedBytes(id));
    const content = await this.#sha256(id, size);
    const keep = this.#content.adder(content, size, () => this.#publish(id, content));
    return { actual: isSha256(digest) ? content : await this.#otherDigest(id, digest), keep };
  }

  #fromBytes(digest: Digest, bytes: Uint8Array): { actual: Digest; keep: () => Promise<Kept> } {
    const content = sha256(bytes);
    const actual = isSha256(digest) ? content : digestWith(algorithmOf(digest), bytes);
    return { actual, keep: () => this.#content.add(content, bytes) };
  }

  /** Bytes that are gone were taken by the collector of another process, which holds that the upload was abandoned. */
  async #publish(id: string, content: Sha256): Promise<void> {
    try {
      await this.#staged.publish(id, content);
    } catch (error) {
      throw error instanceof StoreError && error.code === 'missing' ? unknownUpload(id) : error;
    }
  }

  async #stagedBytes(id: string): Promise<Buffer> {
    const pieces: Uint8Array[] = [];
    for await (const piece of this.#staged.read(id)) pieces.push(piece);
    return Buffer.concat(pieces);
  }

  async #stage(id: string, at: number, source: AsyncIterable<Uint8Array>): Promise<number> {
    const running = at === 0 ? { hash: createHash('sha256'), bytes: 0 } : this.#hashes.get(id);
    this.#hashes.delete(id);
    const size = await this.#staged.append(id, at, hashed(limited(source, this.#maxBytes - at), running));
    if (running?.bytes === size) this.#remember(id, running);
    return size;
  }

  #remember(id: string, running: RunningHash): void {
    this.#hashes.set(id, running);
    const oldest = this.#hashes.keys().next().value;
    if (this.#hashes.size > MAX_HASHES && oldest !== undefined) this.#hashes.delete(oldest);
  }

  async #sha256(id: string, size: number): Promise<Sha256> {
    const running = this.#hashes.get(id);
    if (running?.bytes === size) return `sha256:${running.hash.copy().digest('hex')}`;
    return (await this.#hashStaged(id, 'sha256')) as Sha256;
  }

  async #otherDigest(id: string, digest: Digest): Promise<Digest> {
    return this.#hashStaged(id, algorithmOf(digest));
  }

  async #hashStaged(id: string, algorithm: 'sha256' | 'sha512'): Promise<Digest> {
    const hash = createHash(algorithm);
    for await (const piece of this.#staged.read(id)) hash.update(piece);
    return digestOf(algorithm, hash);
  }

  async #session(family: string, id: string): Promise<Entry> {
    const key = uploadKey(id);
    const value = UUID.test(id) ? await this.#keys.get(key) : undefined;
    if (value === undefined || decodeJson<UploadSession>(value).family !== family) throw unknownUpload(id);
    return { key, value };
  }

  async #drop(id: string, session: Entry): Promise<void> {
    this.#hashes.delete(id);
    const held = await this.#keys.commit({ checks: [session], deletes: [session.key] });
    await this.#staged.discard(id);
    if (!held) throw unknownUpload(id);
  }

  /** One request at a time may write to an upload. */
  async #alone<T>(id: string, work: () => Promise<T>): Promise<T> {
    if (this.#busy.has(id)) throw new OciError('upload-busy', 'another request is writing to this upload', { id });
    this.#busy.add(id);
    try {
      return await work();
    } finally {
      this.#busy.delete(id);
    }
  }
}

async function* hashed(
  source: AsyncIterable<Uint8Array>,
  running: RunningHash | undefined,
): AsyncGenerator<Uint8Array> {
  for await (const bytes of source) {
    if (running !== undefined) {
      running.hash.update(bytes);
      running.bytes += bytes.length;
    }
    yield bytes;
  }
}

async function* limited(source: AsyncIterable<Uint8Array>, limit: number): AsyncGenerator<Uint8Array> {
  let left = limit;
  for await (const bytes of source) {
    left -= bytes.length;
    if (left < 0) throw new OciError('upload-too-large', 'the blob is larger than this server takes');
    yield bytes;
  }
}

function checkPlace(place: ChunkPlace | undefined, size: number): void {
  if (place === undefined || place.start === size) return;
  throw new OciError('upload-out-of-order', `the next chunk begins at ${size}, not at ${place.start}`, {
    expected: size,
    actual: place.start,
  });
}

function unknownUpload(id: string): OciError {
  return new OciError('upload-unknown', 'there is no such upload: it ended, was cancelled or has expired', {
    id: id.slice(0, 100),
  });
}
