/** Large enough that the cost of a call vanishes, small enough that a slow reader holds little memory. */
export const PIECE_BYTES = 1024 * 1024;

const MAX_KEPT = 16;

/** So many large pieces there are at all. Readers who take theirs slowly may hold every one; then others get by with small ones. */
const MAX_MADE = 64;
const SMALL_BYTES = 64 * 1024;

/** Fresh memory of this size costs as much as filling it, so pieces that somebody has done with are used again. */
const kept: Buffer[] = [];

/** All memory that was ever made here, as long as anybody holds it: other memory of the same size is never taken over. */
const made = new WeakSet<ArrayBufferLike>();
let alive = 0;
const gone = new FinalizationRegistry(() => (alive -= 1));

/** Memory for a piece, with whatever was in it before: a large one, or where those are all with others a small one. */
export function takePiece(): Buffer {
  const again = kept.pop();
  if (again !== undefined) return again;
  if (alive >= MAX_MADE) return Buffer.allocUnsafeSlow(SMALL_BYTES);
  const piece = Buffer.allocUnsafeSlow(PIECE_BYTES);
  made.add(piece.buffer);
  gone.register(piece.buffer, undefined);
  alive += 1;
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
