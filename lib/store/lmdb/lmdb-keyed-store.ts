import { asBuffer } from '../../encoding/as-buffer.ts';
import { closeSync, existsSync, fsyncSync, mkdirSync, openSync } from 'node:fs';
import { statfs } from 'node:fs/promises';
import { join } from 'node:path';
import { open, type RootDatabase } from 'lmdb';
import type { Check, Commit, Entry, KeyedStore, Range } from '../keyed-store.ts';
import { StoreError } from '../store-error.ts';

/** Below this much room a write that LMDB calls an I/O error was in truth refused for want of space. */
const NO_ROOM_BYTES = 4 * 1024 * 1024;

/**
 * Keys on one machine. Several processes may open the same folder.
 * `overlappingSync` is off because with it data is visible before it is durable.
 */
export class LmdbKeyedStore implements KeyedStore {
  readonly #db: RootDatabase<Buffer, Buffer>;
  readonly #folder: string;
  #closed = false;

  private constructor(db: RootDatabase<Buffer, Buffer>, folder: string) {
    this.#db = db;
    this.#folder = folder;
  }

  static existsIn(folder: string): boolean {
    return existsSync(fileIn(folder));
  }

  static open(folder: string): LmdbKeyedStore {
    mkdirSync(folder, { recursive: true });
    const db = open<Buffer, Buffer>({
      path: fileIn(folder),
      noSubdir: true,
      keyEncoding: 'binary',
      encoding: 'binary',
      overlappingSync: false,
      maxReaders: 512,
    });
    syncFolder(folder);
    return new LmdbKeyedStore(db, folder);
  }

  async get(key: Uint8Array): Promise<Uint8Array | undefined> {
    this.#checkOpen();
    const found = this.#db.getBinaryFast(asBuffer(key));
    if (found === undefined) return undefined;
    const value = Buffer.allocUnsafe(found.length);
    // The fast buffer says another length than its memory has, so it is looked at through a view of its own.
    value.set(new Uint8Array(found.buffer, found.byteOffset, value.length));
    return value;
  }

  async list(range: Range): Promise<Entry[]> {
    this.#checkOpen();
    const { start, end, limit, reverse = false } = range;
    if (limit <= 0 || Buffer.compare(start, end) >= 0) return [];
    return reverse ? this.#listBackward(start, end, limit) : this.#listForward(start, end, limit);
  }

  async commit(commit: Commit): Promise<boolean> {
    this.#checkOpen();
    const { checks = [], puts = [], deletes = [] } = commit;
    try {
      return await this.#db.transaction(() => {
        if (!checks.every((check) => this.#holds(check))) return false;
        // Inside a transaction the promises that put and remove return have nothing left to wait for.
        for (const { key, value } of puts) void this.#db.put(asBuffer(key), asBuffer(value));
        for (const key of deletes) void this.#db.remove(asBuffer(key));
        return true;
      });
    } catch (cause) {
      throw await this.#translate(cause);
    }
  }

  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    await this.#db.close();
  }

  #listForward(start: Uint8Array, end: Uint8Array, limit: number): Entry[] {
    const found = this.#db.getRange({ start: asBuffer(start), end: asBuffer(end), limit });
    return [...found].map(({ key, value }) => ({ key: Buffer.from(key), value: Buffer.from(value) }));
  }

  /** LMDB's reverse ranges include their start and exclude their end; ours are the same range as forward, turned round. */
  #listBackward(start: Uint8Array, end: Uint8Array, limit: number): Entry[] {
    const entries: Entry[] = [];
    for (const { key, value } of this.#db.getRange({ start: asBuffer(end), reverse: true, limit: limit + 1 })) {
      if (Buffer.compare(key, start) < 0 || entries.length === limit) break;
      if (Buffer.compare(key, end) < 0) entries.push({ key: Buffer.from(key), value: Buffer.from(value) });
    }
    return entries;
  }

  /** The fast read is valid until the next read, which is long enough to compare. */
  #holds({ key, value }: Check): boolean {
    const found = this.#db.getBinaryFast(asBuffer(key));
    if (found === undefined || value === undefined) return found === value;
    return Buffer.compare(found.subarray(0, found.length), value) === 0;
  }

  #checkOpen(): void {
    if (this.#closed) throw new StoreError('closed', 'the store is closed');
  }

  /** LMDB names a full disk EIO or ENOSPC or MDB_MAP_FULL, depending on where it was noticed. */
  async #translate(cause: unknown): Promise<StoreError> {
    const text = String(cause);
    const full = /ENOSPC|No space|MAP_FULL|mapsize/i.test(text) || (await this.#isNearlyFull());
    if (full) return new StoreError('full', 'no room left for keys', { cause });
    return new StoreError('failed', 'the keys could not be written', { cause });
  }

  async #isNearlyFull(): Promise<boolean> {
    try {
      const { bavail, bsize } = await statfs(this.#folder);
      return bavail * bsize < NO_ROOM_BYTES;
    } catch {
      return false;
    }
  }
}

/** The name of a file that was just made must survive a power cut like what is written into it. */
function syncFolder(folder: string): void {
  const handle = openSync(folder, 'r');
  try {
    fsyncSync(handle);
  } finally {
    closeSync(handle);
  }
}

function fileIn(folder: string): string {
  return join(folder, 'keys.lmdb');
}
