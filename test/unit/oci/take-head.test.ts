import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { takeHead, thenRest } from '../../../lib/oci/take-head.ts';
import { failingAfter, gathered, inPieces, someBytes, SourceFailure } from '../../contract/byte-sources.ts';

async function* given(pieces: readonly Uint8Array[]): AsyncGenerator<Uint8Array> {
  yield* pieces;
}

/** A source that tells whether it was closed and how far it was read. */
function watched(pieces: readonly Uint8Array[]): {
  source: AsyncGenerator<Uint8Array>;
  state: { closed: boolean; read: number };
} {
  const state = { closed: false, read: 0 };
  async function* source(): AsyncGenerator<Uint8Array> {
    try {
      for (const piece of pieces) {
        state.read += 1;
        yield piece;
      }
    } finally {
      state.closed = true;
    }
  }
  return { source: source(), state };
}

describe('the head of a source', () => {
  test('and what comes behind it are the source again, whatever the pieces and the limit', async () => {
    const law = fc.asyncProperty(
      fc.array(fc.uint8Array({ maxLength: 20 }), { maxLength: 12 }),
      fc.nat(80),
      async (pieces, limit) => {
        const whole = Buffer.concat(pieces);
        const head = await takeHead(given(pieces), limit);
        expect(head.rest === undefined).toBe(whole.length <= limit);
        expect(Buffer.from(head.bytes)).toEqual(whole.subarray(0, head.bytes.length));
        expect(head.bytes.length).toBeGreaterThanOrEqual(Math.min(whole.length, limit));
        expect(await gathered(thenRest(head))).toEqual(whole);
      },
    );
    await fc.assert(law, { numRuns: 300 });
  });

  test('is all of it at the limit, and not one byte behind', async () => {
    expect((await takeHead(inPieces(someBytes(100), 10), 100)).rest).toBeUndefined();
    expect((await takeHead(inPieces(someBytes(101), 10), 100)).rest).toBeDefined();
  });

  test('reads no further than it must', async () => {
    const { source, state } = watched(Array.from({ length: 50 }, () => Buffer.alloc(10)));
    await takeHead(source, 95);
    expect(state.read).toBe(10);
  });

  test('fails with the source, before and behind the head', async () => {
    await expect(takeHead(failingAfter(someBytes(50), 10), 100)).rejects.toBeInstanceOf(SourceFailure);
    const head = await takeHead(failingAfter(someBytes(200), 10), 100);
    await expect(gathered(thenRest(head))).rejects.toBeInstanceOf(SourceFailure);
  });

  test('closes the source when whoever reads on stops early, and when it does not', async () => {
    for (const stopAt of [0, 1, Infinity]) {
      const { source, state } = watched(Array.from({ length: 50 }, () => Buffer.alloc(10)));
      let read = 0;
      for await (const _ of thenRest(await takeHead(source, 20))) {
        if (read === stopAt) break;
        read += 1;
      }
      expect(state.closed).toBe(true);
    }
  });
});
