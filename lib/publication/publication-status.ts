import type { KeyedStore } from '../store/keyed-store.ts';
import { nextAttempt } from './failure.ts';
import { readState, type PublicationState } from './publication-state.ts';
import type { LiveSnapshot, PublicationStatus } from './wire.ts';

/** How publication stands, for operators. */
export async function publicationStatus(keys: KeyedStore, target: string, logSize: number): Promise<PublicationStatus> {
  const { state } = await readState(keys);
  const live = liveOf(state);
  const next = nextAttempt(state);
  return {
    target,
    logSize,
    ...(live === undefined ? {} : { live }),
    waiting: Math.max(0, logSize - (live?.size ?? 0)),
    held: state.held === true,
    failures: state.failures,
    ...(state.lastError === undefined ? {} : { lastError: state.lastError }),
    ...(state.lastAttemptAt === undefined ? {} : { lastAttemptAt: timeText(state.lastAttemptAt) }),
    ...(next === undefined ? {} : { nextAttemptAt: timeText(next.at) }),
    ...(state.hook === undefined ? {} : { hook: hookOf(state) }),
    snapshots: state.history.map(({ publication, snapshot, size, at }) => ({
      publication,
      snapshot,
      size,
      at: timeText(at),
    })),
  };
}

function liveOf({ history }: PublicationState): LiveSnapshot | undefined {
  const [live] = history;
  return live === undefined ? undefined : { ...live, at: timeText(live.at) };
}

function hookOf({ hook }: PublicationState): NonNullable<PublicationStatus['hook']> {
  const { snapshot, attempts, nextAt, lastError } = hook!;
  return { snapshot, attempts, nextAt: timeText(nextAt), ...(lastError === undefined ? {} : { lastError }) };
}

function timeText(at: number): string {
  return new Date(at).toISOString();
}
