/** When the log last grew, since when something of it is not published, and when the pointer was last swapped. */
export interface Pulse {
  readonly now: number;
  readonly lastAppend: number;
  readonly dirtySince: number;
  readonly lastSwap: number;
}

/** A burst has ended when nothing came for so long. */
export const QUIET_MS = 2_000;
/** A burst that does not end is published all the same. */
export const LATEST_MS = 30_000;
/** Buckets take one write per key and second. */
export const SWAP_APART_MS = 1_000;

/** How long to wait before publishing; 0 is now. */
export function waitBeforePublish({ now, lastAppend, dirtySince, lastSwap }: Pulse): number {
  const quiet = within(lastAppend + QUIET_MS - now, QUIET_MS);
  const latest = within(dirtySince + LATEST_MS - now, LATEST_MS);
  const apart = within(lastSwap + SWAP_APART_MS - now, SWAP_APART_MS);
  return Math.max(Math.min(quiet, latest), apart);
}

/** A wait that is longer than it can be comes of a clock that was set back, and would else last until the clock is there again. */
function within(wait: number, most: number): number {
  return wait > most ? 0 : Math.max(wait, 0);
}

const FIRST_RETRY_MS = 1_000;
const LONGEST_RETRY_MS = 5 * 60_000;

/** How long to wait after so many failures in a row. */
export function backOffMs(failures: number): number {
  return Math.min(LONGEST_RETRY_MS, FIRST_RETRY_MS * 2 ** Math.min(failures - 1, 20));
}

/** Whether it is time to try again; at once where the clock was set back since. */
export function isDue(nextAt: number, now: number): boolean {
  return within(nextAt - now, LONGEST_RETRY_MS) === 0;
}
