import { readFile, utimes, writeFile } from 'node:fs/promises';
import { describe, expect, test } from 'vitest';
import type { PublisherOptions } from '../../../lib/publication/publisher.ts';
import { changeState, readState, type PendingHook } from '../../../lib/publication/publication-state.ts';
import { PublicationError } from '../../../lib/publication/publication-error.ts';
import type { NewObject, Target } from '../../../lib/publication/target.ts';
import { systemClock } from '../../../lib/store/clock.ts';
import type { Commit, KeyedStore } from '../../../lib/store/keyed-store.ts';
import { CountingRenderer, objectsOf } from '../../support/counting-renderer.ts';
import { usePublisherPlace } from '../../support/publisher-place.ts';
import { useStores } from '../../support/use-stores.ts';
import { wrappedTarget } from '../../support/wrapped-target.ts';

const stores = useStores();
const place = usePublisherPlace(stores);
const HOUR = 3_600_000;

describe('a publisher', () => {
  test('publishes an empty log, and what comes later when it has been quiet for two seconds', async () => {
    const one = place.publisher();
    await place.run(one, 3_000);
    expect(await place.readerSees()).toBe(0);
    place.renderer.entries = 25;
    await place.run(one, 1_500);
    expect(await place.readerSees()).toBe(0);
    await place.run(one, 1_500);
    expect(await place.readerSees()).toBe(25);
  });

  test('makes one publication and one word to the hook of a burst of 500', async () => {
    const one = place.publisher();
    for (let entry = 0; entry < 500; entry += 10) {
      place.renderer.entries += 10;
      await place.run(one, 500);
    }
    await place.run(one, 5_000);
    expect(await place.readerSees()).toBe(500);
    const state = await place.state();
    expect(state.history.length).toBeLessThanOrEqual(3);
    expect(place.told.length).toBeLessThanOrEqual(3);
    expect(place.told.at(-1)?.snapshot).toBe((await place.live())?.snapshot);
  });

  test('publishes in the middle of a burst that does not end', async () => {
    const one = place.publisher();
    for (let tick = 0; tick < 70; tick += 1) {
      place.renderer.entries += 1;
      await place.run(one, 500);
    }
    expect(await place.readerSees()).toBeGreaterThan(40);
  });

  test('puts only what the snapshot before has not', async () => {
    const put: NewObject[] = [];
    const counting = wrappedTarget(place.target(), {
      put: async (object, freshMs) => (put.push(object), place.target().put(object, freshMs)),
    });
    const one = place.publisher({ target: counting });
    place.renderer.entries = 1000;
    await one.publishNow();
    put.length = 0;
    place.renderer.entries = 1001;
    await one.publishNow();
    expect(put).toHaveLength(2);
    expect(await place.readerSees()).toBe(1001);
  });

  test('tells the hook again until it answers, with back-off, and of the newest snapshot alone', async () => {
    let isUp = false;
    const attempts: number[] = [];
    const hook = async (pending: PendingHook): Promise<void> => {
      attempts.push(pending.size);
      if (!isUp) throw new PublicationError('hook-failed', 'the site is down');
      place.told.push(pending);
    };
    const one = place.publisher({ hook });
    place.renderer.entries = 5;
    await place.run(one, 10_000);
    const { state } = await readState(stores().keys);
    expect(state.hook).toMatchObject({ size: 5, lastError: 'the site is down' });
    expect(attempts.length).toBeLessThan(6);
    place.renderer.entries = 6;
    await place.run(one, 4_000);
    isUp = true;
    await place.run(one, 60_000);
    expect(place.told.map(({ size }) => size)).toEqual([6]);
    expect((await readState(stores().keys)).state.hook).toBeUndefined();
  });

  test('says what is in the way, tries again with back-off, and goes on when it is gone', async () => {
    let isUp = false;
    let puts = 0;
    const failing = wrappedTarget(place.target(), {
      put: async (object, freshMs) => {
        puts += 1;
        if (!isUp) throw new PublicationError('target-busy', 'the bucket throttles');
        await place.target().put(object, freshMs);
      },
    });
    const one = place.publisher({ target: failing });
    place.renderer.entries = 3;
    await place.run(one, 30_000);
    expect((await readState(stores().keys)).state).toMatchObject({ lastError: 'the bucket throttles' });
    expect(puts).toBeLessThan(20);
    expect(await place.readerSees()).toBe(-1);
    isUp = true;
    await place.run(one, 120_000);
    expect(await place.readerSees()).toBe(3);
    expect((await readState(stores().keys)).state).toMatchObject({ failures: 0 });
  });

  test('publishes and tells the hook though the clock was set back by a year', async () => {
    let isUp = true;
    const hook = async (pending: PendingHook): Promise<void> => {
      if (!isUp) throw new PublicationError('hook-failed', 'the site is down');
      place.told.push(pending);
    };
    const one = place.publisher({ hook });
    place.renderer.entries = 3;
    await place.run(one, 3_000);
    isUp = false;
    place.renderer.entries = 4;
    await place.run(one, 20_000);
    isUp = true;
    place.setClockBack(365 * 24 * HOUR);
    place.renderer.entries = 5;
    await place.run(one, 5_000);
    expect(await place.readerSees()).toBe(5);
    expect(place.told.at(-1)).toMatchObject({ size: 5 });
    expect(await place.live()).toMatchObject({ publication: 3 });
  });

  test('goes on publishing while the hook hangs, and ends without waiting for it', async () => {
    const one = place.publisher({ hook: hangs, clock: systemClock });
    place.renderer.entries = 3;
    one.start();
    await one.publishNow();
    await new Promise((resolve) => setTimeout(resolve, 1_000));
    place.renderer.entries = 4;
    await one.publishNow();
    expect(await place.readerSees()).toBe(4);
    await one.stop();
    const { state } = await readState(stores().keys);
    expect(state.hook).toMatchObject({ size: 4, attempts: 0 });
  });

  test('makes all anew where the snapshot before was damaged at the target', async () => {
    const one = place.publisher();
    place.renderer.entries = 25;
    await one.publishNow();
    for (const { digest } of objectsOf(25)) await place.target().remove(digest);
    place.renderer.entries = 26;
    await one.publishNow();
    expect(await place.readerSees()).toBe(26);
  });

  test('makes all anew where a byte of what is live was changed at the target', async () => {
    place.renderer.entries = 25;
    await place.publisher().publishNow();
    for (const { digest } of objectsOf(25)) await damage(place.pathOf(digest));
    place.renderer.entries = 26;
    await place.publisher().publishNow();
    expect(await place.readerSees()).toBe(26);
    // The log need not grow for it: the next start looks.
    for (const { digest } of objectsOf(26)) await damage(place.pathOf(digest));
    await place.run(place.publisher(), 4_000);
    expect(await place.readerSees()).toBe(26);
  });

  test('leaves the work to another that is at it, and takes over when that one has died', async () => {
    place.renderer.entries = 4;
    const stuck = place.publisher({
      target: wrappedTarget(place.target(), { put: () => new Promise(() => undefined) }),
    });
    void stuck.publishNow();
    await new Promise((resolve) => setTimeout(resolve, 50));
    const other = place.publisher();
    await expect(other.publishNow()).rejects.toMatchObject({ code: 'busy' });
    place.time += 61_000;
    await other.publishNow();
    expect(await place.readerSees()).toBe(4);
  });

  test('does not publish what another store has published beyond this log', async () => {
    place.renderer.entries = 50;
    await place.publisher().publishNow();
    place.renderer.entries = 10;
    await expect(place.publisher().publishNow()).rejects.toMatchObject({ code: 'target-backwards' });
    expect(await place.live()).toMatchObject({ size: 50 });
  });

  test('does not publish a log that was set back and has grown again, however long it is', async () => {
    place.renderer.entries = 50;
    await place.publisher().publishNow();
    place.renderer.history = 'another';
    place.renderer.entries = 51;
    await expect(place.publisher().publishNow()).rejects.toMatchObject({ code: 'target-backwards' });
    expect(await place.live()).toMatchObject({ size: 50 });
    place.renderer.history = 'one';
    await place.publisher().publishNow();
    expect(await place.live()).toMatchObject({ size: 51 });
  });
});

