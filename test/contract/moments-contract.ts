import { describe, expect, test } from 'vitest';
import { entriesOf, type KeyedStore } from '../../lib/store/keyed-store.ts';
import type { Listed, Moments } from '../../lib/store/moments.ts';
import { useEngine, type Engine, type Trial } from './harness.ts';

const EVERYTHING = { start: Buffer.of(0), end: Buffer.alloc(64, 0xff) };
const COUNT = 300;

/** Every pair of keys has one number, and a commit renews both. */
async function renew(store: KeyedStore, number: number): Promise<void> {
  const value = Buffer.from(String(number));
  const name = String(number % COUNT).padStart(4, '0');
  const puts = ['a', 'z'].map((letter) => ({ key: Buffer.from(`${letter}${name}`), value }));
  expect(await store.commit({ puts })).toBe(true);
}

async function read(then: Listed, pageSize: number): Promise<Map<string, string>> {
  const all = new Map<string, string>();
  for await (const { key, value } of entriesOf(then, EVERYTHING, pageSize)) {
    all.set(Buffer.from(key).toString(), Buffer.from(value).toString());
  }
  return all;
}

/** What an engine holds that can be read as of one moment. */
export function momentsContract<T extends Trial<KeyedStore & Moments>>(engine: Engine<KeyedStore & Moments, T>): void {
  describe(`Moments of ${engine.name}`, () => {
    const trial = useEngine<KeyedStore & Moments, T>(engine);

    test('show all pages of one moment, whatever is committed in between', async () => {
      const { store } = trial();
      for (let number = 0; number < COUNT; number += 1) await renew(store, number);
      await store.commit({ puts: [{ key: Buffer.from('b'), value: Buffer.from('goes') }] });
      await store.atOneMoment(async (then) => {
        const before = await read(then, 500);
        let number = COUNT;
        const during = new Map<string, string>();
        for await (const { key, value } of entriesOf(then, EVERYTHING, 20)) {
          during.set(Buffer.from(key).toString(), Buffer.from(value).toString());
          if (during.size % 10 === 0) await renew(store, (number += 7));
          if (during.size === 15) await store.commit({ deletes: [Buffer.from('b')] });
          if (during.size === 25) await store.commit({ puts: [{ key: Buffer.from('zz'), value: Buffer.from('new') }] });
        }
        expect([...during]).toEqual([...before]);
        expect(await read(then, 7)).toEqual(before);
      });
      const after = await read(store, 500);
      expect(after.has('b')).toBe(false);
      expect(after.get('zz')).toBe('new');
    });

    test('see every commit that had resolved', async () => {
      const { store } = trial();
      for (let number = 0; number < 50; number += 1) {
        await renew(store, number);
        const name = `a${String(number).padStart(4, '0')}`;
        const seen = await store.atOneMoment((then) => read(then, 500));
        expect(seen.get(name)).toBe(String(number));
      }
    });

    test('may be several at once, each with its own', async () => {
      const { store } = trial();
      await renew(store, 1);
      await store.atOneMoment(async (one) => {
        const first = await read(one, 10);
        await renew(store, 1 + COUNT);
        await store.atOneMoment(async (other) => {
          expect((await read(other, 10)).get('a0001')).toBe(String(1 + COUNT));
          expect(await read(one, 10)).toEqual(first);
        });
        expect(await read(one, 10)).toEqual(first);
      });
    });

    test('list backward, in part, and nothing where nothing is, as the store does', async () => {
      const { store } = trial();
      for (let number = 0; number < 10; number += 1) await renew(store, number);
      await store.atOneMoment(async (then) => {
        for (const range of [
          { ...EVERYTHING, limit: 3, reverse: true },
          { start: Buffer.from('a0003'), end: Buffer.from('z'), limit: 4 },
          { ...EVERYTHING, limit: 0 },
          { start: Buffer.from('z'), end: Buffer.from('a'), limit: 4 },
        ]) {
          expect(await then.list(range)).toEqual(await store.list(range));
        }
      });
    });

    test('pass on what the work fails with, and the store goes on', async () => {
      const { store } = trial();
      const failed = store.atOneMoment(async (then) => {
        await then.list({ ...EVERYTHING, limit: 1 });
        throw new RangeError('the work failed');
      });
      await expect(failed).rejects.toThrow(RangeError);
      await renew(store, 5);
      expect((await read(store, 10)).get('a0005')).toBe('5');
    });

    test('are waited for by close', async () => {
      const { store } = trial();
      await renew(store, 1);
      const order: string[] = [];
      let closing: Promise<void> | undefined;
      await store.atOneMoment(async (then) => {
        await then.list({ ...EVERYTHING, limit: 1 });
        closing = store.close().then(() => void order.push('closed'));
        expect(await then.list({ ...EVERYTHING, limit: 10 })).toHaveLength(2);
        order.push('worked');
      });
      await closing;
      expect(order).toEqual(['worked', 'closed']);
      await expect(store.atOneMoment(async () => {})).rejects.toMatchObject({ code: 'closed' });
    });
  });
}
