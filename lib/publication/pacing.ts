/** When the log last grew, since when something of it is not published, and when the pointer was last swapped. */
export interface Pulse {
  /** By what only goes forward. */
  readonly ticks: number;
  readonly lastAppend: number;
  readonly dirtySince: number;
  /** By the time of day, since it was noted by who may have ended meanwhile. */
  readonly now: number;
  readonly lastSwap: number;
}

/** A burst has ended when nothing came for so long. */
export const QUIET_MS = 2_000;
/** A burst that does not end is published all the same. */
export const LATEST_MS = 30_000;
/** Buckets take one write per key and second. */
export const SWAP_APART_MS = 1_000;

/** How long to wait before publishing; 0 is now. */
export function waitBeforePublish({ ticks, lastAppend, dirtySince, now, lastSwap }: Pulse): number {
  const quiet = lastAppend + QUIET_MS - ticks;
  const latest = dirtySince + LATEST_MS - ticks;
  const apart = within(lastSwap + SWAP_APART_MS - now, SWAP_APART_MS);
  return Math.max(Math.min(quiet, latest), apart, 0);
}

/** A wait that is longer than it can be comes of a clock that was set back, and would else last until the clock is there again. */
function within(wait: number, most: number): number {
  return wait > most ? 0 : Math.max(wait, 0);
}

const FIRST_RETRY_MS = 1_000;
const LONGEST_RETRY_MS = 5 * 60_000;

/** How long to wait after so many failures in a row; longer where one was asked to, but no longer than the longest. */
export function backOffMs(failures: number, askedMs = 0): number {
  if (failures === 0) return 0;
  return Math.min(LONGEST_RETRY_MS, Math.max(FIRST_RETRY_MS * 2 ** Math.min(failures - 1, 20), askedMs));
}

/** Whether it is time to try again after that back-off; at once where the clock was set back since by more than it. */
export function isDue(nextAt: number, backOff: number, now: number): boolean {
  return within(nextAt - now, backOff) === 0;
}
