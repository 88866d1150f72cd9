import { setTimeout as wait } from 'node:timers/promises';
import { ImageError } from './image-error.ts';

export const ATTEMPTS = 5;
const FIRST_PAUSE_MS = 250;
const LONGEST_PAUSE_MS = 30_000;
/** A gateway without its server, a server that starts or is overloaded, a registry that asks for patience. */
const PASSING = new Set([429, 502, 503, 504]);

/** Whether the same may succeed a moment later. */
export function isPassing(error: unknown): error is ImageError {
  if (!(error instanceof ImageError)) return false;
  return error.code === 'unreachable' || (error.status !== undefined && PASSING.has(error.status));
}

/** Does it again, from the start and a few times, where what went wrong may pass. */
export async function withRetries<T>(
  work: () => Promise<T>,
  signal?: AbortSignal,
  mayPass: (error: unknown) => boolean = isPassing,
): Promise<T> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await work();
    } catch (error) {
      signal?.throwIfAborted();
      if (attempt === ATTEMPTS || !mayPass(error)) throw error;
      await pause(attempt, error, signal);
    }
  }
}

/** Twice as long each time, or as long as the registry asks for. */
export async function pause(attempt: number, error: unknown, signal?: AbortSignal): Promise<void> {
  const own = FIRST_PAUSE_MS * 2 ** (attempt - 1) * (1 + Math.random() / 4);
  const asked = error instanceof ImageError ? (error.retryAfterMs ?? 0) : 0;
  const ms = Math.min(LONGEST_PAUSE_MS, Math.max(own, asked));
  await wait(ms, undefined, signal === undefined ? {} : { signal }).catch((cause: unknown) => {
    signal?.throwIfAborted();
    throw cause;
  });
}
