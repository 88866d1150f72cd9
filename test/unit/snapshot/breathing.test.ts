import { describe, expect, test } from 'vitest';
import { MemoryObjects } from '../../../lib/snapshot/memory-objects.ts';
import { render } from '../../../lib/snapshot/render.ts';
import { FakeLog } from './support/fake-log.ts';
import { fullRender } from './support/full-render.ts';

const RUNS = 400;

describe('a render of many runs', () => {
  const log = new FakeLog();
  for (let number = 0; number < RUNS; number += 1) log.run(`run-${number}`);

  test('offers others their turn with every entry, run, object and key of a table', async () => {
    let offered = 0;
    const breathe = (): undefined => void (offered += 1);
    const objects = new MemoryObjects();
    const { written } = await render(log, objects, { size: log.size, breathe });
    expect(offered).toBeGreaterThanOrEqual(log.size + RUNS + written.objects + RUNS);
  });

  test('waits until they had it, and makes the same', async () => {
    let offered = 0;
    let turns = 0;
    const breathe = (): Promise<void> | undefined => {
      offered += 1;
      if (offered % 10 > 0) return undefined;
      return new Promise((resolve) => setImmediate(() => resolve(void (turns += 1))));
    };
    const { id } = await render(log, new MemoryObjects(), { size: log.size, breathe });
    expect(turns).toBe(Math.floor(offered / 10));
    expect(id).toBe((await fullRender(log)).id);
  });
});
