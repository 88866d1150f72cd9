import type { FileHandle } from 'node:fs/promises';
import { fileError } from '../store/files/file-error.ts';
import { GitError } from './error.ts';
import type { Spool } from './spool.ts';
import { openUnnamed, readAt, writeAt } from './unnamed-file.ts';

/** Most pushes are smaller than this and never touch the disk. */
const DEFAULT_MEMORY = 8 * 1024 * 1024;
const WRITE_BYTES = 1024 * 1024;
/** Objects are mostly read in the order in which they came, so a read brings its neighbours along. */
const READ_AHEAD = 256 * 1024;

interface Window {
  readonly at: number;
  readonly bytes: Buffer;
}

/** A spool that begins in memory and goes on in a file without a name once it has grown. */
export class FileSpool implements Spool {
  readonly #folder: string;
  readonly #memory: number;
  /** What is not in the file yet: all of it while there is no file. */
  #tail: Buffer = Buffer.alloc(0);
  #tailLength = 0;
  #written = 0;
  #file: FileHandle | undefined;
  #window: Window = { at: 0, bytes: Buffer.alloc(0) };

  constructor(folder: string, memory: number = DEFAULT_MEMORY) {
    this.#folder = folder;
    this.#memory = memory;
  }

  get size(): number {
    return this.#written + this.#tailLength;
  }

  async append(bytes: Uint8Array): Promise<void> {
    this.#reserve(bytes.length);
    this.#tail.set(bytes, this.#tailLength);
    this.#tailLength += bytes.length;
    if (this.#tailLength > (this.#file === undefined ? this.#memory : WRITE_BYTES)) await this.#flush();
  }

  async read(at: number, length: number): Promise<Uint8Array> {
    if (at < 0 || at + length > this.size)
      throw new GitError('truncated', 'a read beyond the end of what was put aside');
    if (at >= this.#written) return this.#tail.subarray(at - this.#written, at - this.#written + length);
    if (at + length > this.#written) await this.#flush();
    const window = this.#window;
    if (at >= window.at && at + length <= window.at + window.bytes.length) {
      return window.bytes.subarray(at - window.at, at - window.at + length);
    }
    const bytes = await this.#readFile(at, Math.max(length, Math.min(READ_AHEAD, this.#written - at)));
    this.#window = { at, bytes };
    return bytes.subarray(0, length);
  }

  async close(): Promise<void> {
    this.#tail = Buffer.alloc(0);
    this.#tailLength = 0;
    this.#window = { at: 0, bytes: Buffer.alloc(0) };
    const file = this.#file;
    this.#file = undefined;
    await file?.close();
  }

  /** Grows by replacing: memory that was given out by `read` stays as it is. */
  #reserve(more: number): void {
    const needed = this.#tailLength + more;
    if (needed <= this.#tail.length) return;
    const grown = Buffer.allocUnsafeSlow(Math.max(64 * 1024, needed, this.#tail.length * 2));
    this.#tail.copy(grown, 0, 0, this.#tailLength);
    this.#tail = grown;
  }

  async #flush(): Promise<void> {
    const bytes = this.#tail.subarray(0, this.#tailLength);
    try {
      this.#file ??= await openUnnamed(this.#folder);
      await writeAt(this.#file, bytes, this.#written);
    } catch (error) {
      throw fileError(error, 'putting a push aside');
    }
    this.#written += bytes.length;
    this.#tail = Buffer.allocUnsafeSlow(WRITE_BYTES);
    this.#tailLength = 0;
  }

  async #readFile(at: number, length: number): Promise<Buffer> {
    const bytes = Buffer.allocUnsafeSlow(length);
    if (!(await readAt(this.#file!, bytes, at))) throw new GitError('truncated', 'what was put aside is gone');
    return bytes;
  }
}
