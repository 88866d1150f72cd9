import { asBuffer } from '../../encoding/as-buffer.ts';
import { closeSync, existsSync, fsyncSync, mkdirSync, openSync } from 'node:fs';
import { rm, statfs, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { open, type RangeOptions, type RootDatabase, type RootDatabaseOptionsWithPath } from 'lmdb';
import type { Check, Commit, Entry, KeyedStore, Range } from '../keyed-store.ts';
import type { Listed, Moments } from '../moments.ts';
import { StoreError } from '../store-error.ts';
import { catchUp } from './catch-up.ts';

/** Below this much room a write that LMDB calls an I/O error was in truth refused for want of space. */
const NO_ROOM_BYTES = 4 * 1024 * 1024;

/** Room for a small commit, with all the pages that it changes. */
const PROBE_BYTES = 256 * 1024;

const REASON_LIMIT_MS = 100;

/** Each time somebody opened the store in a bad moment. */
const MAX_CATCH_UPS = 50;

/** What LMDB takes with pages of 4 KiB. It may refuse a longer key only after it has made what stands before it. */
const LONGEST_KEY = 1978;

export interface LmdbOptions {
  /** Other processes answer for the same store, so that what one of them has acknowledged must show here at once. */
  readonly isShared?: boolean;
}

/**
 * Keys on one machine. Several processes may open the same folder.
 * `overlappingSync` is off because with it data is visible before it is durable.
 */
export class LmdbKeyedStore implements KeyedStore, Moments {
  readonly #db: RootDatabase<Buffer, Buffer>;
  readonly #folder: string;
  readonly #isShared: boolean;
  readonly #underWay = new Set<Promise<unknown>>();
  #isFresh = false;
  #closed: Promise<void> | undefined;
  /**
   * From a commit that failed until the disk takes a write again. LMDB's bindings do not outlive failing over and over: a
   * disk that stays full or read-only would end the process with a SIGSEGV.
   */
  #isFailing = false;
  #looking: Promise<void> | undefined;
  #catchingUp: Promise<void> | undefined;

  private constructor(db: RootDatabase<Buffer, Buffer>, folder: string, isShared: boolean) {
    this.#db = db;
    this.#folder = folder;
    this.#isShared = isShared;
  }

  static existsIn(folder: string): boolean {
    return existsSync(fileIn(folder));
  }

  static open(folder: string, { isShared = false }: LmdbOptions = {}): LmdbKeyedStore {
    mkdirSync(folder, { recursive: true });
    const db = open<Buffer, Buffer>(optionsFor(folder));
    syncFolder(folder);
    return new LmdbKeyedStore(db, folder, isShared);
  }

  async get(key: Uint8Array): Promise<Uint8Array | undefined> {
    this.#checkOpen();
    checkKey(key);
    this.#refresh();
    const found = this.#db.getBinaryFast(asBuffer(key));
    if (found === undefined) return undefined;
    const value = Buffer.allocUnsafe(found.length);
    // The fast buffer says another length than its memory has, so it is looked at through a view of its own.
    value.set(new Uint8Array(found.buffer, found.byteOffset, value.length));
    return value;
  }

  async list(range: Range): Promise<Entry[]> {
    this.#checkOpen();
    this.#refresh();
    return this.#list(range, {});
  }

  /** By one read transaction. While it is held, LMDB reuses no page that others free: a store that is written to grows. */
  async atOneMoment<T>(work: (then: Listed) => Promise<T>): Promise<T> {
    this.#checkOpen();
    // One that was begun a moment ago, for an earlier read, may not know the latest commits.
    this.#db.resetReadTxn();
    const transaction = this.#db.useReadTransaction();
    const worked = work({ list: async (range) => this.#list(range, { transaction }) }).finally(() =>
      transaction.done(),
    );
    this.#underWay.add(worked);
    try {
      return await worked;
    } finally {
      this.#underWay.delete(worked);
    }
  }

  async commit(commit: Commit): Promise<boolean> {
    this.#checkOpen();
    for (const { key } of commit.checks ?? []) checkKey(key);
    for (const { key } of commit.puts ?? []) checkKey(key);
    for (const key of commit.deletes ?? []) checkKey(key);
    if (this.#isFailing) await (this.#looking ??= this.#lookAtDisk().finally(() => (this.#looking = undefined)));
    const made = this.#make(commit);
    this.#underWay.add(made);
    try {
      return await made;
    } catch (cause) {
      this.#isFailing = true;
      throw await this.#translate(cause);
    } finally {
      this.#underWay.delete(made);
    }
  }

  close(): Promise<void> {
    this.#closed ??= Promise.allSettled(this.#underWay).then(() => this.#db.close());
    return this.#closed;
  }

  /**
   * The library reads a snapshot that it keeps for a millisecond or more. A client that has its answer from another process
   * may ask here sooner, so each turn of the event loop begins with a new one: ticks are run before the turn ends.
   */
  #refresh(): void {
    if (!this.#isShared || this.#isFresh) return;
    this.#db.resetReadTxn();
    this.#isFresh = true;
    process.nextTick(() => (this.#isFresh = false));
  }

  async #make(commit: Commit): Promise<boolean> {
    for (let times = 0; times < MAX_CATCH_UPS; times += 1) {
      const made = await this.#tryToMake(commit);
      if (made !== 'behind') return made;
      await (this.#catchingUp ??= catchUp(optionsFor(this.#folder)).finally(() => (this.#catchingUp = undefined)));
    }
    throw new Error('others keep opening the store');
  }

  #tryToMake({ checks = [], puts = [], deletes = [] }: Commit): Promise<boolean | 'behind'> {
    return this.#db.transaction(() => {
      if (this.#isBehind()) return 'behind';
      if (!checks.every((check) => this.#holds(check))) return false;
      // Inside a transaction the promises that put and remove return have nothing left to wait for.
      for (const { key, value } of puts) void this.#db.put(asBuffer(key), asBuffer(value));
      for (const key of deletes) void this.#db.remove(asBuffer(key));
      return true;
    });
  }

  /**
   * Whether this transaction begins at a commit that is not the newest, and would undo those behind it. LMDB lets that happen where
   * another process opens the store while this one commits (docs/decisions/lmdb.md). Only one process writes at a time.
   */
  #isBehind(): boolean {
    const { lastTxnId } = this.#db.getStats() as { readonly lastTxnId: number };
    return this.#db.getWriteTxnId() !== lastTxnId + 1;
  }

  #list({ start, end, limit, reverse = false }: Range, how: RangeOptions): Entry[] {
    if (limit <= 0 || Buffer.compare(start, end) >= 0) return [];
    return reverse ? this.#listBackward(start, end, limit, how) : this.#listForward(start, end, limit, how);
  }

  /** A range may begin and end at what is too long to be a key: LMDB then gets as much of it as it takes. */
  #listForward(start: Uint8Array, end: Uint8Array, limit: number, how: RangeOptions): Entry[] {
    const fits = end.length <= LONGEST_KEY;
    const found = this.#db.getRange({ ...how, start: bound(start), ...(fits ? { end: asBuffer(end) } : {}), limit });
    const entries = [...found].map(({ key, value }) => ({ key: Buffer.from(key), value: Buffer.from(value) }));
    return fits ? entries : entries.filter(({ key }) => Buffer.compare(key, end) < 0);
  }

  /**
   * LMDB's reverse ranges include their start and exclude their end; ours are the same range as forward, turned round.
   * An end of no bytes is there for the key of one zero byte, which LMDB else takes for the end.
   */
  #listBackward(start: Uint8Array, end: Uint8Array, limit: number, how: RangeOptions): Entry[] {
    const entries: Entry[] = [];
    const range = { ...how, start: bound(end), end: NOTHING, reverse: true, limit: limit + 1 };
    for (const { key, value } of this.#db.getRange(range)) {
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
    if (this.#closed !== undefined) throw new StoreError('closed', 'the store is closed');
  }

  async #lookAtDisk(): Promise<void> {
    const path = join(this.#folder, `probe-${process.pid}`);
    try {
      await writeFile(path, Buffer.alloc(PROBE_BYTES), { flush: true });
    } catch (cause) {
      throw await this.#translate(cause);
    } finally {
      await rm(path, { force: true }).catch(() => {});
    }
    this.#isFailing = false;
  }

  /** LMDB names a full disk EIO or ENOSPC or MDB_MAP_FULL, depending on where it was noticed. */
  async #translate(cause: unknown): Promise<StoreError> {
    const text = `${String(cause)} ${await reasonOf(cause)}`;
    if (/Read-only file system/i.test(text)) return new StoreError('read-only', 'the disk is read-only', { cause });
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

const NOTHING = Buffer.alloc(0);

/** A failed commit carries why as another promise, which is rejected in the same turn or never. */
async function reasonOf(cause: unknown): Promise<string> {
  if (!(cause instanceof Error && 'commitError' in cause)) return '';
  const told = Promise.resolve(cause.commitError).then(() => '', String);
  return Promise.race([told, sleep(REASON_LIMIT_MS, '')]);
}

function checkKey({ length }: Uint8Array): void {
  if (length === 0) throw new StoreError('failed', 'a key has at least one byte');
  if (length > LONGEST_KEY) throw new StoreError('failed', `a key of ${length} bytes is longer than ${LONGEST_KEY}`);
}

/** No key is longer than LONGEST_KEY, so that one byte more tells as much as all that follow. */
function bound(key: Uint8Array): Buffer {
  return asBuffer(key).subarray(0, LONGEST_KEY + 1);
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

function optionsFor(folder: string): RootDatabaseOptionsWithPath {
  return {
    path: fileIn(folder),
    noSubdir: true,
    keyEncoding: 'binary',
    encoding: 'binary',
    overlappingSync: false,
    maxReaders: 512,
  };
}

function fileIn(folder: string): string {
  return join(folder, 'keys.lmdb');
}
