import { describe, expect, test } from 'vitest';
import { PublicationError } from '../../../lib/publication/publication-error.ts';
import { objectsOf } from '../../support/counting-renderer.ts';
import { usePublisherPlace } from '../../support/publisher-place.ts';
import { useStores } from '../../support/use-stores.ts';
import { wrappedTarget } from '../../support/wrapped-target.ts';

const place = usePublisherPlace(useStores());

/** Everything of the log is live, and the site knows. */
async function published(entries: number): Promise<void> {
  place.renderer.entries = entries;
  await place.run(place.publisher(), 5_000);
  expect(await place.readerSees()).toBe(entries);
}

function refuse(): Promise<never> {
  return Promise.reject(new PublicationError('target-busy', 'out of reach'));
}

describe('a start', () => {
  test('publishes nothing where this release would make what is live', async () => {
    await published(25);
    await place.run(place.publisher(), 60_000);
    expect(await place.live()).toMatchObject({ publication: 1 });
    expect(place.told).toHaveLength(1);
  });

  test('publishes in full what an earlier release made, once, and tells the site', async () => {
    await published(25);
    place.renderer.version = 2;
    await place.run(place.publisher(), 5_000);
    expect(await place.readerSees()).toBe(25);
    expect(await place.live()).toMatchObject({ publication: 2, size: 25 });
    expect(place.told.map(({ publication }) => publication)).toEqual([1, 2]);
    await place.run(place.publisher(), 60_000);
    expect(await place.live()).toMatchObject({ publication: 2 });
  });

  test('tries that again until it is done, and says what is in the way', async () => {
    await published(25);
    place.renderer.version = 2;
    await place.run(place.publisher({ target: wrappedTarget(place.target(), { put: refuse }) }), 10_000);
    expect(await place.state()).toMatchObject({ lastError: 'out of reach', history: [{ publication: 1 }] });
    await place.run(place.publisher(), 60_000);
    expect(await place.readerSees()).toBe(25);
    expect(await place.state()).toMatchObject({ failures: 0, history: [{ publication: 2 }, {}] });
  });

  test('leaves a rollback where it is', async () => {
    await published(25);
    const [first] = (await place.state()).history;
    await published(30);
    await place.publisher().rollback(first!.snapshot);
    place.renderer.version = 2;
    const one = place.publisher();
    await place.run(one, 60_000);
    expect(await place.live()).toMatchObject({ publication: 3, size: 25 });
    await one.publishNow();
    expect(await place.readerSees()).toBe(30);
  });

  test('publishes in full where the root of what is live was lost', async () => {
    await published(25);
    await place.target().remove(objectsOf(25).at(-1)!.digest);
    await place.run(place.publisher(), 5_000);
    expect(await place.readerSees()).toBe(25);
  });

  test('says that the target is out of reach, also where nothing waits to be published, and that it is there again', async () => {
    await published(25);
    const one = (isUp: boolean): Promise<void> => {
      const target = isUp ? place.target() : wrappedTarget(place.target(), { pointer: refuse });
      return place.run(place.publisher({ target }), 5_000);
    };
    await one(false);
    expect(await place.state()).toMatchObject({ lastError: 'out of reach' });
    place.time += 60_000;
    await one(true);
    expect(await place.state()).toMatchObject({ failures: 0, history: [{ publication: 1 }] });
    expect((await place.state()).lastError).toBeUndefined();
  });
});
