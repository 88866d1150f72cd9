import type { Clock } from '../store/clock.ts';
import { withLease } from '../store/lease.ts';
import { StoreError } from '../store/store-error.ts';
import { LEASE_TERM, PUBLICATION_LEASE } from './leases.ts';
import { CALL_MS, LimitedTarget } from './limited-target.ts';
import { isToLook, removeErased, type ErasedRunsParts } from './erased-runs.ts';

const LOOK_MS = 1_000;
/** A target that is out of reach is not asked every second, and what waits for a publication is not rendered every second. */
const LATER_MS = 30_000;

export interface ErasingOptions extends Omit<ErasedRunsParts, 'check'> {
  readonly clock: Clock;
  readonly callMs?: number;
  readonly onRemoved: (objects: number) => void;
  readonly onFailure: (error: unknown) => void;
}

/** Looks for erased runs behind each publication, beside the publisher and under its lease. */
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
    const removed = await withLease(
      options.keys,
      // The publisher's: while old snapshots are taken apart nobody swaps to one.
      PUBLICATION_LEASE,
      options.clock,
      (lease) => {
        const check = (): void => {
          ended.throwIfAborted();
          lease.check();
        };
        return removeErased({ ...options, check });
      },
      LEASE_TERM,
    );
    if (removed === undefined) return LATER_MS;
    if (removed > 0) options.onRemoved(removed);
    return LOOK_MS;
  } catch (error) {
    if (ended.aborted || (error instanceof StoreError && error.code === 'busy')) return LOOK_MS;
    options.onFailure(error);
    return LATER_MS;
  }
}
