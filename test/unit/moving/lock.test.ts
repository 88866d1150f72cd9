import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { beforeEach, describe, expect, test } from 'vitest';
import { withLock } from '../../../lib/moving/backup/lock.ts';
import { Gate } from '../../support/gate.ts';
import { useTemporaryFolder } from '../../support/use-temporary-folder.ts';

const folder = useTemporaryFolder();
let tests = 0;
beforeEach(() => {
  tests += 1;
});
const DEAD = 'held by process 1 of another machine\n';

function locks(): string {
  return join(folder.path, `locks-${tests}`);
}

/** How many were at work at once, how many at all, and how many were refused. */
class Work {
  #now = 0;
  most = 0;
  done = 0;
  refused = 0;

  /** Lasts until so many were refused, or for a while. */
  async run(refusals = 0): Promise<void> {
    this.#now += 1;
    this.most = Math.max(this.most, this.#now);
    for (let waited = 0; waited < 20 || (this.refused < refusals && waited < 5_000); waited += 20) await sleep(20);
    this.#now -= 1;
    this.done += 1;
  }
}

/** Tries of so many at once, of which some are refused: those that come late only where the work waits for them. */
async function together(count: number, work: Work, termMs: number, refusals = 0): Promise<void> {
  const codes: unknown[] = [];
  const tries = Array.from({ length: count }, () =>
    withLock(locks(), () => work.run(refusals), { termMs }).catch((error: unknown) => {
      codes.push((error as { code?: unknown }).code);
      work.refused += 1;
    }),
  );
  await Promise.all(tries);
  expect(codes.every((code) => code === 'busy')).toBe(true);
  expect(work.done).toBe(count - codes.length);
}

describe('the lock of a folder', () => {
  test('is held by one at a time, and taken again by the next', async () => {
    const work = new Work();
    await together(8, work, 2_000);
    expect(work.most).toBe(1);
    expect(work.done).toBeGreaterThan(0);
    for (let round = 0; round < 3; round += 1) await withLock(locks(), () => work.run());
    expect(await readdir(locks())).toHaveLength(1);
  });

  test('of a dead one is taken over by one alone, however many try', async () => {
    for (let round = 0; round < 10; round += 1) {
      const last = Math.max(0, ...(await readdir(locks()).catch(() => [])).map(Number));
      await withLock(locks(), () => Promise.resolve());
      await writeFile(join(locks(), String(last + 2)), DEAD);
      const work = new Work();
      await together(6, work, 100, 5);
      expect([work.most, work.done]).toEqual([1, 1]);
    }
  });

  test('is taken from a dead one after its term, and not before', async () => {
    await withLock(locks(), () => Promise.resolve());
    await writeFile(join(locks(), '2'), DEAD);
    let looks = 0;
    const began = performance.now();
    await withLock(locks(), () => Promise.resolve(), { termMs: 400, onWait: () => (looks += 1) });
    expect(performance.now() - began).toBeGreaterThan(390);
    expect(looks).toBe(50);
    expect(await readdir(locks())).toEqual(['3']);
  });

  test('is not taken from one that lives, however long its work takes', async () => {
    const [begun, ending] = [new Gate(), new Gate()];
    const held = withLock(
      locks(),
      async ({ check }) => {
        begun.open();
        await ending.opened;
        await check();
      },
      { termMs: 1_000 },
    );
    await begun.opened;
    for (let round = 0; round < 3; round += 1) {
      await expect(withLock(locks(), () => Promise.resolve(), { termMs: 1_000 })).rejects.toMatchObject({
        code: 'busy',
      });
    }
    ending.open();
    await held;
  });

  test('tells who lost it at the next check, and is not given back by the wrong one', async () => {
    await expect(
      withLock(locks(), async ({ check }) => {
        await check();
        await writeFile(join(locks(), '2'), DEAD);
        await check();
      }),
    ).rejects.toMatchObject({ code: 'busy' });
    expect(await readFile(join(locks(), '2'), 'utf8')).toBe(DEAD);
  });

  test('is given back where the work fails', async () => {
    await expect(withLock(locks(), () => Promise.reject(new Error('no')))).rejects.toThrow('no');
    let looks = 0;
    await withLock(locks(), () => Promise.resolve(), { onWait: () => (looks += 1) });
    expect(looks).toBe(0);
  });

  test('says who has it, to whoever looks', async () => {
    await withLock(locks(), async () => {
      expect(await readFile(join(locks(), '1'), 'utf8')).toContain(`held by process ${process.pid}`);
    });
    expect(await readFile(join(locks(), '1'), 'utf8')).toContain(`free by process ${process.pid}`);
  });
});
