import { systemClock } from '../store/clock.ts';
import type { KeyedStore } from '../store/keyed-store.ts';
import { withLeaseInTurn, type Lease } from '../store/lease.ts';

/** Whoever goes on where this died waits no longer. */
const TERM = { termMs: 15_000, marginMs: 5_000 };
const LONGEST_WAIT_MS = 10 * 60_000;

/** Does work during which no garbage is collected, once a collection that is under way has ended. */
export function withoutCollection<T>(
  keys: KeyedStore,
  now: () => number,
  work: (lease: Lease) => Promise<T>,
  onWait?: () => void,
): Promise<T> {
  const turn = { term: TERM, longestMs: LONGEST_WAIT_MS, onWait };
  return withLeaseInTurn(keys, 'garbage collection', { ...systemClock, now }, work, turn);
}
