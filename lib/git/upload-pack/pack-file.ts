import type { FileHandle } from 'node:fs/promises';
import { StoreError } from '../../store/store-error.ts';
import { BAND_PAYLOAD } from '../side-band.ts';
import { openUnnamed, readAt, writeAt } from '../unnamed-file.ts';

/** What full packets carry. */
const PIECE: number = 2 * BAND_PAYLOAD;

/** The bytes of a pack in a file without a name, which takes up room until the last of those who use it is done. */
export class PackFile {
  readonly #file: FileHandle;
  readonly #onClosed: (file: PackFile) => void;
  #users = 1;
  #size = 0;

  private constructor(file: FileHandle, onClosed: (file: PackFile) => void) {
    this.#file = file;
    this.#onClosed = onClosed;
  }

  /** In use by who opens it. */
  static async open(folder: string, onClosed: (file: PackFile) => void): Promise<PackFile> {
    return new PackFile(await openUnnamed(folder), onClosed);
  }

  get size(): number {
    return this.#size;
  }

  /** Counts before it writes: nobody else may count on the room. */
  async append(piece: Uint8Array): Promise<void> {
    const at = this.#size;
    this.#size += piece.length;
    await writeAt(this.#file, piece, at);
  }

  /** Piece by piece, in memory that is written over when the next one is asked for. Uses the file until it ends. */
  async *read(): AsyncGenerator<Uint8Array> {
    this.#users += 1;
    try {
      const memory = Buffer.allocUnsafeSlow(PIECE);
      for (let at = 0; at < this.#size; at += PIECE) {
        const piece = memory.subarray(0, this.#size - at);
        if (!(await readAt(this.#file, piece, at)))
          throw new StoreError('damaged', 'a kept pack is shorter than it was');
        yield piece;
      }
    } finally {
      this.release();
    }
  }

  release(): void {
    this.#users -= 1;
    if (this.#users > 0) return;
    this.#onClosed(this);
    this.#file.close().catch(() => undefined);
  }
}
