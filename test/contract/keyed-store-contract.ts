import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { commitUntilHeld } from '../../lib/store/commit-until-held.ts';
import { entriesOf, type Commit, type Entry, type KeyedStore, type Range } from '../../lib/store/keyed-store.ts';
import { StoreError } from '../../lib/store/store-error.ts';
import { owedBy, useEngine, type Engine, type Trial } from './harness.ts';
import { NaiveKeyedStore } from './naive-keyed-store.ts';

const LONGEST_KEY = 1978;
const LARGEST_VALUE = 64 * 1024 + 512;
/** Behind every key that the properties make. */
const EVERYTHING = { start: Buffer.of(0), end: Buffer.alloc(64, 0xff) };

/** Few different bytes, so that keys are often prefixes of each other and often the same. */
const keyByte = fc.constantFrom(0x00, 0x01, 0x61, 0x62, 0xfe, 0xff);
const keyBytes = fc
  .oneof(
    { weight: 4, arbitrary: fc.array(keyByte, { minLength: 1, maxLength: 5 }) },
    fc.uint8Array({ minLength: 1, maxLength: 40 }),
  )
  .map((bytes) => Buffer.from(bytes))
  .filter((bytes) => !(bytes.length === 1 && bytes[0] === 0));
const valueBytes = fc.uint8Array({ maxLength: 20 }).map((bytes) => Buffer.from(bytes));
const entry = fc.record({ key: keyBytes, value: valueBytes });

