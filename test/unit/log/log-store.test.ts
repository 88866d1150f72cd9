import { describe, expect, test } from 'vitest';
import type { NewEntry } from '../../../lib/log/appending.ts';
import { Log } from '../../../lib/log/log-store.ts';
import { LogSigner } from '../../../lib/log/log-signer.ts';
import { openCheckpoint } from '../../../lib/log/checkpoint.ts';
import type { Commit, KeyedStore } from '../../../lib/store/keyed-store.ts';
import { logHeadKey } from '../../../lib/store/keys.ts';
import { StoreError } from '../../../lib/store/store-error.ts';
import { naiveConsistency, naiveInclusion, naiveRoot } from '../../support/naive-tree.ts';
import { useStores } from '../../support/use-stores.ts';

const stores = useStores();
const signer = LogSigner.generate();

function open(keys: KeyedStore = stores().keys): Promise<Log> {
  return Log.open(keys, { now: Date.now, signer });
}

function retraction(id: string | number, reason = 'to be tried'): NewEntry {
  return { type: 'retract', id: String(id), reason };
}

function say(log: Log, id: string | number): Promise<number> {
  return log.append(() => Promise.resolve({ entry: retraction(id), result: (index) => index }));
}

async function bytesOf(log: Log): Promise<Buffer[]> {
  const bytes: Buffer[] = [];
  for await (const entry of log.entries()) bytes.push(entry.bytes);
  return bytes;
}

async function expectSound(log: Log): Promise<Buffer[]> {
  const entries = await bytesOf(log);
  const { size, root } = await log.head();
  expect(size).toBe(entries.length);
  expect(root).toEqual(naiveRoot(entries));
  return entries;
}

/** The same store, which is asked what becomes of each commit. */
function meddled(
  keys: KeyedStore,
  commit: (commit: Commit, make: () => Promise<boolean>) => Promise<boolean>,
): KeyedStore {
  return {
    get: (key) => keys.get(key),
    list: (range) => keys.list(range),
    close: () => keys.close(),
    commit: (one) => commit(one, () => keys.commit(one)),
  };
}

describe('appending', () => {
  test('goes on where another server appends between the looks at the head and at the tiles', async () => {
    const other = await open();
    await say(other, 'first');
    let looks = 0;
    const slow = meddled(stores().keys, (_, make) => make());
    const log = await open({
      ...slow,
      async get(key) {
        const value = await slow.get(key);
        looks += logHeadKey.equals(key) ? 1 : 0;
        if (logHeadKey.equals(key) && looks === 3) await say(other, 'between');
        return value;
      },
    });
    expect(looks).toBe(2);
    expect(await say(log, 'last')).toBe(2);
    expect(looks).toBeGreaterThan(3);
    expect(await expectSound(log)).toHaveLength(3);
  });

  test('gives every entry its index, under a signed root', async () => {
    const log = await open();
    for (let at = 0; at < 5; at += 1) expect(await say(log, at)).toBe(at);
    await expectSound(log);
    expect(openCheckpoint(await log.checkpoint(), signer.verifier)).toEqual({
      origin: signer.verifier.name,
      ...(await log.head()),
    });
  });

  test('of many at once shares commits', async () => {
    let commits = 0;
    const log = await open(
      meddled(stores().keys, async (_, make) => {
        commits += 1;
        return make();
      }),
    );
    const indexes = await Promise.all(Array.from({ length: 600 }, (_, at) => say(log, at)));
    expect(indexes).toEqual(Array.from({ length: 600 }, (_, at) => at));
    // The head, the backlog, and 256 a time.
    expect(commits).toBe(5);
    await expectSound(log);
  });

  test('makes true with the entry what is planned, and what names its place', async () => {
    const log = await open();
    const [planned, placed] = [Buffer.from('Nplanned'), Buffer.from('Nplaced')];
    await say(log, 'before');
    await log.append(async (plan) => {
      plan.check({ key: planned, value: undefined }).put({ key: planned, value: Buffer.from('yes') });
      return {
        entry: retraction('with'),
        puts: (index) => [{ key: placed, value: Buffer.from(String(index)) }],
        result: () => undefined,
      };
    });
    expect(Buffer.from((await stores().keys.get(planned)) ?? []).toString()).toBe('yes');
    expect(Buffer.from((await stores().keys.get(placed)) ?? []).toString()).toBe('1');
  });

  test('keeps apart parts of which one has read what the other changes', async () => {
    const { keys } = stores();
    const log = await open();
    const key = Buffer.from('Nrun');
    const publish = (): Promise<number> =>
      log.append(async (plan) => {
        const value = await keys.get(key);
        if (value !== undefined) return { result: () => Number(Buffer.from(value).toString()) };
        plan.check({ key, value });
        const puts = (index: number) => [{ key, value: Buffer.from(String(index)) }];
        return { entry: retraction('once'), puts, result: (index) => index };
      });
    await say(log, 'first');
    expect(new Set(await Promise.all(Array.from({ length: 30 }, publish)))).toEqual(new Set([1]));
    expect(await log.size()).toBe(2);
  });

  test('rejects who throws, and those who say too much, alone', async () => {
    const log = await open();
    const outcomes = await Promise.allSettled([
      say(log, 0),
      log.append(() => Promise.reject(new Error('no such run'))),
      log.append(() => Promise.resolve({ entry: retraction(1, 'x'.repeat(70_000)), result: () => undefined })),
      log.append(() => Promise.resolve({ entry: retraction(1, '\ud800'), result: () => undefined })),
      say(log, 2),
    ]);
    expect(outcomes.map(({ status }) => status)).toEqual([
      'fulfilled',
      'rejected',
      'rejected',
      'rejected',
      'fulfilled',
    ]);
    expect(await log.size()).toBe(2);
  });

  test('lets nobody wait for a check that never holds', async () => {
    const log = await open();
    const never = log.append((plan) => {
      plan.check({ key: Buffer.from('Nnever'), value: Buffer.from('there') });
      return Promise.resolve({ entry: retraction('never'), result: () => undefined });
    });
    const outcome = never.catch((error: unknown) => error);
    await Promise.all(Array.from({ length: 20 }, (_, at) => say(log, at)));
    expect(await log.size()).toBe(20);
    expect(await outcome).toMatchObject({ code: 'busy' });
  });
});

