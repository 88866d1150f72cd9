import type { FileHandle } from 'node:fs/promises';

/** Large enough that the cost of a call vanishes, small enough that slow readers hold little memory. */
const PIECE = 1024 * 1024;

/** The bytes from `start` to `end` of an open file. A file that ends earlier ends the pieces. */
export async function* readPieces(handle: FileHandle, start: number, end: number): AsyncGenerator<Uint8Array> {
  for (let at = start; at < end;) {
    const piece = Buffer.allocUnsafeSlow(Math.min(PIECE, end - at));
    const { bytesRead } = await handle.read(piece, 0, piece.length, at);
    if (bytesRead === 0) return;
    yield bytesRead === piece.length ? piece : piece.subarray(0, bytesRead);
    at += bytesRead;
  }
}
