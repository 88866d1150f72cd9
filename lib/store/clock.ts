/** What tells the time of day, which may be set back, and what only goes forward, which tells no time of day. */
export interface Clock {
  /** Milliseconds since 1970, as machines that share a store more or less agree on. */
  readonly now: () => number;
  /** Milliseconds since any moment of this process. */
  readonly ticks: () => number;
}

export const systemClock: Clock = { now: () => Date.now(), ticks: () => performance.now() };
