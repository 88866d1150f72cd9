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

  test('is small where so many large ones are with others, until one comes back', () => {
    const taken: Buffer[] = [];
    while (taken.length < 1000 && (taken.at(-1)?.length ?? PIECE_BYTES) === PIECE_BYTES) taken.push(takePiece());
    expect(taken.length).toBeLessThan(100);
    expect(taken.at(-1)!.length).toBeLessThan(PIECE_BYTES / 8);
    givePiece(taken[0]!);
    expect(takePiece()).toHaveLength(PIECE_BYTES);
    for (const piece of taken) givePiece(piece);
  });

  test('is never memory that somebody else made, though it is of the same size', () => {
    const foreign = Buffer.allocUnsafeSlow(PIECE_BYTES);
    givePiece(foreign);
    givePiece(new Uint8Array(PIECE_BYTES));
    for (let taken = 0; taken < 20; taken += 1) expect(takePiece().buffer).not.toBe(foreign.buffer);
  });
});
