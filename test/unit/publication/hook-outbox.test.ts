import { describe, expect, test } from 'vitest';
import { PublicationError } from '../../../lib/publication/publication-error.ts';
import type { PendingHook } from '../../../lib/publication/publication-state.ts';
import type { Target } from '../../../lib/publication/target.ts';
import type { Commit } from '../../../lib/store/keyed-store.ts';
import { usePublisherPlace } from '../../support/publisher-place.ts';
import { interruptedOnce, useStores } from '../../support/use-stores.ts';
import { wrappedTarget } from '../../support/wrapped-target.ts';

const stores = useStores();
const place = usePublisherPlace(stores);

const outOfReach = (): Promise<never> => Promise.reject(new PublicationError('target-busy', 'out of reach'));

/** Publishes ten entries while the site is down, so that it has yet to be told of them. */
async function publishUnheard(): Promise<void> {
  place.renderer.entries = 10;
  const down = place.publisher({ hook: () => Promise.reject(new PublicationError('hook-failed', 'the site is down')) });
  await down.publishNow();
  await down.look();
  expect((await place.state()).hook).toMatchObject({ size: 10, attempts: 1 });
}

/** Commits that note what is live. */
function notes(publication: number): (commit: Commit) => boolean {
  return ({ puts = [] }) => {
    return puts.some(({ value }) => {
      const { live, swapping } = JSON.parse(Buffer.from(value).toString()) as Record<string, unknown>;
      return (live as { publication: number } | undefined)?.publication === publication && swapping === undefined;
    });
  };
}

describe('a site that has yet to be told of what is live', () => {
  const faults: Record<string, (real: Target) => Partial<Target>> = {
    'its first object': () => ({ put: outOfReach }),
    'the swap': () => ({ swap: outOfReach }),
    'a swap that was told as another’s': () => ({ swap: () => Promise.resolve(false) }),
  };

  test.each(Object.keys(faults))('is told of it though the next publication fails at %s', async (at) => {
    await publishUnheard();
    place.renderer.entries = 20;
    const one = place.publisher({ target: wrappedTarget(place.target(), faults[at]!(place.target())) });
    await expect(one.publishNow()).rejects.toMatchObject({ code: 'target-busy' });
    await place.run(one, 10_000);
    expect(place.told.map(({ size }) => size)).toEqual([10]);
    expect(await place.readerSees()).toBe(10);
    // And of the next one, when it comes to be.
    await place.run(place.publisher(), 60_000);
    expect(place.told.map(({ size }) => size)).toEqual([10, 20]);
  });

  test('is told of it though the next publisher dies just before its swap', async () => {
    await publishUnheard();
    place.renderer.entries = 20;
    const never = place.publisher({
      target: wrappedTarget(place.target(), { swap: () => new Promise(() => undefined) }),
    });
    void never.publishNow().catch(() => undefined);
    await expect.poll(async () => (await place.state()).swapping).toBe(2);
    await place.run(place.publisher({ target: wrappedTarget(place.target(), { put: outOfReach }) }), 30_000);
    expect(place.told.map(({ size }) => size)).toEqual([10]);
    await never.stop();
  });

  test('is told once of a swap that was made and told of as lost', async () => {
    const real = place.target();
    const losing = wrappedTarget(real, { swap: (...args) => real.swap(...args).then(outOfReach) });
    place.renderer.entries = 10;
    const one = place.publisher({ target: losing });
    await place.run(one, 20_000);
    expect(await place.readerSees()).toBe(10);
    expect(await place.live()).toMatchObject({ publication: 1 });
    expect(place.told).toHaveLength(1);
    expect(await place.state()).toMatchObject({ failures: 0, history: [{ publication: 1 }] });
  });

  test('is told of a rollback whose publisher died before its note, by one that ran all along', async () => {
    place.renderer.entries = 10;
    const other = place.publisher();
    await place.run(other, 5_000);
    const [first] = (await place.state()).history;
    place.renderer.entries = 20;
    await place.run(other, 5_000);
    const keys = interruptedOnce(stores().keys, notes(3), () => Promise.reject(new Error('power cut')));
    await expect(place.publisher({ keys }).rollback(first!.snapshot)).rejects.toThrow('power cut');
    await place.run(other, 20_000);
    expect(place.told.at(-1)).toMatchObject({ publication: 3, size: 10 } satisfies Partial<PendingHook>);
    expect(await place.state()).toMatchObject({ held: true, history: [{ publication: 3 }, {}, {}] });
  });

  test('is told of the newest by the end, though a slow server notes an earlier one after it', async () => {
    place.renderer.entries = 10;
    const other = place.publisher();
    const keys = interruptedOnce(stores().keys, notes(1), async () => {
      place.time += 20_000;
      place.renderer.entries = 20;
      await other.publishNow();
      await other.look();
    });
    await place.publisher({ keys }).publishNow();
    await place.run(other, 5_000);
    expect((await place.state()).history.map(({ publication }) => publication)).toEqual([2, 1]);
    expect(place.told.map(({ size }) => size)).toEqual([20]);
  });
});
