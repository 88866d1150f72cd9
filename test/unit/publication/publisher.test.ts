import { utimes } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeEach, describe, expect, test } from 'vitest';
import { DirectoryTarget } from '../../../lib/publication/directory-target.ts';
import { parsePointer, type Pointer } from '../../../lib/publication/pointer.ts';
import { Publisher, type PublisherOptions } from '../../../lib/publication/publisher.ts';
import { changeState, readState, type PendingHook } from '../../../lib/publication/publication-state.ts';
import { PublicationError } from '../../../lib/publication/publication-error.ts';
import type { NewObject, Target } from '../../../lib/publication/target.ts';
import type { Commit, KeyedStore } from '../../../lib/store/keyed-store.ts';
import { CountingRenderer, objectsOf } from '../../support/counting-renderer.ts';
import { useStores } from '../../support/use-stores.ts';

const stores = useStores();
const HOUR = 3_600_000;

let time: number;
let renderer: CountingRenderer;
let told: PendingHook[];

beforeEach(() => {
  time = 1_800_000_000_000;
  renderer = new CountingRenderer();
  told = [];
});

function target(): DirectoryTarget {
  return new DirectoryTarget(join(stores().folder, 'bucket'));
}

function pathOf(digest: string): string {
  return join(stores().folder, 'bucket', 'o', digest.slice('sha256:'.length));
}

function publisher(options: Partial<PublisherOptions> = {}): Publisher {
  return new Publisher({
    keys: stores().keys,
    target: target(),
    renderer,
    hook: async (hook) => void told.push(hook),
    now: () => time,
    graceMs: HOUR,
    ...options,
  });
}

async function live(): Promise<Pointer | undefined> {
  const read = await target().pointer();
  return read === undefined ? undefined : parsePointer(read.bytes);
}

/** What a reader finds from the pointer on: all of one snapshot, or this fails. */
async function readerSees(): Promise<number> {
  const pointer = await live();
  if (pointer === undefined) return -1;
  const objects = objectsOf(pointer.size);
  expect(pointer.snapshot).toBe(objects.at(-1)!.digest);
  for (const { digest, bytes } of objects) {
    const there = await target().read(digest);
    expect(there === undefined ? undefined : Buffer.from(there).equals(Buffer.from(bytes))).toBe(true);
  }
  return pointer.size;
}

/** Lets the publisher look every half second of its own time. */
async function run(one: Publisher, ms: number): Promise<void> {
  for (const end = time + ms; time < end; time += 500) await one.look();
}

