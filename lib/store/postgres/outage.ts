import { setTimeout as sleep } from 'node:timers/promises';

/** How long callers wait for a database that restarts. Whoever comes later in an outage is answered after one try. */
const PATIENCE_MS = 10_000;
const LONGEST_PAUSE_MS = 400;

/** What all callers together know of the database being away. */
export class Outage {
  #since: number | undefined;

  ended(): void {
    this.#since = undefined;
  }

  /** False once the outage has lasted too long to wait for its end; otherwise true, after a pause. */
  async waited(tries: number): Promise<boolean> {
    this.#since ??= performance.now();
    if (performance.now() - this.#since > PATIENCE_MS) return false;
    await pause(tries);
    return true;
  }
}

/** Longer with every try, and never the same for two. */
export async function pause(tries: number): Promise<void> {
  await sleep(Math.min(LONGEST_PAUSE_MS, 5 * 2 ** tries) * (0.5 + Math.random()));
}