/** What every engine of a KeyedStore holds. */
export function keyedStoreContract<T extends Trial<KeyedStore>>(engine: Engine<KeyedStore, T>): void {
  describe(`KeyedStore of ${engine.name}`, () => {
    const trial = useEngine<KeyedStore, T>(engine);

    describe('keeps', () => {
      test('nothing that was never put', async () => {
        expect(await trial().store.get(text('a'))).toBeUndefined();
        expect(await trial().store.list({ ...EVERYTHING, limit: 10 })).toEqual([]);
      });

      test('an empty value, which is not the same as none', async () => {
        const { store } = trial();
        await put(store, 'a', '');
        expect(await store.get(text('a'))).toHaveLength(0);
        expect(await store.commit({ checks: [{ key: text('a'), value: undefined }] })).toBe(false);
        expect(await store.commit({ checks: [{ key: text('a'), value: text('') }] })).toBe(true);
        expect(await store.commit({ checks: [{ key: text('b'), value: text('') }] })).toBe(false);
      });

      test('values of 64 KiB and a little, to the byte', async () => {
        const { store } = trial();
        const sizes = [1, 4095, 4096, 4097, 65_535, 65_536, LARGEST_VALUE];
        await store.commit({ puts: sizes.map((size) => ({ key: text(`v${size}`), value: filled(size) })) });
        for (const size of sizes) expect(same(await store.get(text(`v${size}`)), filled(size))).toBe(true);
        const listed = await store.list({ ...EVERYTHING, limit: 10 });
        expect(listed.map(({ value }) => value.length).sort((a, b) => a - b)).toEqual(sizes);
      });

      test('keys of 1,978 bytes, told apart by their last byte and found behind each other', async () => {
        const { store } = trial();
        const keys = [0x00, 0x61, 0xff].map((last) =>
          Buffer.concat([Buffer.alloc(LONGEST_KEY - 1, 0x61), Buffer.of(last)]),
        );
        await store.commit({ puts: keys.map((key, at) => ({ key, value: text(String(at)) })) });
        for (const [at, key] of keys.entries()) expect(textOf(await store.get(key))).toBe(String(at));
        const range = { start: text('a'), end: text('b') };
        const paged: string[] = [];
        for await (const { value } of entriesOf(store, range, 1)) paged.push(textOf(value));
        expect(paged).toEqual(['0', '1', '2']);
        expect((await store.list({ ...range, limit: 2, reverse: true })).map(({ value }) => textOf(value))).toEqual([
          '2',
          '1',
        ]);
      });

      test('what views into larger memory show, and only that', async () => {
        const { store } = trial();
        const memory = new Uint8Array(Buffer.from('..key..value..'));
        const key = memory.subarray(2, 5);
        const value = memory.subarray(7, 12);
        await store.commit({ puts: [{ key, value }] });
        expect(textOf(await store.get(new Uint8Array(text('key'))))).toBe('value');
        expect(await store.commit({ checks: [{ key, value }], deletes: [key] })).toBe(true);
        expect(await store.get(text('key'))).toBeUndefined();
      });

      test('thousands of changes of one commit', async () => {
        const { store } = trial();
        const puts = Array.from({ length: 3000 }, (_, at) => ({
          key: text(`k${String(at).padStart(5, '0')}`),
          value: text(`${at}`),
        }));
        expect(await store.commit({ puts })).toBe(true);
        expect(await keysIn(store)).toEqual(puts.map(({ key }) => textOf(key)));
        expect(await store.commit({ deletes: puts.slice(1).map(({ key }) => key) })).toBe(true);
        expect(await keysIn(store)).toEqual(['k00000']);
      });

      test('its values apart from memory that went in or came out', async () => {
        const { store } = trial();
        const key = text('a');
        const value = text('first');
        await store.commit({ puts: [{ key, value }] });
        value.fill(0);
        key.fill(0x7a);
        const read = (await store.get(text('a'))) ?? text('');
        expect(textOf(read)).toBe('first');
        read.fill(0);
        for (const listed of await store.list({ ...EVERYTHING, limit: 1 })) {
          listed.key.fill(0);
          listed.value.fill(0);
        }
        expect(textOf(await store.get(text('a')))).toBe('first');
        expect(await keysIn(store)).toEqual(['a']);
      });
    });

    describe('hands out', () => {
      test('values that later reads and commits leave alone', async () => {
        const { store } = trial();
        const puts = Array.from({ length: 60 }, (_, at) => ({ key: text(`k${at}`), value: filled(1 + at * 997, at) }));
        await store.commit({ puts });
        const got = await Promise.all(puts.map(({ key }) => store.get(key)));
        const listed = await store.list({ ...EVERYTHING, limit: 100 });
        for (let round = 0; round < 3; round += 1) {
          await store.commit({ puts: puts.map(({ key }) => ({ key, value: filled(30_000, 200 + round) })) });
          for (const { key } of puts) await store.get(key);
          await store.list({ ...EVERYTHING, limit: 100 });
        }
        for (const [at, value] of got.entries()) expect(same(value, filled(1 + at * 997, at))).toBe(true);
        const before = new Map(puts.map(({ key, value }) => [textOf(key), value]));
        expect(listed).toHaveLength(60);
        for (const { key, value } of listed) expect(same(value, before.get(textOf(key)))).toBe(true);
      });
    });

    describe('lists', () => {
      test('any range as the naive store does: forward, backward, limited, empty, turned round', async () => {
        const { store } = trial();
        const range = fc.record({ start: keyBytes, end: keyBytes, limit: fc.nat(12), reverse: fc.boolean() });
        const law = fc.asyncProperty(
          fc.array(entry, { maxLength: 25 }),
          fc.array(range, { minLength: 1, maxLength: 12 }),
          async (entries, ranges) => {
            await clear(store);
            const naive = new NaiveKeyedStore();
            const puts = distinct(entries);
            await store.commit({ puts });
            naive.commit({ puts });
            for (const one of [...ranges, ...boundsOf(puts)]) {
              expect(shown(await store.list(one))).toEqual(shown(naive.list(one)));
            }
          },
        );
        await fc.assert(law, { numRuns: 80 });
      });

      test('a range page by page as in one piece', async () => {
        const { store } = trial();
        const law = fc.asyncProperty(
          fc.array(entry, { maxLength: 25 }),
          fc.integer({ min: 1, max: 7 }),
          async (entries, size) => {
            await clear(store);
            await store.commit({ puts: distinct(entries) });
            const whole = await store.list({ ...EVERYTHING, limit: 1000 });
            const paged: Entry[] = [];
            for await (const one of entriesOf(store, EVERYTHING, size)) paged.push(one);
            expect(shown(paged)).toEqual(shown(whole));
          },
        );
        await fc.assert(law, { numRuns: 30 });
      });

      test('the least key of all, forward and backward', owedBy(engine, 'least key'), async () => {
        const { store } = trial();
        const keys = ['\0', '\0\0', 'a'];
        for (const key of keys) await put(store, key, '1');
        for (const reverse of [false, true]) {
          const listed = (await store.list({ ...EVERYTHING, limit: 9, reverse })).map(({ key }) => textOf(key));
          expect(listed).toEqual(reverse ? keys.toReversed() : keys);
        }
      });

      test('ranges that begin or end at what is too long for a key', async () => {
        const { store } = trial();
        const long = Buffer.alloc(LONGEST_KEY, 0x62);
        await store.commit({ puts: [text('a'), long, text('c')].map((key) => ({ key, value: text('1') })) });
        for (const length of [LONGEST_KEY + 1, 5000]) {
          const far = Buffer.alloc(length, 0x62);
          for (const reverse of [false, true]) {
            const before = await store.list({ start: Buffer.of(0), end: far, limit: 9, reverse });
            const behind = await store.list({ start: far, end: text('d'), limit: 9, reverse });
            const first = [text('a'), long].map(textOf);
            expect(before.map(({ key }) => textOf(key))).toEqual(reverse ? first.toReversed() : first);
            expect(behind.map(({ key }) => textOf(key))).toEqual(['c']);
          }
        }
      });

      test('nothing for a limit of 0, and nothing where the start is the end or behind it', async () => {
        const { store } = trial();
        await put(store, 'b', '1');
        for (const reverse of [false, true]) {
          expect(await store.list({ ...EVERYTHING, limit: 0, reverse })).toEqual([]);
          expect(await store.list({ start: text('b'), end: text('b'), limit: 9, reverse })).toEqual([]);
          expect(await store.list({ start: text('c'), end: text('a'), limit: 9, reverse })).toEqual([]);
        }
      });
    });

    describe('commits', () => {
      test('any sequence with the answers and the state of the naive store', async () => {
        const { store } = trial();
        const small = fc.constantFrom(...['a', 'a\0', 'ab', 'b', '\xff'].map(text));
        const value = fc.constantFrom(text(''), text('1'), text('2'));
        const commit = fc.record({
          checks: fc.array(fc.record({ key: small, value: fc.option(value, { nil: undefined, freq: 2 }) }), {
            maxLength: 2,
          }),
          changes: fc.uniqueArray(fc.record({ key: small, value: fc.option(value, { nil: undefined, freq: 3 }) }), {
            selector: ({ key }) => textOf(key),
            maxLength: 4,
          }),
        });
        const answers = { held: 0, refused: 0 };
        const law = fc.asyncProperty(fc.array(commit, { maxLength: 12 }), async (commits) => {
          await clear(store);
          const naive = new NaiveKeyedStore();
          for (const { checks, changes } of commits) {
            const one: Commit = {
              checks,
              puts: changes.flatMap(({ key, value }) => (value === undefined ? [] : [{ key, value }])),
              deletes: changes.flatMap(({ key, value }) => (value === undefined ? [key] : [])),
            };
            const held = await store.commit(one);
            expect(held).toBe(naive.commit(one));
            answers[held ? 'held' : 'refused'] += 1;
            expect(shown(await store.list({ ...EVERYTHING, limit: 100 }))).toEqual(
              shown(naive.list({ ...EVERYTHING, limit: 100 })),
            );
          }
        });
        await fc.assert(law, { numRuns: 60 });
        expect(Math.min(answers.held, answers.refused)).toBeGreaterThan(20);
      });

      test('nothing at all, which holds', async () => {
        expect(await trial().store.commit({})).toBe(true);
      });

      test('so that whoever was answered reads it at once, however many write and read beside it', async () => {
        const { store } = trial();
        const lanes = Array.from({ length: 24 }, (_, lane) => lane);
        await Promise.all(
          lanes.map(async (lane) => {
            for (let round = 0; round < 15; round += 1) {
              const key = text(`lane-${String(lane).padStart(2, '0')}`);
              await store.commit({ puts: [{ key, value: text(`${round}`) }] });
              expect(textOf(await store.get(key))).toBe(`${round}`);
              const [listed] = await store.list({ start: key, end: Buffer.concat([key, Buffer.of(0)]), limit: 1 });
              expect(textOf(listed?.value)).toBe(`${round}`);
            }
          }),
        );
      });

      test('so that nobody ever sees a half', async () => {
        const { store } = trial();
        const pair = ['a', 'm', 'z'].map(text);
        await store.commit({ puts: pair.map((key) => ({ key, value: text('0') })) });
        const rounds = 60;
        const seen = new Set<string>();
        async function write(): Promise<void> {
          for (let round = 1; round <= rounds; round += 1) {
            await store.commit({ puts: pair.map((key) => ({ key, value: text(`${round}`) })) });
          }
        }
        async function read(): Promise<void> {
          while (!seen.has(`${rounds}`)) {
            const values = (await store.list({ ...EVERYTHING, limit: 5 })).map(({ value }) => textOf(value));
            expect(new Set(values).size).toBe(1);
            seen.add(values[0] ?? '');
            await new Promise((resolve) => setImmediate(resolve));
          }
        }
        await Promise.all([write(), read()]);
        expect(seen.size).toBeGreaterThan(1);
      });

      test('all or nothing when something in it cannot be kept', owedBy(engine, 'refused whole'), async () => {
        const { store } = trial();
        await put(store, 'old', '1');
        for (const key of [Buffer.alloc(LONGEST_KEY + 200, 0x78), Buffer.alloc(0)]) {
          const puts = [
            { key: text('first'), value: text('1') },
            { key, value: text('1') },
            { key: text('last'), value: text('1') },
          ];
          const made = await store.commit({ puts, deletes: [text('old')] }).catch(() => false);
          const found = (await keysIn(store)).filter((name) => name.length < 10);
          expect(found).toEqual(made ? ['first', 'last'] : ['old']);
        }
      });

      test('again after one that could not be kept', async () => {
        const { store } = trial();
        await store
          .commit({ puts: [{ key: Buffer.alloc(LONGEST_KEY + 200, 0x78), value: text('1') }] })
          .catch(() => {});
        expect(await store.commit({ puts: [{ key: text('a'), value: text('1') }] })).toBe(true);
        expect(await keysIn(store)).toContain('a');
      });
    });

    describe('lets of many writers', () => {
      test('exactly one create a key', async () => {
        const { store } = trial();
        for (let round = 0; round < 10; round += 1) {
          const key = text(`round-${round}`);
          const answers = await Promise.all(
            range(20).map((racer) =>
              store.commit({ checks: [{ key, value: undefined }], puts: [{ key, value: text(`${racer}`) }] }),
            ),
          );
          expect(answers.filter(Boolean)).toHaveLength(1);
          expect(textOf(await store.get(key))).toBe(String(answers.indexOf(true)));
        }
      });

      test('exactly one take a value further', async () => {
        const { store } = trial();
        const key = text('a');
        let value = text('start');
        await store.commit({ puts: [{ key, value }] });
        for (let round = 0; round < 10; round += 1) {
          const wanted = range(20).map((racer) => text(`${round}-${racer}`));
          const answers = await Promise.all(
            wanted.map((next) => store.commit({ checks: [{ key, value }], puts: [{ key, value: next }] })),
          );
          expect(answers.filter(Boolean)).toHaveLength(1);
          value = wanted[answers.indexOf(true)] ?? value;
          expect(same(await store.get(key), value)).toBe(true);
        }
      });

      test('exactly one delete a key', async () => {
        const { store } = trial();
        const [key, value] = [text('a'), text('1')];
        await store.commit({ puts: [{ key, value }] });
        const answers = await Promise.all(
          range(20).map(() => store.commit({ checks: [{ key, value }], deletes: [key] })),
        );
        expect(answers.filter(Boolean)).toHaveLength(1);
        expect(await store.get(key)).toBeUndefined();
      });

      test('none lose a step of counters that all of them count', async () => {
        const { store } = trial();
        const counters = ['x', 'y', 'z'].map(text);
        const steps = range(90).map((step) => counters[step % 3] ?? text('x'));
        await Promise.all(steps.map((key) => increment(store, key)));
        for (const key of counters) expect(textOf(await store.get(key))).toBe('30');
      });
    });

    describe('when it is closed', () => {
      test('rejects every call with code closed, and can be closed again', async () => {
        const { store } = trial();
        await put(store, 'a', '1');
        await store.close();
        const calls = [
          () => store.get(text('a')),
          () => store.list({ ...EVERYTHING, limit: 1 }),
          () => store.commit({ puts: [{ key: text('b'), value: text('1') }] }),
          () => store.commit({}),
        ];
        for (const call of calls) {
          await expect(call()).rejects.toSatisfy((error) => error instanceof StoreError && error.code === 'closed');
        }
        await store.close();
      });

      test('waits for the commits that were under way', owedBy(engine, 'waits at close'), async () => {
        const { store, reopen } = trial();
        await put(store, 'a', '1');
        const commits = range(40).map((at) => store.commit({ puts: [{ key: text(`k${at}`), value: text('1') }] }));
        const answers = Promise.allSettled(commits);
        await store.close();
        expect((await answers).filter(({ status }) => status === 'rejected')).toEqual([]);
        const again = await reopen();
        expect(await keysIn(again)).toHaveLength(41);
      });

      test('has everything when it is opened again', async () => {
        const { store, reopen } = trial();
        const entries = range(200).map((at) => ({ key: text(`k${at}`), value: filled(at * 50, at) }));
        for (const one of entries) await store.commit({ puts: [one] });
        await store.commit({ deletes: [text('k7')] });
        const again = await reopen();
        expect(await again.get(text('k7'))).toBeUndefined();
        const listed = await again.list({ ...EVERYTHING, limit: 1000 });
        const kept = entries.filter(({ key }) => textOf(key) !== 'k7').sort((a, b) => Buffer.compare(a.key, b.key));
        expect(shown(listed)).toEqual(shown(kept));
      });
    });
  });
}

