import { setTimeout as sleep } from 'node:timers/promises';
import { systemClock } from '../store/clock.ts';
import type { KeyedStore } from '../store/keyed-store.ts';
import { withLease, type Lease } from '../store/lease.ts';
import { StoreError } from '../store/store-error.ts';

/** Whoever goes on where this died waits no longer. */
const TERM = { termMs: 15_000, marginMs: 5_000 };
const LONGEST_WAIT_MS = 10 * 60_000;
const POLL_MS = 100;

/** Does work during which no garbage is collected, once a collection that is under way has ended. */
export async function withoutCollection<T>(
  keys: KeyedStore,
  now: () => number,
  work: (lease: Lease) => Promise<T>,
  onWait?: () => void,
): Promise<T> {
  for (let waited = 0; ; waited += POLL_MS) {
    let begun = false;
    try {
      return await withLease(
        keys,
        'garbage collection',
        { ...systemClock, now },
        (lease) => {
          begun = true;
          return work(lease);
        },
        TERM,
      );
    } catch (error) {
      const taken = !begun && error instanceof StoreError && error.code === 'busy';
      if (!taken || waited >= LONGEST_WAIT_MS) throw error;
    }
    onWait?.();
    await sleep(POLL_MS);
  }
}
