import { utimes } from 'node:fs/promises';
import { describe, expect, test } from 'vitest';
import type { Publisher, PublisherOptions } from '../../../lib/publication/publisher.ts';
import type { Target, TargetItem } from '../../../lib/publication/target.ts';
import { CountingRenderer, objectsOf } from '../../support/counting-renderer.ts';
import { Gate } from '../../support/gate.ts';
import { usePublisherPlace } from '../../support/publisher-place.ts';
import { useStores } from '../../support/use-stores.ts';
import { wrappedTarget } from '../../support/wrapped-target.ts';

const HOUR = 3_600_000;
const stores = useStores();
const place = usePublisherPlace(stores);

/** Three snapshots, the first two of them replaced long ago, and all that lies there older than the grace period. */
async function publishedLongAgo(): Promise<void> {
  place.time = Date.now() - 6 * HOUR;
  const one = place.publisher();
  for (const entries of [5, 12, 14]) {
    place.renderer.entries = entries;
    await one.publishNow();
    place.time += HOUR;
  }
  const old = new Date(Date.now() - 3 * HOUR);
  for await (const { name } of place.target().list()) await utimes(place.pathOf(name), old, old);
  place.time = Date.now();
}

/** One whose time for a sweep has come. */
function sweeper(options: Partial<PublisherOptions>): Publisher {
  place.time -= 2 * HOUR;
  const one = place.publisher(options);
  place.time += 2 * HOUR;
  return one;
}

async function isThere(digest: TargetItem['name']): Promise<boolean> {
  return (await place.target().read(digest as `sha256:${string}`)) !== undefined;
}

/** What only the snapshot of so many entries has. */
function onlyIn(entries: number, ...others: number[]): string[] {
  const elsewhere = new Set(others.flatMap((other) => objectsOf(other).map(({ digest }) => digest)));
  return objectsOf(entries)
    .map(({ digest }) => digest)
    .filter((digest) => !elsewhere.has(digest));
}

describe('while a sweep', () => {
  test('renders what is kept, publications pass', async () => {
    await publishedLongAgo();
    const [begun, gate] = [new Gate(), new Gate()];
    const slow = new CountingRenderer();
    slow.entries = 14;
    const render = slow.render.bind(slow);
    slow.render = async (...given) => {
      begun.open();
      await gate.opened;
      return render(...given);
    };
    const sweeping = sweeper({ renderer: slow }).look();
    await begun.opened;
    place.renderer.entries = 25;
    await place.publisher().publishNow();
    expect(await place.readerSees()).toBe(25);
    slow.entries = 25;
    gate.open();
    await sweeping;
    expect(await place.readerSees()).toBe(25);
    for (const digest of onlyIn(5, 12, 14, 25)) expect(await isThere(digest as TargetItem['name'])).toBe(false);
    // What was live until a moment ago has readers.
    for (const { digest } of objectsOf(14)) expect(await isThere(digest)).toBe(true);
  });

  test('has found what is old, a snapshot that needs some of it again loses nothing', async () => {
    await publishedLongAgo();
    const real = place.target();
    const target: Target = wrappedTarget(real, {
      async *list() {
        yield* real.list();
        // A rollback of the log itself is no part of it: the page of five entries comes back all the same.
        place.renderer.entries = 15;
        const [page] = objectsOf(5);
        const render = place.renderer.render.bind(place.renderer);
        place.renderer.render = async (size, before, sink) => {
          if (size === 15) await sink.write(page!, page!.bytes);
          return render(size, before, sink);
        };
        await place.publisher().publishNow();
      },
    });
    await sweeper({ target }).look();
    expect(await place.readerSees()).toBe(15);
    const [page, root] = objectsOf(5);
    expect([await isThere(page!.digest), await isThere(root!.digest)]).toEqual([true, false]);
  });

  test('waits for its turn, a rollback is not undone by it', async () => {
    await publishedLongAgo();
    const real = place.target();
    const fourteen = (await place.live())!.snapshot;
    place.renderer.entries = 25;
    await place.publisher().publishNow();
    const target: Target = wrappedTarget(real, {
      async *list() {
        yield* real.list();
        await place.publisher().rollback(fourteen);
      },
    });
    await sweeper({ target }).look();
    expect(await place.readerSees()).toBe(14);
    for (const { digest } of objectsOf(25)) expect(await isThere(digest)).toBe(true);
  });
});

describe('a process that stood still in the middle of a removal', () => {
  test.each([
    ['', false],
    [', and is told to end by then', true],
  ])(
    'leaves nothing missing behind%s: the next publication puts what somebody had put meanwhile',
    async (_how, ends) => {
      await publishedLongAgo();
      const real = place.target();
      const [page] = objectsOf(5);
      let hasStood = false;
      let stopped: Promise<void> | undefined;
      const target: Target = wrappedTarget(real, {
        async remove(name) {
          if (name === page!.digest && !hasStood) {
            hasStood = true;
            // Longer than any lease lasts; somebody else needs the page again, and it is there.
            place.time += 60_000;
            place.renderer.entries = 15;
            const render = place.renderer.render.bind(place.renderer);
            place.renderer.render = async (size, before, sink) => {
              if (before === undefined || size === 15) await sink.write(page!, page!.bytes);
              return render(size, before, sink);
            };
            await place.publisher().publishNow();
            expect(await isThere(page!.digest)).toBe(true);
            await real.remove(name);
            if (ends) stopped = one.stop();
            return;
          }
          await real.remove(name);
        },
      });
      const one = sweeper({ target });
      await one.look();
      await stopped;
      expect([hasStood, await isThere(page!.digest)]).toEqual([true, false]);
      expect(await place.state()).toMatchObject({ doubted: true, live: { size: 15 } });
      // The log has not grown.
      await place.run(place.publisher(), 5_000);
      expect(await isThere(page!.digest)).toBe(true);
      expect(await place.readerSees()).toBe(15);
      const state = await place.state();
      expect([state.doubted, state.live?.publication, state.failures]).toEqual([undefined, 4, 0]);
    },
  );
});

test('a publisher that stood still before its swap, while a sweep removed what it had found, leaves nothing missing behind', async () => {
  await publishedLongAgo();
  const real = place.target();
  const [page] = objectsOf(5);
  const [standing, swept] = [new Gate(), new Gate()];
  const slow: Target = wrappedTarget(real, {
    async swap(bytes, mark) {
      // Longer than any lease lasts.
      place.time += 60_000;
      standing.open();
      await swept.opened;
      return real.swap(bytes, mark);
    },
  });
  let publishing: Promise<unknown> | undefined;
  const target: Target = wrappedTarget(real, {
    async *list() {
      yield* real.list();
      place.renderer.entries = 15;
      const render = place.renderer.render.bind(place.renderer);
      place.renderer.render = async (size, before, sink) => {
        if (size === 15) await sink.write(page!, page!.bytes);
        return render(size, before, sink);
      };
      publishing = place.publisher({ target: slow }).publishNow();
      await standing.opened;
    },
  });
  await sweeper({ target }).look();
  expect(await isThere(page!.digest)).toBe(false);
  swept.open();
  await publishing;
  expect(await place.state()).toMatchObject({ doubted: true, live: { size: 15 } });
  await place.run(place.publisher(), 5_000);
  expect([await isThere(page!.digest), await place.readerSees()]).toEqual([true, 15]);
  expect((await place.state()).doubted).toBe(undefined);
});
