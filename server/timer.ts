/** Node's timers take no more than this and would fire at once. */
const MAX_TIMER_MS = 2 ** 31 - 1;

/** The time as a timer can wait for it: some 25 days at most. */
export function timerMs(ms: number): number {
  return Math.min(ms, MAX_TIMER_MS);
}
