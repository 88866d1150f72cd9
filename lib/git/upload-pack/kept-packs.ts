import { type FileHandle, statfs } from 'node:fs/promises';
import { GitError } from '../error.ts';
import { BAND_PAYLOAD } from '../side-band.ts';
import { openUnnamed, readAt, writeAt } from '../unnamed-file.ts';

/** A pack on its way to a client. A piece may be written over when the next one is asked for. */
export interface Pack {
  readonly objects: number;
  readonly pieces: AsyncIterable<Uint8Array>;
}

export interface KeptPacksOptions {
  readonly folder: string;
  /** All of them together; 0 keeps none. */
  readonly bytes: number;
  /** Smaller packs are made as fast as they are read. */
  readonly leastObjects?: number;
  readonly ageMs?: number;
}

export interface KeptPacksStanding {
  readonly packs: number;
  readonly bytes: number;
  /** How often one was sent. */
  readonly sent: number;
}

/** What was taken away from a repository must not lie about much longer. */
const AGE_MS = 3_600_000;
const LEAST_OBJECTS = 1000;
/** Each holds a file descriptor. */
const MOST_PACKS = 16;
const MOST_NAMES = 1000;
/** Of the disk, which others need more, one more takes this part at most. */
const PART_OF_FREE = 8;
/** What full packets carry. */
const PIECE: number = 2 * BAND_PAYLOAD;

interface KeptPack {
  readonly objects: number;
  readonly file: FileHandle;
  readonly size: number;
  readonly expiry: NodeJS.Timeout;
  readers: number;
  isDropped: boolean;
}

/**
 * Packs that were asked for again, in files without a name: whoever asks for the same gets the bytes that the one before
 * got, without a look at any object. Whatever goes wrong with them, packs are made as if there were none.
 */
export class KeptPacks {
  readonly #options: Required<KeptPacksOptions>;
  /** The one that was asked for last at the end. */
  readonly #kept = new Map<string, KeptPack>();
  readonly #asked = new Set<string>();
  readonly #beingKept = new Set<string>();
  #sent = 0;

  constructor(options: KeptPacksOptions) {
    this.#options = { leastObjects: LEAST_OBJECTS, ageMs: AGE_MS, ...options };
  }

  /** The pack of this name, which must say all that its objects depend on, or the one that `make` makes. */
  async pack(name: string, make: () => Promise<Pack>): Promise<Pack> {
    const kept = this.#kept.get(name);
    if (kept !== undefined) return { objects: kept.objects, pieces: this.#read(name, kept, make) };
    const pack = await make();
    const { bytes, leastObjects } = this.#options;
    const isKept = bytes > 0 && pack.objects >= leastObjects && this.#wasAsked(name);
    return isKept ? { ...pack, pieces: this.#keep(name, pack) } : pack;
  }

  get standing(): KeptPacksStanding {
    const bytes = [...this.#kept.values()].reduce((sum, { size }) => sum + size, 0);
    return { packs: this.#kept.size, bytes, sent: this.#sent };
  }

  close(): void {
    for (const name of this.#kept.keys()) this.#drop(name);
  }

  /** Most packs are asked for once. */
  #wasAsked(name: string): boolean {
    if (this.#asked.delete(name)) {
      this.#asked.add(name);
      return true;
    }
    this.#asked.add(name);
    for (const oldest of this.#asked) {
      if (this.#asked.size <= MOST_NAMES) break;
      this.#asked.delete(oldest);
    }
    return false;
  }

  async *#keep(name: string, { objects, pieces }: Pack): AsyncGenerator<Uint8Array> {
    // Of many who ask at once the first is enough.
    if (this.#beingKept.has(name) || this.#kept.has(name)) {
      yield* pieces;
      return;
    }
    this.#beingKept.add(name);
    const copy = new Copy();
    try {
      await copy.begin(this.#options.folder, await this.#room());
      for await (const piece of pieces) {
        await copy.append(piece);
        yield piece;
      }
      const file = copy.take();
      if (file !== undefined) this.#add(name, objects, file, copy.size);
    } finally {
      this.#beingKept.delete(name);
      await copy.giveUp();
    }
  }

  /** How large one more may be. */
  async #room(): Promise<number> {
    const { folder, bytes } = this.#options;
    const free = await statfs(folder).then(
      ({ bavail, bsize }) => bavail * bsize,
      () => 0,
    );
    return Math.min(bytes, free / PART_OF_FREE);
  }

  #add(name: string, objects: number, file: FileHandle, size: number): void {
    const expiry = setTimeout(() => this.#drop(name), this.#options.ageMs).unref();
    this.#kept.set(name, { objects, file, size, expiry, readers: 0, isDropped: false });
    for (const oldest of this.#kept.keys()) {
      const { packs, bytes } = this.standing;
      if (packs <= MOST_PACKS && bytes <= this.#options.bytes) break;
      this.#drop(oldest);
    }
  }

  async *#read(name: string, kept: KeptPack, make: () => Promise<Pack>): AsyncGenerator<Uint8Array> {
    // Between the answer's first bytes and these it may have become too old.
    if (kept.isDropped) {
      yield* (await make()).pieces;
      return;
    }
    this.#sent += 1;
    this.#kept.delete(name);
    this.#kept.set(name, kept);
    kept.readers += 1;
    const piece = Buffer.allocUnsafeSlow(PIECE);
    try {
      for (let at = 0; at < kept.size; at += PIECE) {
        const part = piece.subarray(0, kept.size - at);
        if (!(await readAt(kept.file, part, at))) throw new GitError('truncated', 'a kept pack is shorter than it was');
        yield part;
      }
    } catch (error) {
      // The next one is made anew.
      this.#drop(name);
      throw error;
    } finally {
      kept.readers -= 1;
      closeIfDone(kept);
    }
  }

  #drop(name: string): void {
    const kept = this.#kept.get(name);
    if (kept === undefined) return;
    this.#kept.delete(name);
    clearTimeout(kept.expiry);
    kept.isDropped = true;
    closeIfDone(kept);
  }
}

function closeIfDone({ isDropped, readers, file }: KeptPack): void {
  if (isDropped && readers === 0) file.close().catch(() => undefined);
}

/** What is written beside an answer, as long as that works and there is room. */
class Copy {
  #file: FileHandle | undefined;
  #room = 0;
  size = 0;

  async begin(folder: string, room: number): Promise<void> {
    this.#room = room;
    this.#file = await openUnnamed(folder).catch(() => undefined);
  }

  async append(piece: Uint8Array): Promise<void> {
    if (this.#file === undefined) return;
    try {
      if (this.size + piece.length > this.#room) await this.giveUp();
      else await writeAt(this.#file, piece, this.size);
    } catch {
      await this.giveUp();
    }
    this.size += piece.length;
  }

  /** All of it, for whoever closes it then; undefined where that is not there. */
  take(): FileHandle | undefined {
    const file = this.#file;
    this.#file = undefined;
    return file;
  }

  async giveUp(): Promise<void> {
    await this.take()
      ?.close()
      .catch(() => undefined);
  }
}