describe('a rollback', () => {
  test('points at an earlier snapshot and stays there until somebody publishes', async () => {
    const one = place.publisher();
    place.renderer.entries = 10;
    const { live } = await one.publishNow();
    place.renderer.entries = 20;
    await one.publishNow();
    await one.rollback(live!.snapshot);
    expect(await place.readerSees()).toBe(10);
    expect(await place.live()).toMatchObject({ publication: 3 });
    place.renderer.entries = 30;
    await place.run(one, 60_000);
    expect(await place.readerSees()).toBe(10);
    await one.publishNow();
    expect(await place.readerSees()).toBe(30);
  });

  test('is not published over by who has seen the log grow before', async () => {
    let isBehind = false;
    const events: string[] = [];
    const one = place.publisher({
      onEvent: ({ what }) => events.push(what),
      around: async (work) => {
        if (isBehind) await place.publisher().rollback(objectsOf(10).at(-1)!.digest);
        isBehind = false;
        return work();
      },
    });
    place.renderer.entries = 10;
    await place.run(one, 5_000);
    place.renderer.entries = 20;
    await place.run(one, 5_000);
    expect(events).toEqual(['published', 'published']);
    place.renderer.entries = 30;
    isBehind = true;
    await place.run(one, 60_000);
    expect(isBehind).toBe(false);
    expect(await place.readerSees()).toBe(10);
    expect(events).toEqual(['published', 'published']);
    expect(await place.state()).toMatchObject({ held: true, failures: 0 });
    await one.publishNow();
    expect(await place.readerSees()).toBe(30);
  });

  const refused = new PublicationError('target-refused', 'nobody may write');
  const busy = new PublicationError('target-busy', 'no answer');
  test.each([
    ['goes on where somebody else swaps', async () => false, false],
    ['goes on where the target refuses', () => Promise.reject(refused), false],
    ['holds where nobody knows what the target made of it', () => Promise.reject(busy), true],
  ])('that fails %s', async (_what, swap: Target['swap'], isHeld) => {
    const one = place.publisher();
    place.renderer.entries = 10;
    const { live } = await one.publishNow();
    place.renderer.entries = 20;
    await one.publishNow();
    const failing = place.publisher({ target: wrappedTarget(place.target(), { swap }) });
    await expect(failing.rollback(live!.snapshot)).rejects.toMatchObject({ name: 'PublicationError' });
    expect((await place.state()).held === true).toBe(isHeld);
    place.renderer.entries = 30;
    await place.run(one, 10_000);
    expect(await place.readerSees()).toBe(isHeld ? 20 : 30);
    // What held before holds on.
    await one.rollback(live!.snapshot);
    await expect(failing.rollback(live!.snapshot)).rejects.toMatchObject({ name: 'PublicationError' });
    expect((await place.state()).held).toBe(true);
  });

  test('to a snapshot that is not kept is refused, and changes nothing', async () => {
    const one = place.publisher();
    place.renderer.entries = 10;
    await one.publishNow();
    const { digest } = objectsOf(7).at(-1)!;
    await expect(one.rollback(digest)).rejects.toMatchObject({ code: 'snapshot-unknown' });
    place.renderer.entries = 11;
    await place.run(one, 10_000);
    expect(await place.readerSees()).toBe(11);
  });
});

