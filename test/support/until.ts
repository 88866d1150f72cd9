import { setTimeout as sleep } from 'node:timers/promises';

const LIMIT_MS = 20_000;

/** Resolves when something has become true, looking often; throws with its name where it does not. */
export async function until(
  what: string,
  isTrue: () => boolean | Promise<boolean>,
  limitMs: number = LIMIT_MS,
): Promise<void> {
  const end = performance.now() + limitMs;
  while (!(await isTrue())) {
    if (performance.now() > end) throw new Error(`${what}: not within ${limitMs} ms`);
    await sleep(20);
  }
}
