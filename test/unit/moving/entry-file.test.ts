import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { decodeEntries, encodeEntries } from '../../../lib/moving/backup/entry-file.ts';
import { paired } from '../../../lib/moving/paired.ts';
import type { Entry } from '../../../lib/store/keyed-store.ts';

const bytes = fc.uint8Array({ maxLength: 300 });
const entries = fc.array(fc.record({ key: bytes, value: bytes }), { maxLength: 30 });

async function* from<T>(items: readonly T[]): AsyncGenerator<T> {
  yield* items;
}

async function all<T>(items: AsyncIterable<T>): Promise<T[]> {
  const found: T[] = [];
  for await (const item of items) found.push(item);
  return found;
}

function plain(entries: readonly Entry[]): string[] {
  return entries.map(({ key, value }) => `${Buffer.from(key).toString('hex')}=${Buffer.from(value).toString('hex')}`);
}

async function* noise(): AsyncGenerator<Buffer> {
  for (let piece = 0; piece < 1000; piece += 1) yield Buffer.alloc(65_536, 0xff);
}

function sorted(keys: readonly Uint8Array[]): Entry[] {
  return keys.map((key) => ({ key, value: key })).sort((a, b) => Buffer.compare(a.key, b.key));
}

function name(key: Uint8Array): string {
  return Buffer.from(key).toString('hex');
}

describe('a file of entries', () => {
  test('gives back what it was made of, however its bytes come', async () => {
    await fc.assert(
      fc.asyncProperty(entries, fc.integer({ min: 1, max: 700 }), async (some, size) => {
        const file = Buffer.concat(await all(encodeEntries(from(some))));
        const pieces: Buffer[] = [];
        for (let at = 0; at < file.length; at += size) pieces.push(file.subarray(at, at + size));
        expect(plain(await all(decodeEntries(from(pieces))))).toEqual(plain(some));
      }),
    );
  });

  test('that is cut off anywhere but between two entries is refused', async () => {
    const some = [{ key: Buffer.from('key'), value: Buffer.from('value') }];
    const file = Buffer.concat(await all(encodeEntries(from(some))));
    for (let length = 1; length < file.length; length += 1) {
      const cut = all(decodeEntries(from([file.subarray(0, length)])));
      await expect(cut).rejects.toMatchObject({ code: 'bad-backup' });
    }
  });

  test('that is something else is refused without being held in memory', async () => {
    await expect(all(decodeEntries(noise()))).rejects.toMatchObject({ code: 'bad-backup' });
  });
});

test('two sources in order are paired as two maps are', async () => {
  const key = fc.uint8Array({ minLength: 1, maxLength: 3 });
  const map = fc.uniqueArray(key, { selector: (one) => Buffer.from(one).toString('hex'), maxLength: 20 });
  await fc.assert(
    fc.asyncProperty(map, map, async (one, other) => {
      const pairs = await all(paired(from(sorted(one)), from(sorted(other))));
      const expected = sorted([...new Map([...one, ...other].map((key) => [name(key), key])).values()]);
      expect(pairs.map(({ key }) => name(key))).toEqual(expected.map(({ key }) => name(key)));
      for (const { key, left, right } of pairs) {
        expect(left !== undefined).toBe(one.some((some) => name(some) === name(key)));
        expect(right !== undefined).toBe(other.some((some) => name(some) === name(key)));
      }
    }),
  );
});