describe('several logs on one store', () => {
  test('have one order', async () => {
    const logs = await Promise.all([open(), open(), open()]);
    const indexes = await Promise.all(
      logs.flatMap((log, which) => Array.from({ length: 60 }, (_, at) => say(log, `${which}-${at}`))),
    );
    expect(indexes.sort((a, b) => a - b)).toEqual(Array.from({ length: 180 }, (_, at) => at));
    await expectSound(logs[0]);
  });

  test('are refused where they sign with different keys', async () => {
    await open();
    const other = Log.open(stores().keys, { now: Date.now, signer: LogSigner.generate() });
    await expect(other).rejects.toMatchObject({ code: 'key-other' });
  });
});

describe('a commit that fails', () => {
  test.each(['before it is made', 'after it was made'])('%s leaves a sound log and an honest answer', async (when) => {
    const { keys } = stores();
    let broken = false;
    const log = await open(
      meddled(keys, async ({ puts = [] }, make) => {
        const hasEntry = puts.some(({ key }) => key[0] === 'E'.charCodeAt(0));
        if (!broken || !hasEntry) return make();
        broken = false;
        if (when === 'after it was made') await make();
        throw new StoreError('failed', 'the disk went away');
      }),
    );
    await say(log, 'sound');
    broken = true;
    const outcomes = await Promise.allSettled([say(log, 'a'), say(log, 'b')]);
    const made = when === 'after it was made';
    expect(outcomes.map(({ status }) => status)).toEqual(made ? ['fulfilled', 'fulfilled'] : ['rejected', 'rejected']);
    expect(await say(log, 'c')).toBe(made ? 3 : 1);
    await expectSound(log);
  });

  test('because somebody else was faster is made again', async () => {
    const { keys } = stores();
    const other = await open();
    let meddle = 5;
    const log = await open(
      meddled(keys, async (commit, make) => {
        const hasHead = (commit.puts ?? []).some(({ key }) => Buffer.compare(key, logHeadKey) === 0);
        if (hasHead && meddle-- > 0) await say(other, meddle);
        return make();
      }),
    );
    await Promise.all([say(log, 'a'), say(log, 'b')]);
    expect(await log.size()).toBe(7);
    await expectSound(log);
  });
});

describe('what a log proves', () => {
  test('is what the naive tree proves, for every index and size', async () => {
    const log = await open();
    await Promise.all(Array.from({ length: 300 }, (_, at) => say(log, at)));
    const entries = await bytesOf(log);
    for (const size of [1, 2, 3, 7, 8, 100, 255, 256, 257, 300]) {
      const first = entries.slice(0, size);
      for (const index of [0, 1, 2, 6, 99, 254, 255, 256, 299].filter((index) => index < size)) {
        expect(await log.inclusion(index, size)).toEqual(naiveInclusion(index, first));
      }
      for (const from of [0, 1, 2, 3, 4, 6, 7, 64, 100, 255, 256, 300].filter((from) => from <= size)) {
        expect(await log.consistency(from, size)).toEqual(naiveConsistency(from, first));
      }
    }
  });

  test('is asked for in vain beyond its end', async () => {
    const log = await open();
    await say(log, 0);
    for (const asked of [log.inclusion(1, 1), log.inclusion(0, 2), log.inclusion(-1, 1), log.inclusion(0.5, 1)]) {
      await expect(asked).rejects.toMatchObject({ code: 'index-unknown' });
    }
    await expect(log.consistency(2, 1)).rejects.toMatchObject({ code: 'index-unknown' });
    for (const asked of [log.tile(0, 0), log.tile(0, 0, 2), log.tile(1, 0, 1), log.tile('entries', 0, 2)]) {
      await expect(asked).rejects.toMatchObject({ code: 'tile-unknown' });
    }
  });
});
