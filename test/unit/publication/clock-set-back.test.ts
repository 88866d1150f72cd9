import { describe, expect, test } from 'vitest';
import { PublicationError } from '../../../lib/publication/publication-error.ts';
import type { PendingHook } from '../../../lib/publication/publication-state.ts';
import { usePublisherPlace } from '../../support/publisher-place.ts';
import { useStores } from '../../support/use-stores.ts';
import { wrappedTarget } from '../../support/wrapped-target.ts';

const stores = useStores();
const place = usePublisherPlace(stores);

const SECOND = 1_000;
const MINUTE = 60 * SECOND;
const DAY = 24 * 60 * MINUTE;

/** Less than a back-off may be, what clocks of machines differ by, and more than anything waits for. */
describe.each([700, 20 * SECOND, 4 * MINUTE, 400 * DAY])('a clock that is set back by %i ms', (back) => {
  test('holds up no burst, and publishes none of it twice in a second', async () => {
    const one = place.publisher();
    await place.run(one, 5_000);
    place.renderer.entries = 10;
    await place.run(one, 500);
    place.setClockBack(back);
    await place.run(one, 3_000);
    expect(await place.readerSees()).toBe(10);
    expect(await place.live()).toMatchObject({ publication: 2 });
  });

  test('holds up no burst that does not end', async () => {
    const one = place.publisher();
    await place.run(one, 5_000);
    for (let second = 0; second < 35; second += 1) {
      place.renderer.entries += 1;
      if (second % 10 === 9) place.setClockBack(back);
      await place.run(one, 1_000);
    }
    expect(await place.readerSees()).toBeGreaterThan(0);
  });

  test('holds up no second attempt for longer than its back-off', async () => {
    let isUp = false;
    const real = place.target();
    const one = place.publisher({
      target: wrappedTarget(real, { put: (object, freshMs) => (isUp ? real.put(object, freshMs) : refuse()) }),
    });
    place.renderer.entries = 10;
    await place.run(one, 6_000);
    const { failures } = await place.state();
    expect(failures).toBeGreaterThan(1);
    isUp = true;
    place.setClockBack(back);
    await place.run(one, SECOND * 2 ** failures + SECOND);
    expect(await place.readerSees()).toBe(10);
  });

  test('holds up no word to the site for longer than its back-off', async () => {
    let isUp = false;
    const hook = async (pending: PendingHook): Promise<void> => {
      if (!isUp) throw new PublicationError('hook-failed', 'the site is down');
      place.told.push(pending);
    };
    const one = place.publisher({ hook });
    place.renderer.entries = 10;
    await place.run(one, 6_000);
    const { attempts } = (await place.state()).hook!;
    isUp = true;
    place.setClockBack(back);
    await place.run(one, SECOND * 2 ** attempts + SECOND);
    expect(place.told).toMatchObject([{ size: 10 }]);
  });

  test('keeps the lease of a publisher that died no longer than its term', async () => {
    place.renderer.entries = 10;
    const dead = place.publisher({
      target: wrappedTarget(place.target(), { put: () => new Promise(() => undefined) }),
    });
    void dead.publishNow().catch(() => undefined);
    await expect.poll(() => hasLease()).toBe(true);
    const heir = place.publisher();
    await place.run(heir, 1_000);
    expect(await place.readerSees()).toBe(-1);
    place.setClockBack(back);
    await place.run(heir, 17_000);
    expect(await place.readerSees()).toBe(10);
    await dead.stop();
  });

  test('keeps a snapshot that was replaced no longer than the grace period from then on', async () => {
    const one = place.publisher();
    for (const entries of [10, 20]) {
      place.renderer.entries = entries;
      await one.publishNow();
    }
    place.setClockBack(back);
    const sweeping = place.publisher();
    for (let hour = 0; hour < 4; hour += 1, place.time += 60 * MINUTE) await sweeping.look();
    expect((await place.state()).history).toMatchObject([{ size: 20 }]);
  });
});

function refuse(): Promise<never> {
  return Promise.reject(new PublicationError('target-busy', 'throttled'));
}

async function hasLease(): Promise<boolean> {
  const found = await stores().keys.list({ start: Buffer.from('L'), end: Buffer.from('M'), limit: 1 });
  return found.length > 0;
}
