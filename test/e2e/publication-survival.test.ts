import { join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import type { Sha256 } from '../../lib/encoding/digest.ts';
import { MemoryObjects } from '../../lib/snapshot/memory-objects.ts';
import { render } from '../../lib/snapshot/render.ts';
import { fixtureSources } from '../support/fixture-sources.mjs';
import { KilledPublisher, NEWEST } from '../support/killed-publisher.ts';
import { rounds } from '../support/rounds.ts';
import { useTemporaryFolder } from '../support/use-temporary-folder.ts';

const AT_ONCE = 4;
/** Each step where all is asked for, else one of so many. */
const EVERY = Math.ceil(6 / rounds(1, 6));
const LEAST_KILLS = 100 / EVERY;
const MOST_KILLS = 1_000;

describe('a publisher that is killed', () => {
  const folder = useTemporaryFolder();
  const newest = new MemoryObjects();
  let newestId: Sha256;

  beforeAll(async () => {
    newestId = (await render(fixtureSources, newest, { size: NEWEST })).id;
  });

  test('at any of its steps is gone on from: readers, the site and the target come to the newest', async () => {
    let next = 0;
    let kills = 0;
    let hasEnded = false;
    async function work(): Promise<void> {
      while (!hasEnded && next < MOST_KILLS) {
        const one = await KilledPublisher.make(join(folder.path, String((next += EVERY))));
        const wasKilled = await one.dieAt(next);
        if (wasKilled) kills += 1;
        else hasEnded = true;
        await one.expectGoneOnFrom(newestId, newest);
      }
    }
    await Promise.all(Array.from({ length: AT_ONCE }, work));
    expect(hasEnded).toBe(true);
    expect(kills).toBeGreaterThanOrEqual(LEAST_KILLS);
  }, 600_000);
});
