import { createHash, randomUUID } from 'node:crypto';
import {
  algorithmOf,
  digestOf,
  digestWith,
  isSha256,
  sha256,
  type Algorithm,
  type Digest,
  type Sha256,
} from '../encoding/digest.ts';
import { commitUntilHeld } from '../store/commit-until-held.ts';
import type { Encoding } from '../store/content-record.ts';
import { MAX_INLINE_BYTES, type ContentStore, type Kept } from '../store/content-store.ts';
import type { KeyedStore } from '../store/keyed-store.ts';
import { StoreError } from '../store/store-error.ts';
import type { UploadStore } from '../store/upload-store.ts';
import type { Blobs } from './blobs.ts';
import { limited, ofLength, within } from './measured-source.ts';
import { OciError } from './oci-error.ts';
import type { Quotas } from './quotas.ts';
import { hashed, RunningHashes } from './running-hashes.ts';
import { takeHead, thenRest } from './take-head.ts';
import { unknownUpload, UploadSessions, type OpenSession } from './upload-sessions.ts';

/** Where a chunk says that it stands: its first byte and how many it has. */
export interface ChunkPlace {
  readonly start: number;
  readonly length: number;
}

/** An upload whose bytes are all here: their digest, and how they are kept. */
interface Arrived {
  readonly actual: Digest;
  readonly keep: () => Promise<Kept>;
  readonly session: OpenSession | undefined;
  /** Nothing of it was ever staged. */
  readonly unstaged?: true;
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
  readonly #sessions: UploadSessions;
  readonly #now: () => number;
  readonly #maxBytes: number;
  readonly #quotas: Quotas;
  readonly #busy = new Set<string>();
  readonly #hashes = new RunningHashes();

  constructor(
    keys: KeyedStore,
    staged: UploadStore,
    content: ContentStore,
    blobs: Blobs,
    { now, maxBytes, quotas }: { now: () => number; maxBytes: number; quotas: Quotas },
  ) {
    this.#keys = keys;
    this.#staged = staged;
    this.#content = content;
    this.#blobs = blobs;
    this.#sessions = new UploadSessions(keys);
    this.#now = now;
    this.#maxBytes = maxBytes;
    this.#quotas = quotas;
  }

  start(family: string): Promise<string> {
    return this.#sessions.open(family, this.#now());
  }

  /** How many bytes have arrived. */
  async size(family: string, id: string): Promise<number> {
    return this.#sizeOf(await this.#sessions.find(family, id), id);
  }

