import { backOff, Passing, type BackOffOptions } from '../back-off.ts';
import { ImageError } from './image-error.ts';

export const BACK_OFF: BackOffOptions = { tries: 5, firstMs: 250 };
/** A gateway without its server, a server that starts or is overloaded, a registry that asks for patience. */
const PASSING = new Set([429, 502, 503, 504]);

/** What may succeed a moment later; undefined for all else. */
export function passing(error: unknown): Passing | undefined {
  if (!(error instanceof ImageError)) return undefined;
  const mayPass = error.code === 'unreachable' || (error.status !== undefined && PASSING.has(error.status));
  return mayPass ? new Passing(error, error.retryAfterMs) : undefined;
}

/** Does it again, from the start and a few times, where what went wrong may pass. */
export function withRetries<T>(
  work: () => Promise<T>,
  signal?: AbortSignal,
  isPassing: (error: unknown) => Passing | undefined = passing,
): Promise<T> {
  async function attempt(): Promise<T> {
    try {
      return await work();
    } catch (error) {
      throw isPassing(error) ?? error;
    }
  }
  return backOff(attempt, BACK_OFF, signal);
}
