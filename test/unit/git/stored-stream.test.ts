import { inflateSync } from 'node:zlib';
import * as fc from 'fast-check';
import { expect, it } from 'vitest';
import { storedStream } from '../../../lib/git/stored-stream.ts';

it('a stream of bytes as they are inflates to them, whatever they are', () => {
  const bytes = fc.oneof(
    fc.uint8Array({ maxLength: 20_000 }),
    // Around the ends of blocks, and with sums as large as they get.
    fc.tuple(fc.nat(3), fc.integer({ min: -2, max: 2 }), fc.nat(255)).map(([blocks, more, byte]) => {
      return new Uint8Array(Math.max(0, blocks * 65_535 + more)).fill(byte);
    }),
  );
  fc.assert(
    fc.property(bytes, (content) => {
      expect(inflateSync(storedStream(content)).equals(content)).toBe(true);
    }),
  );
});
