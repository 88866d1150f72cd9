import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { ByteCache } from '../../../lib/store/byte-cache.ts';

const ROOM = 10_000;

describe('a byte cache', () => {
  test('gives back what was put, under its name alone', () => {
    const cache = new ByteCache(ROOM);
    const bytes = Buffer.from('bytes');
    cache.set('a', bytes);
    expect(cache.get('a')).toEqual(bytes);
    expect(cache.get('b')).toBeUndefined();
  });

  test('keeps bytes in memory of exactly their size, apart from what they were a view of', () => {
    const cache = new ByteCache(ROOM);
    const pool = Buffer.alloc(4096, 'x');
    cache.set('a', pool.subarray(100, 110));
    pool.fill('y');
    expect(cache.get('a')).toEqual(Buffer.alloc(10, 'x'));
    expect(cache.get('a')?.buffer.byteLength).toBe(10);
    expect(cache.get('a')).toBe(cache.get('a'));
  });

  test('counts an entry for more than its bytes, so that very many small ones do not fill the memory', () => {
    const cache = new ByteCache(ROOM);
    for (let at = 0; at < 1000; at += 1) cache.set(String(at), Buffer.alloc(1));
    const held = Array.from({ length: 1000 }, (_, at) => cache.get(String(at))).filter((found) => found !== undefined);
    expect(held.length).toBeLessThanOrEqual(ROOM / 200);
    expect(held.length).toBeGreaterThan(0);
  });

  test('keeps what is asked for, whatever comes and goes beside it', () => {
    const cache = new ByteCache(ROOM);
    cache.set('kept', Buffer.alloc(10, 1));
    for (let at = 0; at < 500; at += 1) {
      cache.set(`passing ${at}`, Buffer.alloc(20));
      expect(cache.get('kept')).toEqual(Buffer.alloc(10, 1));
    }
    expect(cache.get('passing 0')).toBeUndefined();
  });

  test('forgets what nobody asks for, so that it never holds more than its room and one more', () => {
    const step = fc.record({ name: fc.nat(40), size: fc.integer({ min: 1, max: 3000 }), read: fc.boolean() });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 120 }), (steps) => {
        const cache = new ByteCache(ROOM);
        const sizes = new Map<string, number>();
        let largest = 0;
        for (const { name, size, read } of steps) {
          const key = String(name);
          if (read) cache.get(key);
          else if (cache.get(key) === undefined) {
            cache.set(key, Buffer.alloc(size, name));
            sizes.set(key, size);
            largest = Math.max(largest, size);
          }
        }
        // Looking moves things, so each look is at a cache that was made for it.
        let held = 0;
        for (const [key, size] of sizes) {
          const found = cache.get(key);
          if (found === undefined) continue;
          expect(found).toEqual(Buffer.alloc(size, Number(key)));
          held += size;
        }
        expect(held).toBeLessThanOrEqual(ROOM + 2 * largest);
      }),
    );
  });

  test('takes what is larger than its room without keeping others from theirs', () => {
    const cache = new ByteCache(ROOM);
    cache.set('large', Buffer.alloc(5 * ROOM));
    for (let at = 0; at < 10; at += 1) cache.set(`small ${at}`, Buffer.alloc(10));
    expect(cache.get('small 9')).toHaveLength(10);
    for (let at = 0; at < 300; at += 1) cache.set(`more ${at}`, Buffer.alloc(10));
    expect(cache.get('large')).toBeUndefined();
  });
});
