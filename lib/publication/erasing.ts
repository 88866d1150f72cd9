import { setTimeout as sleep } from 'node:timers/promises';
import type { Clock } from '../store/clock.ts';
import { withLease, type Lease } from '../store/lease.ts';
import { LEASE_TERM, PUBLICATION_LEASE } from './leases.ts';
import { CALL_MS, LimitedTarget } from './limited-target.ts';
import { isBusy } from './unless-busy.ts';
import { isToLook, removeErased, type ErasedRunsParts } from './erased-runs.ts';

const LOOK_MS = 1_000;
/** A target that is out of reach is not asked every second, and what waits for a publication is not rendered every second. */
const LATER_MS = 30_000;
/** It looks so often whether somebody still publishes. */
const MOST_TRIES = 60;

export interface ErasingOptions extends Omit<ErasedRunsParts, 'goOn' | 'leased'> {
  readonly clock: Clock;
  readonly callMs?: number;
  readonly onRemoved: (objects: number) => void;
  readonly onFailure: (error: unknown) => void;
}

/** Looks for erased runs behind each publication, beside the publisher. */
export function startErasing({ callMs = CALL_MS, ...given }: ErasingOptions): { stop(): Promise<void> } {
  const ending = new AbortController();
  const options = { ...given, target: new LimitedTarget(given.target, { callMs, ended: ending.signal }) };
  let timer: NodeJS.Timeout | undefined;
  let running: Promise<void> = Promise.resolve();
  function schedule(ms: number): void {
    timer = setTimeout(() => {
      running = look(options, ending.signal).then((wait) => {
        if (!ending.signal.aborted) schedule(wait);
      });
    }, ms).unref();
  }
  schedule(LOOK_MS);
  return {
    async stop() {
      ending.abort();
      clearTimeout(timer);
      await running;
      clearTimeout(timer);
    },
  };
}

/** How long to wait before the next look. */
async function look(options: ErasingOptions, ended: AbortSignal): Promise<number> {
  try {
    if (!(await isToLook(options.keys))) return LOOK_MS;
    const goOn = (): void => ended.throwIfAborted();
    const removed = await removeErased({ ...options, goOn, leased: (work) => leased(options, ended, work) });
    if (removed === undefined) return LATER_MS;
    if (removed > 0) options.onRemoved(removed);
    return LOOK_MS;
  } catch (error) {
    if (ended.aborted || isBusy(error)) return LOOK_MS;
    options.onFailure(error);
    return LATER_MS;
  }
}

/** Under the publisher's lease: while old snapshots are taken apart nobody swaps to one. It waits for who publishes, since what is to go was dear to find. */
async function leased<T>(
  { keys, clock }: ErasingOptions,
  ended: AbortSignal,
  work: (check: () => void) => Promise<T>,
): Promise<T> {
  const held = (lease: Lease): Promise<T> =>
    work(() => {
      // First, since who has lost it has something to note, also at the end.
      lease.check();
      ended.throwIfAborted();
    });
  for (let tries = 1; ; tries += 1) {
    try {
      return await withLease(keys, PUBLICATION_LEASE, clock, held, LEASE_TERM);
    } catch (error) {
      if (!isBusy(error) || tries === MOST_TRIES) throw error;
      await sleep(LOOK_MS, undefined, { signal: ended });
    }
  }
}
