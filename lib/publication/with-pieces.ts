import type { NewObject } from './target.ts';

/**
 * Does what takes an object's bytes somewhere. Where pieces of them cannot be had it rejects with just what they failed
 * with: that is none of the place's doing.
 */
export async function withPieces(
  bytes: NewObject['bytes'],
  take: (bytes: NewObject['bytes']) => Promise<void>,
): Promise<void> {
  const failures: unknown[] = [];
  async function* noting(pieces: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
    try {
      yield* pieces;
    } catch (error) {
      failures.push(error);
      throw error;
    }
  }
  try {
    await take(bytes instanceof Uint8Array ? bytes : noting(bytes));
  } catch (error) {
    throw failures.length > 0 ? failures[0] : error;
  }
}
