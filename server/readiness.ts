import { setTimeout as sleep } from 'node:timers/promises';
import { StoreError } from '../lib/store/store-error.ts';
import { describeError, type Log } from './log.ts';

/** What a server needs to serve, by the name that it has in answers. */
export type Part = 'store' | 'blobs';

/** How a part is asked. */
export interface Asked {
  readonly reach: () => Promise<void>;
  /** Writes a little, durably; where nobody knows without. */
  readonly write?: () => Promise<void>;
}

export interface Unready {
  /** Parts that do not answer. */
  readonly unreachable: readonly Part[];
  /** Parts that answer and take no writes. */
  readonly unwritable: readonly Part[];
}

export interface Readiness {
  /** What is in the way; none of either where the server is ready. */
  look(): Promise<Unready>;
}

export interface ReadinessOptions {
  readonly log: Log;
  /** A part that does not answer within this counts as unreachable. */
  readonly limitMs?: number;
  /** Whoever asks sooner than this gets the last answer, so that many who ask cost one question. */
  readonly keptMs?: number;
  /** How often a part that takes writes is tried with one; one that takes none is tried each time. */
  readonly writeEveryMs?: number;
}

const LIMIT_MS = 2_500;
const KEPT_MS = 1_000;
const WRITE_EVERY_MS = 10_000;

type Limits = Required<ReadinessOptions>;

/** Asks each part whether it answers and takes writes, all at once, and says in the log when that changes. */
export function makeReadiness(parts: Readonly<Record<Part, Asked>>, options: ReadinessOptions): Readiness {
  const limits = { limitMs: LIMIT_MS, keptMs: KEPT_MS, writeEveryMs: WRITE_EVERY_MS, ...options };
  const watched = Object.entries(parts).map(([part, asked]) => new WatchedPart(part as Part, asked, limits));
  return {
    async look() {
      const found = await Promise.all(watched.map(async (one) => ({ part: one.part, state: await one.look() })));
      const those = (state: State): Part[] => found.filter((one) => one.state === state).map(({ part }) => part);
      return { unreachable: those('unreachable'), unwritable: those('unwritable') };
    },
  };
}

type State = 'ready' | 'unreachable' | 'unwritable';

class WatchedPart {
  readonly part: Part;
  readonly #asked: Asked;
  readonly #limits: Limits;
  #isReached = true;
  #takesWrites = true;
  #triedAt = -Infinity;
  #trying: Promise<void> | undefined;
  #looking: Promise<State> | undefined;

  constructor(part: Part, asked: Asked, limits: Limits) {
    this.part = part;
    this.#asked = asked;
    this.#limits = limits;
  }

  look(): Promise<State> {
    this.#looking ??= this.#look().finally(() =>
      setTimeout(() => (this.#looking = undefined), this.#limits.keptMs).unref(),
    );
    return this.#looking;
  }

  async #look(): Promise<State> {
    const { log, limitMs } = this.#limits;
    const { part } = this;
    try {
      await within(this.#asked.reach(), limitMs);
      if (!this.#isReached) log.info('reached again', { part });
      this.#isReached = true;
    } catch (error) {
      if (this.#isReached) log.error('cannot be reached', { part, error: describeError(error) });
      this.#isReached = false;
      return 'unreachable';
    }
    // A disk that is busy may take long over a write, and is none the worse for it: the last one counts until then.
    await within(this.#tryWrite(), limitMs).catch(() => undefined);
    return this.#takesWrites ? 'ready' : 'unwritable';
  }

  #tryWrite(): Promise<void> {
    const isFresh = this.#takesWrites && performance.now() - this.#triedAt < this.#limits.writeEveryMs;
    if (this.#trying === undefined && isFresh) return Promise.resolve();
    this.#trying ??= this.#write().finally(() => (this.#trying = undefined));
    return this.#trying;
  }

  async #write(): Promise<void> {
    const { log } = this.#limits;
    const { part } = this;
    this.#triedAt = performance.now();
    try {
      await this.#asked.write?.();
      if (!this.#takesWrites) log.info('takes writes again', { part });
      this.#takesWrites = true;
    } catch (error) {
      if (error instanceof StoreError && error.code === 'busy') return;
      if (this.#takesWrites) log.error('takes no writes', { part, error: describeError(error) });
      this.#takesWrites = false;
    }
  }
}

async function within(answer: Promise<void>, limitMs: number): Promise<void> {
  const answered = new AbortController();
  const late = sleep(limitMs, undefined, { signal: answered.signal }).then(() => {
    throw new Error(`no answer within ${limitMs} ms`);
  });
  try {
    await Promise.race([answer, late]);
  } finally {
    late.catch(() => undefined);
    answer.catch(() => undefined);
    answered.abort();
  }
}