describe('a publisher', () => {
  test('publishes an empty log, and what comes later when it has been quiet for two seconds', async () => {
    const one = publisher();
    await run(one, 3_000);
    expect(await readerSees()).toBe(0);
    renderer.entries = 25;
    await run(one, 1_500);
    expect(await readerSees()).toBe(0);
    await run(one, 1_500);
    expect(await readerSees()).toBe(25);
  });

  test('makes one publication and one word to the hook of a burst of 500', async () => {
    const one = publisher();
    for (let entry = 0; entry < 500; entry += 10) {
      renderer.entries += 10;
      await run(one, 500);
    }
    await run(one, 5_000);
    expect(await readerSees()).toBe(500);
    const { state } = await readState(stores().keys);
    expect(state.history.length).toBeLessThanOrEqual(3);
    expect(told.length).toBeLessThanOrEqual(3);
    expect(told.at(-1)?.snapshot).toBe((await live())?.snapshot);
  });

  test('publishes in the middle of a burst that does not end', async () => {
    const one = publisher();
    for (let tick = 0; tick < 70; tick += 1) {
      renderer.entries += 1;
      await run(one, 500);
    }
    expect(await readerSees()).toBeGreaterThan(40);
  });

  test('puts only what the snapshot before has not', async () => {
    const put: NewObject[] = [];
    const counting = wrapped(target(), {
      put: async (object, freshMs) => (put.push(object), target().put(object, freshMs)),
    });
    const one = publisher({ target: counting });
    renderer.entries = 1000;
    await one.publishNow();
    put.length = 0;
    renderer.entries = 1001;
    await one.publishNow();
    expect(put).toHaveLength(2);
    expect(await readerSees()).toBe(1001);
  });

  test('tells the hook again until it answers, with back-off, and of the newest snapshot alone', async () => {
    let isUp = false;
    const attempts: number[] = [];
    const hook = async (pending: PendingHook): Promise<void> => {
      attempts.push(pending.size);
      if (!isUp) throw new PublicationError('hook-failed', 'the site is down');
      told.push(pending);
    };
    const one = publisher({ hook });
    renderer.entries = 5;
    await run(one, 10_000);
    const { state } = await readState(stores().keys);
    expect(state.hook).toMatchObject({ size: 5, lastError: 'the site is down' });
    expect(attempts.length).toBeLessThan(6);
    renderer.entries = 6;
    await run(one, 4_000);
    isUp = true;
    await run(one, 60_000);
    expect(told.map(({ size }) => size)).toEqual([6]);
    expect((await readState(stores().keys)).state.hook).toBeUndefined();
  });

  test('says what is in the way, tries again with back-off, and goes on when it is gone', async () => {
    let isUp = false;
    let puts = 0;
    const failing = wrapped(target(), {
      put: async (object, freshMs) => {
        puts += 1;
        if (!isUp) throw new PublicationError('target-busy', 'the bucket throttles');
        await target().put(object, freshMs);
      },
    });
    const one = publisher({ target: failing });
    renderer.entries = 3;
    await run(one, 30_000);
    expect((await readState(stores().keys)).state).toMatchObject({ lastError: 'the bucket throttles' });
    expect(puts).toBeLessThan(20);
    expect(await readerSees()).toBe(-1);
    isUp = true;
    await run(one, 120_000);
    expect(await readerSees()).toBe(3);
    expect((await readState(stores().keys)).state).toMatchObject({ failures: 0 });
  });

  test('publishes and tells the hook though the clock was set back by a year', async () => {
    let isUp = true;
    const hook = async (pending: PendingHook): Promise<void> => {
      if (!isUp) throw new PublicationError('hook-failed', 'the site is down');
      told.push(pending);
    };
    const one = publisher({ hook });
    renderer.entries = 3;
    await run(one, 3_000);
    isUp = false;
    renderer.entries = 4;
    await run(one, 20_000);
    isUp = true;
    time -= 365 * 24 * HOUR;
    renderer.entries = 5;
    await run(one, 5_000);
    expect(await readerSees()).toBe(5);
    expect(told.at(-1)).toMatchObject({ size: 5 });
    expect(await live()).toMatchObject({ publication: 3 });
  });

  test('goes on publishing while the hook hangs, and ends without waiting for it', async () => {
    const one = publisher({ hook: hangs, now: Date.now });
    renderer.entries = 3;
    one.start();
    await one.publishNow();
    await new Promise((resolve) => setTimeout(resolve, 1_000));
    renderer.entries = 4;
    await one.publishNow();
    expect(await readerSees()).toBe(4);
    await one.stop();
    const { state } = await readState(stores().keys);
    expect(state.hook).toMatchObject({ size: 4, attempts: 0 });
  });

  test('makes all anew where the snapshot before was damaged at the target', async () => {
    const one = publisher();
    renderer.entries = 25;
    await one.publishNow();
    for (const { digest } of objectsOf(25)) await target().remove(digest);
    renderer.entries = 26;
    await one.publishNow();
    expect(await readerSees()).toBe(26);
  });

  test('leaves the work to another that is at it, and takes over when that one has died', async () => {
    renderer.entries = 4;
    const stuck = publisher({ target: wrapped(target(), { put: () => new Promise(() => undefined) }) });
    void stuck.publishNow();
    await new Promise((resolve) => setTimeout(resolve, 50));
    const other = publisher();
    await expect(other.publishNow()).rejects.toMatchObject({ code: 'busy' });
    time += 61_000;
    await other.publishNow();
    expect(await readerSees()).toBe(4);
  });

  test('does not publish what another store has published beyond this log', async () => {
    renderer.entries = 50;
    await publisher().publishNow();
    renderer.entries = 10;
    await expect(publisher().publishNow()).rejects.toMatchObject({ code: 'target-backwards' });
    expect(await live()).toMatchObject({ size: 50 });
  });

  test('does not publish a log that was set back and has grown again, however long it is', async () => {
    renderer.entries = 50;
    await publisher().publishNow();
    renderer.history = 'another';
    renderer.entries = 51;
    await expect(publisher().publishNow()).rejects.toMatchObject({ code: 'target-backwards' });
    expect(await live()).toMatchObject({ size: 50 });
    renderer.history = 'one';
    await publisher().publishNow();
    expect(await live()).toMatchObject({ size: 51 });
  });
});

describe('a rollback', () => {
  test('points at an earlier snapshot and stays there until somebody publishes', async () => {
    const one = publisher();
    renderer.entries = 10;
    const { history } = await one.publishNow();
    renderer.entries = 20;
    await one.publishNow();
    await one.rollback(history[0]!.snapshot);
    expect(await readerSees()).toBe(10);
    expect(await live()).toMatchObject({ publication: 3 });
    renderer.entries = 30;
    await run(one, 60_000);
    expect(await readerSees()).toBe(10);
    await one.publishNow();
    expect(await readerSees()).toBe(30);
  });

  test('to a snapshot that is not kept is refused, and changes nothing', async () => {
    const one = publisher();
    renderer.entries = 10;
    await one.publishNow();
    const { digest } = objectsOf(7).at(-1)!;
    await expect(one.rollback(digest)).rejects.toMatchObject({ code: 'snapshot-unknown' });
    renderer.entries = 11;
    await run(one, 10_000);
    expect(await readerSees()).toBe(11);
  });
});