describe('a sweep', () => {
  test('removes what only snapshots have that were replaced longer ago than the grace period', async () => {
    // The folder's files have the time of the machine.
    place.time = Date.now();
    const one = place.publisher();
    place.renderer.entries = 15;
    await one.publishNow();
    place.time += 2 * HOUR;
    place.renderer.entries = 27;
    await one.publishNow();
    place.time += HOUR / 2;
    place.renderer.entries = 28;
    await one.publishNow();
    place.time += 0.75 * HOUR;
    await one.look();
    expect((await place.state()).history.map(({ size }) => size)).toEqual([28, 27]);
    expect(await place.readerSees()).toBe(28);
    const gone = objectsOf(15).filter(({ digest }) => !objectsOf(27).some((kept) => kept.digest === digest));
    for (const { digest } of gone) expect(await place.target().read(digest)).toBeUndefined();
    for (const { digest } of objectsOf(27)) expect(await place.target().read(digest)).toBeDefined();
  });

  test('removes nothing where a render makes another snapshot than the one that is live', async () => {
    place.time = Date.now() - 3 * HOUR;
    const one = place.publisher();
    place.renderer.entries = 15;
    await one.publishNow();
    const old = new Date(place.time);
    for await (const { name } of place.target().list()) await utimes(place.pathOf(name), old, old);
    place.time = Date.now();
    const later = new CountingRenderer();
    later.entries = 15;
    later.render = async (_size, _before, sink) => {
      const [other] = objectsOf(1);
      await sink.write(other!, other!.bytes);
      return other!.digest;
    };
    const sweeping = place.publisher({ renderer: later });
    place.time += 2 * HOUR;
    await sweeping.look();
    expect(await place.readerSees()).toBe(15);
  });

  test('leaves an object that a publisher has found and touched, though its lease ran out meanwhile', async () => {
    place.time = Date.now() - 3 * HOUR;
    const one = place.publisher();
    for (place.renderer.entries = 9; place.renderer.entries < 11; place.renderer.entries += 1) await one.publishNow();
    const old = new Date(place.time);
    for await (const { name } of place.target().list()) await utimes(place.pathOf(name), old, old);
    place.time = Date.now();
    // Somebody is just publishing the nine again, and has found the page there.
    const [page, root] = objectsOf(9);
    await place.target().put(page!, HOUR / 2);
    await one.look();
    expect(await place.target().read(root!.digest)).toBeUndefined();
    expect(await place.target().read(page!.digest)).toBeDefined();
  });
});

