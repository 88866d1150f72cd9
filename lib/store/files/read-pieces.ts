import type { FileHandle } from 'node:fs/promises';
import { PIECE_BYTES, takePiece } from '../piece-pool.ts';

/** The bytes from `start` to `end` of an open file. A file that ends earlier ends the pieces. */
export async function* readPieces(handle: FileHandle, start: number, end: number): AsyncGenerator<Uint8Array> {
  for (let at = start; at < end;) {
    const wanted = Math.min(PIECE_BYTES, end - at);
    const piece = wanted === PIECE_BYTES ? takePiece() : Buffer.allocUnsafeSlow(wanted);
    const { bytesRead } = await handle.read(piece, 0, piece.length, at);
    if (bytesRead === 0) return;
    yield bytesRead === piece.length ? piece : piece.subarray(0, bytesRead);
    at += bytesRead;
  }
}