  /** Adds a chunk, or with no place whatever comes, and returns how many bytes have arrived. */
  async append(
    family: string,
    id: string,
    place: ChunkPlace | undefined,
    source: AsyncIterable<Uint8Array>,
  ): Promise<number> {
    const found = await this.#sessions.find(family, id);
    return this.#alone(id, async () => {
      const at = await this.#sizeOf(found, id);
      checkPlace(place, at);
      if (found.session.arrived !== undefined) {
        throw new OciError('upload-out-of-order', 'all of this upload has arrived; close it', { expected: at });
      }
      const mine = await this.#sessions.claim(found, id);
      const size = await this.#stage(family, id, at, inPlace(source, place));
      await this.#sessions.checkStillMine(mine, id);
      return size;
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
    const session = await this.#sessions.find(family, id);
    await this.#alone(id, async () => {
      const size = await this.#sizeOf(session, id);
      checkPlace(place, size);
      await this.#complete(family, id, digest, size, inPlace(source, place), session);
    });
  }

  /** A blob in one request, without a session. */
  async receive(family: string, digest: Digest, source: AsyncIterable<Uint8Array>): Promise<void> {
    const id = randomUUID();
    await this.#alone(id, async () => {
      try {
        await this.#complete(family, id, digest, 0, source, undefined);
      } catch (error) {
        this.#hashes.forget(id);
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
    const session = await this.#sessions.find(family, id);
    await this.#alone(id, () => this.#drop(id, session));
  }

  async #complete(
    family: string,
    id: string,
    digest: Digest,
    staged: number,
    source: AsyncIterable<Uint8Array>,
    found: OpenSession | undefined,
  ): Promise<void> {
    const { keep, actual, session, unstaged } = await this.#arrive(family, id, digest, staged, source, found);
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
        await this.#sessions.checkStillMine(session, id);
        plan.check(session).delete(session.key);
      }
      return plan.changesNothing ? { result: undefined } : { commit: plan.commit, result: undefined };
    });
    this.#hashes.forget(id);
    if (unstaged !== true) await this.#staged.discard(id);
  }

  /** Small uploads never see a file; larger ones are staged and hashed as they come. */
  async #arrive(
    family: string,
    id: string,
    digest: Digest,
    staged: number,
    source: AsyncIterable<Uint8Array>,
    session: OpenSession | undefined,
  ): Promise<Arrived> {
    const arrived = session?.session.arrived;
    if (session !== undefined && arrived !== undefined) return this.#goOn(id, digest, arrived, source, session);
    const head = await takeHead(limited(source, this.#maxBytes - staged), staged === 0 ? MAX_INLINE_BYTES : 0);
    if (staged === 0 && head.rest === undefined) {
      const unstaged = session?.session.writer === undefined ? { unstaged: true as const } : {};
      return { ...this.#fromBytes(digest, head.bytes), session, ...unstaged };
    }
    const mine = session === undefined ? undefined : await this.#sessions.claim(session, id);
    const size = await this.#stage(family, id, staged, thenRest(head));
    if (size <= MAX_INLINE_BYTES) return { ...this.#fromBytes(digest, await this.#stagedBytes(id)), session: mine };
    const content = this.#hashOf(id, size, mine) ?? ((await this.#hashStaged(id, 'sha256')) as Sha256);
    const actual = isSha256(digest) ? content : await this.#hashStaged(id, algorithmOf(digest));
    if (actual !== digest || mine === undefined) {
      return {
        actual,
        keep: this.#content.adder(content, size, (to) => this.#publish(id, content, size, to)),
        session: mine,
      };
    }
    if (mine.session.shared === true) {
      // Another process may still be writing to the staged file, so that its bytes are copied and checked once more.
      const copy = (to: Encoding): Promise<void> =>
        this.#content.writeChecked(content, this.#staged.read(id), size, to);
      return { actual, keep: this.#content.adder(content, size, copy), session: mine };
    }
    // Once the staged file has become the blob, only this note leads from the session to its bytes.
    const noted = await this.#sessions.noteArrival(mine, id, content, size);
    return {
      actual,
      keep: this.#content.adder(content, size, (to) => this.#publish(id, content, size, to)),
      session: noted,
    };
  }

  /** An earlier closing request got as far as making the blob, and no further. */
  async #goOn(
    id: string,
    digest: Digest,
    { content, size }: { readonly content: Sha256; readonly size: number },
    source: AsyncIterable<Uint8Array>,
    session: OpenSession,
  ): Promise<Arrived> {
    const { bytes } = await takeHead(source, 0);
    if (bytes.length > 0) throw new OciError('upload-out-of-order', 'all of this upload has arrived; close it');
    const isStaged = (await this.#staged.size(id)) > 0;
    if (!isStaged && !(await this.#content.holdsBlob(content, size))) throw unknownUpload(id);
    const keep = this.#content.adder(content, size, (to) => this.#publishAgain(id, content, size, to));
    if (isSha256(digest)) return { actual: content, keep, session };
    const pieces = isStaged ? this.#staged.read(id) : this.#content.read({ content, size, place: 'blob' });
    return { actual: await hashAll(pieces, algorithmOf(digest)), keep, session };
  }

  #fromBytes(digest: Digest, bytes: Uint8Array): { actual: Digest; keep: () => Promise<Kept> } {
    const content = sha256(bytes);
    const actual = isSha256(digest) ? content : digestWith(algorithmOf(digest), bytes);
    return { actual, keep: () => this.#content.add(content, bytes) };
  }

  /** Bytes that are gone were collected between two tries; only the client has them still. */
  async #publish(id: string, content: Sha256, size: number, to: Encoding): Promise<void> {
    try {
      if (to === undefined) await this.#staged.publish(id, content);
      else await this.#content.write(content, this.#staged.read(id), size, undefined, to);
    } catch (cause) {
      if (!(cause instanceof StoreError) || cause.code !== 'missing') throw cause;
      throw new StoreError('busy', 'the bytes of an upload were collected in mid-commit; push again', { cause });
    }
  }

  async #publishAgain(id: string, content: Sha256, size: number, to: Encoding): Promise<void> {
    if ((await this.#staged.size(id)) === 0 && (await this.#content.holdsBlob(content, size))) return;
    await this.#publish(id, content, size, to);
  }

  async #stagedBytes(id: string): Promise<Buffer> {
    const pieces: Uint8Array[] = [];
    for await (const piece of this.#staged.read(id)) pieces.push(piece);
    return Buffer.concat(pieces);
  }

  /** What a quota has no room for is not even taken. */
  async #stage(family: string, id: string, at: number, source: AsyncIterable<Uint8Array>): Promise<number> {
    const room = await this.#quotas.room(family);
    const running = this.#hashes.take(id, at);
    const wanted = within(limited(source, this.#maxBytes - at), room === undefined ? undefined : room - at);
    const size = await this.#staged.append(id, at, hashed(wanted, running));
    if (running?.bytes === size) this.#hashes.keep(id, running);
    return size;
  }

  /** What was hashed as it came, unless the file may hold something else by now. */
  #hashOf(id: string, size: number, session: OpenSession | undefined): Sha256 | undefined {
    return session?.session.shared === true ? undefined : this.#hashes.digest(id, size);
  }

  #hashStaged(id: string, algorithm: Algorithm): Promise<Digest> {
    return hashAll(this.#staged.read(id), algorithm);
  }

  async #sizeOf({ session }: OpenSession, id: string): Promise<number> {
    if (session.arrived !== undefined) return session.arrived.size;
    // Who stages bytes has claimed the session before, so that where nobody has, nothing need be looked for.
    return session.writer === undefined ? 0 : this.#staged.size(id);
  }

  async #drop(id: string, session: OpenSession): Promise<void> {
    this.#hashes.forget(id);
    const held = await this.#sessions.end(session);
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

async function hashAll(pieces: AsyncIterable<Uint8Array>, algorithm: Algorithm): Promise<Digest> {
  const hash = createHash(algorithm);
  for await (const piece of pieces) hash.update(piece);
  return digestOf(algorithm, hash);
}

function inPlace(source: AsyncIterable<Uint8Array>, place: ChunkPlace | undefined): AsyncIterable<Uint8Array> {
  return place === undefined ? source : ofLength(source, place.length);
}

function checkPlace(place: ChunkPlace | undefined, size: number): void {
  if (place === undefined || place.start === size) return;
  throw new OciError('upload-out-of-order', `the next chunk begins at ${size}, not at ${place.start}`, {
    expected: size,
    actual: place.start,
  });
}