function increment(store: KeyedStore, key: Uint8Array): Promise<void> {
  return commitUntilHeld(store, async () => {
    const value = await store.get(key);
    const next = text(String(Number(textOf(value) || '0') + 1));
    return { commit: { checks: [{ key, value }], puts: [{ key, value: next }] }, result: undefined };
  });
}

async function put(store: KeyedStore, key: string, value: string): Promise<void> {
  expect(await store.commit({ puts: [{ key: text(key), value: text(value) }] })).toBe(true);
}

async function clear(store: KeyedStore): Promise<void> {
  const entries = await store.list({ ...EVERYTHING, limit: 1000 });
  await store.commit({ deletes: entries.map(({ key }) => key) });
}

async function keysIn(store: KeyedStore): Promise<string[]> {
  const keys: string[] = [];
  for await (const { key } of entriesOf(store, EVERYTHING)) keys.push(textOf(key));
  return keys;
}

/** Ranges that begin and end at keys that are there, where being off by one shows. */
function boundsOf(entries: readonly Entry[]): Range[] {
  const [a, b] = entries;
  if (a === undefined || b === undefined) return [];
  const [start, end] = Buffer.compare(a.key, b.key) < 0 ? [a.key, b.key] : [b.key, a.key];
  const ends = [end, Buffer.concat([end, Buffer.of(0)])];
  return ends.flatMap((end) =>
    [1, 2, 50].flatMap((limit) => [false, true].map((reverse) => ({ start, end, limit, reverse }))),
  );
}

function distinct(entries: readonly Entry[]): Entry[] {
  return [...new Map(entries.map((one) => [textOf(one.key), one])).values()];
}

function shown(entries: readonly Entry[]): string[] {
  return entries.map(({ key, value }) => `${Buffer.from(key).toString('hex')}=${Buffer.from(value).toString('hex')}`);
}

function filled(size: number, seed = size): Buffer {
  return Buffer.alloc(size, Buffer.from(`${seed}:`));
}

function same(a: Uint8Array | undefined, b: Uint8Array | undefined): boolean {
  return a !== undefined && b !== undefined && Buffer.compare(a, b) === 0;
}

function range(count: number): number[] {
  return Array.from({ length: count }, (_, at) => at);
}

function text(characters: string): Buffer {
  return Buffer.from(characters, 'latin1');
}

function textOf(bytes: Uint8Array | undefined): string {
  return bytes === undefined ? '' : Buffer.from(bytes).toString('latin1');
}
