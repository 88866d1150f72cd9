import { setTimeout as wait } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { inParallel } from '../../../../lib/client/image/in-parallel.ts';

test('so many are worked on at once, and no more', async () => {
  let now = 0;
  let most = 0;
  const done: number[] = [];
  await inParallel([1, 2, 3, 4, 5, 6, 7], 3, async (item) => {
    most = Math.max(most, ++now);
    await wait(5);
    now--;
    done.push(item);
  });
  expect(most).toBe(3);
  expect(done.toSorted((a, b) => a - b)).toEqual([1, 2, 3, 4, 5, 6, 7]);
});

test('when one fails the others are stopped and waited for, and nothing more begins', async () => {
  const ended: string[] = [];
  const work = inParallel(['fails', 'waits', 'never begins', 'never begins'], 2, async (item, signal) => {
    if (item === 'fails') throw new Error('first');
    await wait(10_000, undefined, { signal }).catch(() => {});
    ended.push(item);
    throw new Error('second');
  });
  await expect(work).rejects.toThrow('first');
  expect(ended).toEqual(['waits']);
});

test('what is stopped from outside fails with the reason', async () => {
  const stop = new AbortController();
  const work = inParallel([1], 1, (_, signal) => wait(10_000, undefined, { signal }), stop.signal);
  stop.abort(new Error('enough'));
  await expect(work).rejects.toThrow('enough');
});

test('whatever is left over ends with the work', async () => {
  let left: AbortSignal | undefined;
  await inParallel([1], 1, async (_, signal) => void (left = signal));
  expect(left?.aborted).toBe(true);
});
