/** Large enough that the cost of a call vanishes, small enough that a slow reader holds little memory. */
export const PIECE_BYTES = 1024 * 1024;

const MAX_KEPT = 16;

/** Fresh memory of this size costs as much as filling it, so pieces that somebody has done with are used again. */
const kept: Buffer[] = [];

/** Memory for a piece, with whatever was in it before. */
export function takePiece(): Buffer {
  return kept.pop() ?? Buffer.allocUnsafeSlow(PIECE_BYTES);
}

/**
 * Gives back a piece that nobody reads any more. Whoever does not know that leaves it to the garbage collector; what
 * is not of this pool is left alone.
 */
export function givePiece(piece: Uint8Array): void {
  if (piece.buffer.byteLength !== PIECE_BYTES || kept.length >= MAX_KEPT) return;
  kept.push(Buffer.from(piece.buffer as ArrayBuffer, 0, PIECE_BYTES));
}
