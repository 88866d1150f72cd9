import { setTimeout as sleep } from 'node:timers/promises';
import type { Commit, KeyedStore } from './keyed-store.ts';
import { StoreError } from './store-error.ts';

const MAX_TRIES = 200;

/** A commit to try and what to answer when it held, or, with no commit, the answer alone. */
export interface Attempt<T> {
  readonly commit?: Commit;
  readonly result: T;
}

/**
 * The answer of an attempt that wants to be made again: it has prepared something with a commit of its own, or what it has read does
 * not belong together.
 */
export const AGAIN = Symbol('again');

/**
 * Reads, decides and commits; where somebody else changed what was read, all over again. The attempt must not change
 * anything itself, unless it answers AGAIN. Rejects with code `busy` when others were faster every time.
 */
export async function commitUntilHeld<T>(
  keys: KeyedStore,
  attempt: () => Promise<Attempt<T> | typeof AGAIN>,
): Promise<T> {
  for (let tries = 0; tries < MAX_TRIES; tries += 1) {
    const attempted = await attempt();
    if (attempted !== AGAIN) {
      const { commit, result } = attempted;
      if (commit === undefined || (await keys.commit(commit))) return result;
    }
    // The first losers go straight on; those who keep losing spread out.
    if (tries > 3) await sleep(Math.random() * Math.min(tries, 50));
  }
  throw new StoreError('busy', 'others keep changing the same thing');
}