describe('a sweep', () => {
  test('removes what only snapshots have that were replaced longer ago than the grace period', async () => {
    // The folder's files have the time of the machine.
    time = Date.now();
    const one = publisher();
    renderer.entries = 15;
    await one.publishNow();
    time += 2 * HOUR;
    renderer.entries = 27;
    await one.publishNow();
    time += HOUR / 2;
    renderer.entries = 28;
    await one.publishNow();
    time += 0.75 * HOUR;
    await one.look();
    const { state } = await readState(stores().keys);
    expect(state.history.map(({ size }) => size)).toEqual([28, 27]);
    expect(await readerSees()).toBe(28);
    const gone = objectsOf(15).filter(({ digest }) => !objectsOf(27).some((kept) => kept.digest === digest));
    for (const { digest } of gone) expect(await target().read(digest)).toBeUndefined();
    for (const { digest } of objectsOf(27)) expect(await target().read(digest)).toBeDefined();
  });

  test('removes nothing where a render makes another snapshot than the one that is live', async () => {
    time = Date.now() - 3 * HOUR;
    const one = publisher();
    renderer.entries = 15;
    await one.publishNow();
    const old = new Date(time);
    for await (const { digest } of target().list()) await utimes(pathOf(digest), old, old);
    time = Date.now();
    const later = new CountingRenderer();
    later.entries = 15;
    later.render = async (_size, _before, sink) => {
      const [other] = objectsOf(1);
      await sink.write(other!, other!.bytes);
      return other!.digest;
    };
    const sweeping = publisher({ renderer: later });
    time += 2 * HOUR;
    await sweeping.look();
    expect(await readerSees()).toBe(15);
  });

  test('leaves an object that a publisher has found and touched, though its lease ran out meanwhile', async () => {
    time = Date.now() - 3 * HOUR;
    const one = publisher();
    for (renderer.entries = 9; renderer.entries < 11; renderer.entries += 1) await one.publishNow();
    const old = new Date(time);
    for await (const { digest } of target().list()) await utimes(pathOf(digest), old, old);
    time = Date.now();
    // Somebody is just publishing the nine again, and has found the page there.
    const [page, root] = objectsOf(9);
    await target().put(page!, HOUR / 2);
    await one.look();
    expect(await target().read(root!.digest)).toBeUndefined();
    expect(await target().read(page!.digest)).toBeDefined();
  });
});

describe('whichever step a publisher dies at', () => {
  test('readers see one whole snapshot, never an earlier one, and the next start converges', async () => {
    let step = 0;
    for (let hasDied = true; hasDied && step < 100; step += 1) {
      const before = await readerSees();
      renderer.entries += 7;
      const dying = dyingAt(step);
      hasDied = await publisher(dying)
        .publishNow()
        .then(
          () => false,
          () => true,
        );
      expect([before, renderer.entries]).toContain(await readerSees());
      // Nobody renews the lease of the dead.
      time += 90_000;
      await run(publisher(), 10_000);
      expect(await readerSees()).toBe(renderer.entries);
      expect(told.at(-1)).toMatchObject({ size: renderer.entries });
    }
    expect(step).toBeGreaterThan(6);
  });
});

/** Stores and a target that fail for good from the given step on, every second time after the step was made. */
function dyingAt(last: number): Partial<PublisherOptions> {
  let steps = 0;
  async function step<T>(work: () => Promise<T>): Promise<T> {
    const at = steps;
    steps += 1;
    if (at > last || (at === last && last % 2 === 0)) throw new Error('power cut');
    const result = await work();
    if (at === last) throw new Error('power cut');
    return result;
  }
  const { keys } = stores();
  const dyingKeys: KeyedStore = {
    get: (key) => keys.get(key),
    list: (range) => keys.list(range),
    close: () => keys.close(),
    commit: (commit: Commit) => step(() => keys.commit(commit)),
  };
  const real = target();
  const dyingTarget = wrapped(real, {
    put: (object, freshMs) => step(() => real.put(object, freshMs)),
    swap: (bytes, mark) => step(() => real.swap(bytes, mark)),
  });
  return { keys: dyingKeys, target: dyingTarget };
}

function hangs(_hook: PendingHook, ended: AbortSignal): Promise<void> {
  return new Promise((_resolve, reject) => ended.addEventListener('abort', () => reject(new Error('cut'))));
}

function wrapped(real: Target, changed: Partial<Target>): Target {
  return {
    put: (object, freshMs) => real.put(object, freshMs),
    read: (digest) => real.read(digest),
    open: (digest) => real.open(digest),
    pointer: () => real.pointer(),
    swap: (bytes, mark) => real.swap(bytes, mark),
    list: () => real.list(),
    remove: (digest) => real.remove(digest),
    ...changed,
  };
}

test('the state of publication is changed by one at a time', async () => {
  const { keys } = stores();
  await Promise.all(
    Array.from({ length: 20 }, () => changeState(keys, (state) => ({ ...state, failures: state.failures + 1 }))),
  );
  expect((await readState(keys)).state.failures).toBe(20);
});
