import type { KeyedStore } from '../store/keyed-store.ts';
import { nextAttempt } from './failure.ts';
import { readHistory, readState, type PublicationState, type PublishedSnapshot } from './publication-state.ts';
import type { LiveSnapshot, PublicationStatus } from './wire.ts';

/** So many snapshots are shown, however many are kept. */
const SHOWN = 1_000;

/** How publication stands, for operators. */
export async function publicationStatus(keys: KeyedStore, target: string, logSize: number): Promise<PublicationStatus> {
  const standing = await publicationStanding(keys, target, logSize);
  const history = await readHistory(keys, SHOWN);
  return { ...standing, snapshots: history.map(shown) };
}

/** The same without the snapshots that are kept. */
export async function publicationStanding(
  keys: KeyedStore,
  target: string,
  logSize: number,
): Promise<Omit<PublicationStatus, 'snapshots'>> {
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
  };
}

function liveOf({ live }: PublicationState): LiveSnapshot | undefined {
  return live === undefined ? undefined : shown(live);
}

function shown({ publication, snapshot, size, at }: PublishedSnapshot): LiveSnapshot {
  return { publication, snapshot, size, at: timeText(at) };
}

function hookOf({ hook }: PublicationState): NonNullable<PublicationStatus['hook']> {
  const { snapshot, attempts, nextAt, lastError } = hook!;
  return { snapshot, attempts, nextAt: timeText(nextAt), ...(lastError === undefined ? {} : { lastError }) };
}

function timeText(at: number): string {
  return new Date(at).toISOString();
}