describe('whichever step a publisher dies at', () => {
  test('readers see one whole snapshot, never an earlier one, and the next start converges', async () => {
    let step = 0;
    for (let hasDied = true; hasDied && step < 100; step += 1) {
      const before = await place.readerSees();
      place.renderer.entries += 7;
      const dying = dyingAt(step);
      hasDied = await place
        .publisher(dying)
        .publishNow()
        .then(
          () => false,
          () => true,
        );
      expect([before, place.renderer.entries]).toContain(await place.readerSees());
      // Nobody renews the lease of the dead.
      place.time += 90_000;
      await place.run(place.publisher(), 10_000);
      expect(await place.readerSees()).toBe(place.renderer.entries);
      expect(place.told.at(-1)).toMatchObject({ size: place.renderer.entries });
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
  const real = place.target();
  const dyingTarget = wrappedTarget(real, {
    put: (object, freshMs) => step(() => real.put(object, freshMs)),
    swap: (bytes, mark) => step(() => real.swap(bytes, mark)),
  });
  return { keys: dyingKeys, target: dyingTarget };
}

/** One byte, so that all is as long as before. */
async function damage(path: string): Promise<void> {
  const bytes = await readFile(path);
  bytes[bytes.length - 1]! ^= 1;
  await writeFile(path, bytes);
}

function hangs(_hook: PendingHook, ended: AbortSignal): Promise<void> {
  return new Promise((_resolve, reject) => ended.addEventListener('abort', () => reject(new Error('cut'))));
}

test('the state of publication is changed by one at a time', async () => {
  const { keys } = stores();
  await Promise.all(
    Array.from({ length: 20 }, () => changeState(keys, (state) => ({ ...state, failures: state.failures + 1 }))),
  );
  expect((await readState(keys)).state.failures).toBe(20);
});
