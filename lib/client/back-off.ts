import { setTimeout as sleep } from 'node:timers/promises';
import { throwIfAborted } from './client-error.ts';

export interface BackOffOptions {
  /** How often at most, the first time included. */
  readonly tries: number;
  /** The wait after the first failure; each later one is twice as long. */
  readonly firstMs: number;
}

const LONGEST_MS = 10_000;
/** A server that wants to be left alone for longer is told of at once. */
const LONGEST_ASKED_MS = 60_000;

/** A failure that may pass by itself. */
export class Passing extends Error {
  readonly error: Error;
  /** What the server asked for in Retry-After. */
  readonly waitMs: number | undefined;

  constructor(error: Error, waitMs?: number) {
    super(error.message, { cause: error });
    this.error = error;
    this.waitMs = waitMs;
  }
}

/** Tries again what fails with `Passing`; throws the last failure when it does not pass. */
export async function backOff<T>(
  attempt: () => Promise<T>,
  options: BackOffOptions,
  signal: AbortSignal | undefined,
): Promise<T> {
  for (let failures = 0; ;) {
    throwIfAborted(signal);
    try {
      return await attempt();
    } catch (error) {
      if (!(error instanceof Passing)) throw error;
      failures += 1;
      await rest(error, failures, options, signal);
    }
  }
}

/** Waits after this many failures in a row, or throws the last one where it is time to give up. */
export async function rest(
  { error, waitMs = 0 }: Passing,
  failures: number,
  { tries, firstMs }: BackOffOptions,
  signal: AbortSignal | undefined,
): Promise<void> {
  if (failures >= tries || waitMs > LONGEST_ASKED_MS) throw error;
  const step = Math.min(LONGEST_MS, firstMs * 2 ** (failures - 1));
  // Half of it by chance, so that many who failed together do not come back together.
  const own = step / 2 + (Math.random() * step) / 2;
  try {
    await sleep(
      waitMs + (waitMs > 0 ? Math.random() * firstMs : own),
      undefined,
      signal === undefined ? {} : { signal },
    );
  } catch (cause) {
    throwIfAborted(signal);
    throw cause;
  }
}

/** Seconds, or a date (RFC 9110, 10.2.3). */
export function retryAfterMs(header: string | null): number | undefined {
  if (header === null) return undefined;
  if (/^\d{1,9}$/.test(header)) return Number(header) * 1000;
  const date = Date.parse(header);
  return Number.isNaN(date) ? undefined : Math.max(0, date - Date.now());
}
