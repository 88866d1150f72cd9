import { describe, expect, test } from 'vitest';
import { sha256 } from '../../lib/encoding/digest.ts';
import type { BlobStore } from '../../lib/store/blob-store.ts';
import type { MoveMark } from '../../lib/store/move-mark.ts';
import { inPieces } from './byte-sources.ts';
import { useEngine, type Engine, type Trial } from './harness.ts';

const [ONE, OTHER] = [Buffer.from('{"one":1}'), Buffer.from('{"other":2}')];

/** What every engine of blobs holds that can be moved into. */
export function moveMarkContract<T extends Trial<BlobStore & MoveMark>>(engine: Engine<BlobStore & MoveMark, T>): void {
  describe(`the mark of a move in ${engine.name}`, () => {
    const trial = useEngine<BlobStore & MoveMark, T>(engine);

    test('is there from when it is made until it is removed, for whoever opens the place', async () => {
      const { store, reopen } = trial();
      expect(await store.readMark()).toBeUndefined();
      expect(await store.makeMark(ONE)).toBe(true);
      const again = await reopen();
      expect(Buffer.from((await again.readMark()) ?? [])).toEqual(ONE);
      await again.removeMark();
      expect(await store.readMark()).toBeUndefined();
      await store.removeMark();
      expect(await store.makeMark(OTHER)).toBe(true);
    });

    test('is not replaced, and of many at once one makes it', async () => {
      const { store } = trial();
      const made = await Promise.all([ONE, OTHER, ONE, OTHER].map((bytes) => store.makeMark(bytes)));
      expect(made.filter(Boolean)).toHaveLength(1);
      expect(await store.makeMark(ONE)).toBe(false);
      const winner = made.findIndex(Boolean) % 2 === 0 ? ONE : OTHER;
      expect(Buffer.from((await store.readMark()) ?? [])).toEqual(winner);
    });

    test('is no blob, and leaves nothing else behind', async () => {
      const { store, leftovers } = trial();
      const bytes = Buffer.from('a blob');
      await store.write(sha256(bytes), inPieces(bytes));
      await store.makeMark(ONE);
      await store.makeMark(OTHER);
      const listed: string[] = [];
      for await (const { digest } of store.list()) listed.push(digest);
      expect(listed).toEqual([sha256(bytes)]);
      await store.removeMark();
      expect(await leftovers?.()).toEqual([]);
    });
  });
}
