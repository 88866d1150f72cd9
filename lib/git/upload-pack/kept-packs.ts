import { statfs } from 'node:fs/promises';
import { PackFile } from './pack-file.ts';

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
  /** How long one is kept, however often it is asked for: what was taken away from a repository must not lie about. */
  readonly ageMs?: number;
  /** One that was sent within this time is not given up for another. */
  readonly recentMs?: number;
  /** A client that takes longer takes a pack that is not kept. */
  readonly copyMs?: number;
}

export interface KeptPacksStanding {
  readonly packs: number;
  /** On the disk, with those that are being written, and those that somebody still reads. */
  readonly bytes: number;
  /** How often one was sent. */
  readonly sent: number;
}

const DEFAULTS = { leastObjects: 1000, ageMs: 3_600_000, recentMs: 600_000, copyMs: 60_000 };
/** Each holds a file descriptor. */
const MOST_FILES = 16;
const MOST_NAMES = 1000;
/** Others need the disk more: together they take at most this part of what would be free without them. */
const PART_OF_FREE = 8;

interface KeptPack {
  readonly objects: number;
  readonly file: PackFile;
  readonly expiry: NodeJS.Timeout;
  sentAt: number;
}

/**
 * Packs that were asked for again, in files without a name: whoever asks for the same gets the bytes that the one before
 * got, without a look at any object. Where they cannot be kept or read, packs are made as if there were none.
 */
export class KeptPacks {
  readonly #options: Required<KeptPacksOptions>;
  /** The one that was asked for last at the end. */
  readonly #kept = new Map<string, KeptPack>();
  readonly #files = new Set<PackFile>();
  /** When a pack was asked for; of one that could not be kept, when that may be tried again. */
  readonly #asked = new Map<string, number>();
  readonly #beingKept = new Set<string>();
  #sent = 0;
  #isClosed = false;

  constructor(options: KeptPacksOptions) {
    this.#options = { ...DEFAULTS, ...options };
  }

  /** The pack of this name, which must say all that its objects depend on, or the one that `make` makes. */
  async pack(name: string, make: () => Promise<Pack>): Promise<Pack> {
    const kept = this.#kept.get(name);
    if (kept !== undefined) {
      this.#note(name, performance.now());
      return { objects: kept.objects, pieces: this.#read(name, kept, make) };
    }
    const pack = await make();
    const { bytes, leastObjects } = this.#options;
    const isKept = bytes > 0 && pack.objects >= leastObjects && this.#wasAsked(name);
    return isKept ? { ...pack, pieces: this.#keep(name, pack) } : pack;
  }

  get standing(): KeptPacksStanding {
    return { packs: this.#kept.size, bytes: this.#bytes, sent: this.#sent };
  }

  close(): void {
    this.#isClosed = true;
    for (const name of this.#kept.keys()) this.#drop(name);
  }

  get #bytes(): number {
    let bytes = 0;
    for (const { size } of this.#files) bytes += size;
    return bytes;
  }

  /** Most packs are asked for once in a long time. */
  #wasAsked(name: string): boolean {
    const now = performance.now();
    const asked = this.#asked.get(name);
    if (asked !== undefined && asked > now) return false;
    this.#note(name, now);
    return asked !== undefined && now - asked < this.#options.ageMs;
  }

  #note(name: string, time: number): void {
    this.#asked.delete(name);
    this.#asked.set(name, time);
    const [oldest] = this.#asked.keys();
    if (this.#asked.size > MOST_NAMES && oldest !== undefined) this.#asked.delete(oldest);
  }

  async *#keep(name: string, { objects, pieces }: Pack): AsyncGenerator<Uint8Array> {
    // Of many who ask at once the first is enough.
    if (this.#beingKept.has(name) || this.#kept.has(name)) {
      yield* pieces;
      return;
    }
    this.#beingKept.add(name);
    let copy = await this.#beginCopy();
    if (copy === undefined) this.#beingKept.delete(name);
    const giveUp = (): void => {
      if (copy === undefined) return;
      copy.release();
      copy = undefined;
      this.#beingKept.delete(name);
    };
    const late = setTimeout(giveUp, this.#options.copyMs).unref();
    try {
      const limit = await this.#limit();
      for await (const piece of pieces) {
        if (copy !== undefined && !(await this.#isAppended(copy, piece, limit))) {
          giveUp();
          this.#note(name, performance.now() + this.#options.ageMs);
        }
        yield piece;
      }
      if (copy === undefined || this.#isClosed) return;
      this.#add(name, objects, copy);
      copy = undefined;
      this.#beingKept.delete(name);
    } finally {
      clearTimeout(late);
      giveUp();
    }
  }

  async #beginCopy(): Promise<PackFile | undefined> {
    if (this.#files.size >= MOST_FILES) this.#makeRoom();
    if (this.#files.size >= MOST_FILES) return undefined;
    const opening = PackFile.open(this.#options.folder, (closed) => this.#files.delete(closed));
    const file = await opening.catch(() => undefined);
    if (file !== undefined) this.#files.add(file);
    return file;
  }

  /** How large all files together may be. */
  async #limit(): Promise<number> {
    const { folder, bytes } = this.#options;
    const free = await statfs(folder).then(
      ({ bavail, bsize }) => bavail * bsize,
      () => 0,
    );
    return Math.min(bytes, (free + this.#bytes) / PART_OF_FREE);
  }

  async #isAppended(copy: PackFile, piece: Uint8Array, limit: number): Promise<boolean> {
    const others = this.#kept.size;
    for (let tries = 0; tries < others && this.#bytes + piece.length > limit; tries += 1) this.#makeRoom();
    if (this.#bytes + piece.length > limit) return false;
    return copy.append(piece).then(
      () => true,
      () => false,
    );
  }

  /** Gives up the pack that was sent the longest ago, if that was long ago. */
  #makeRoom(): void {
    const [oldest] = this.#kept;
    if (oldest === undefined) return;
    const [name, { sentAt }] = oldest;
    if (performance.now() - sentAt >= this.#options.recentMs) this.#drop(name);
  }

  #add(name: string, objects: number, file: PackFile): void {
    const expiry = setTimeout(() => this.#drop(name), this.#options.ageMs).unref();
    this.#kept.set(name, { objects, file, expiry, sentAt: performance.now() });
  }

  async *#read(name: string, kept: KeptPack, make: () => Promise<Pack>): AsyncGenerator<Uint8Array> {
    let began = false;
    // Between the answer's first bytes and these it may have become too old.
    if (this.#kept.get(name) === kept) {
      this.#kept.delete(name);
      this.#kept.set(name, kept);
      kept.sentAt = performance.now();
      try {
        for await (const piece of kept.file.read()) {
          if (!began) this.#sent += 1;
          began = true;
          yield piece;
        }
        return;
      } catch (error) {
        if (this.#kept.get(name) === kept) this.#drop(name);
        if (began) throw error;
      }
    }
    yield* (await make()).pieces;
  }

  #drop(name: string): void {
    const kept = this.#kept.get(name);
    if (kept === undefined) return;
    this.#kept.delete(name);
    clearTimeout(kept.expiry);
    kept.file.release();
  }
}
