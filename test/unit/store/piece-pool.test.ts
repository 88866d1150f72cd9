import { describe, expect, test } from 'vitest';
import { givePiece, PIECE_BYTES, takePiece } from '../../../lib/store/piece-pool.ts';

describe('a piece of memory', () => {
  test('is used again once it was given back, also by a view of it', () => {
    const piece = takePiece();
    givePiece(piece.subarray(0, 10));
    const again = takePiece();
    expect(again.buffer).toBe(piece.buffer);
    expect(again).toHaveLength(PIECE_BYTES);
  });

  test('is never memory that somebody else made, though it is of the same size', () => {
    const foreign = Buffer.allocUnsafeSlow(PIECE_BYTES);
    givePiece(foreign);
    givePiece(new Uint8Array(PIECE_BYTES));
    for (let taken = 0; taken < 20; taken += 1) expect(takePiece().buffer).not.toBe(foreign.buffer);
  });
});
