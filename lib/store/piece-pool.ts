/** Large enough that the cost of a call vanishes, small enough that a slow reader holds little memory. */
export const PIECE_BYTES = 1024 * 1024;

const MAX_KEPT = 16;

/** Fresh memory of this size costs as much as filling it, so pieces that somebody has done with are used again. */
const kept: Buffer[] = [];

/** All memory that was ever made here, as long as anybody holds it: other memory of the same size is never taken over. */
const made = new WeakSet<ArrayBufferLike>();

/** Memory for a piece, with whatever was in it before. */
export function takePiece(): Buffer {
  const again = kept.pop();
  if (again !== undefined) return again;
  const piece = Buffer.allocUnsafeSlow(PIECE_BYTES);
  made.add(piece.buffer);
  return piece;
}

/**
 * Gives back a piece that nobody reads any more. Whoever does not know that leaves it to the garbage collector; what
 * is not of this pool is left alone.
 */
export function givePiece(piece: Uint8Array): void {
  if (!made.has(piece.buffer) || kept.length >= MAX_KEPT) return;
  kept.push(Buffer.from(piece.buffer as ArrayBuffer, 0, PIECE_BYTES));
}
