import { SnapshotError } from '../snapshot/snapshot-error.ts';
import type { KeyedStore } from '../store/keyed-store.ts';
import { backOffMs } from './pacing.ts';
import { PublicationError } from './publication-error.ts';
import { changeState, type PublicationState } from './publication-state.ts';

const LONGEST_ERROR = 300;

export async function noteFailure(keys: KeyedStore, error: unknown, now: number): Promise<void> {
  const lastError = messageOf(error).slice(0, LONGEST_ERROR);
  const asked = error instanceof PublicationError ? error.retryAfterMs : undefined;
  await changeState(keys, ({ askedMs: _askedMs, ...state }) => ({
    ...state,
    failures: state.failures + 1,
    lastError,
    lastAttemptAt: now,
    ...(asked === undefined ? {} : { askedMs: asked }),
  }));
}

/** All went well, whether or not there was anything to swap. */
export function withoutFailure(state: PublicationState): PublicationState {
  if (state.failures === 0 && state.lastError === undefined) return state;
  const { lastError: _lastError, askedMs: _askedMs, ...rest } = state;
  return { ...rest, failures: 0 };
}

/** When to try again after a failure, and how long after it that is. */
export function nextAttempt({
  failures,
  lastAttemptAt,
  askedMs,
}: PublicationState): { readonly at: number; readonly backOff: number } | undefined {
  if (failures === 0 || lastAttemptAt === undefined) return undefined;
  const backOff = backOffMs(failures, askedMs);
  return { at: lastAttemptAt + backOff, backOff };
}

/** For operators; what else went wrong is in the server's log alone. */
function messageOf(error: unknown): string {
  if (error instanceof PublicationError) return error.message;
  if (error instanceof SnapshotError) return `the snapshot cannot be made: ${error.message}`;
  return 'the server failed; its log says why';
}
