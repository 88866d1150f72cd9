import { SnapshotError, type SnapshotErrorCode } from '../snapshot/snapshot-error.ts';
import { withLive, type Live } from './live.ts';
import { encodePointer, type Pointer } from './pointer.ts';
import { noteLapse } from './note-lapse.ts';
import { PublicationError } from './publication-error.ts';
import { changeState, type PublicationState } from './publication-state.ts';
import type { PublishParts } from './publish-parts.ts';
import { PuttingSink } from './putting-sink.ts';
import { ANEW } from './target.ts';

/** Publishes the first so many entries. Safe to die in anywhere; returns what is live then. */
export async function publishSnapshot(parts: PublishParts, live: Live, size: number): Promise<PublicationState> {
  const { keys, renderer, target } = parts;
  let sink = new PuttingSink(parts);
  const { doubted } = live.state;
  const isWhole = live.pointer === undefined || doubted === true;
  const before = isWhole ? undefined : { id: live.pointer.snapshot, objects: target };
  try {
    const snapshot = await renderer.render(size, before, sink).catch(async (error: unknown) => {
      // The snapshot before was damaged or lost at the target: all of the next one is made anew, and put in any case.
      if (before === undefined || !isDamage(error)) throw error;
      await sink.end();
      if (error.code !== 'format-unknown') sink = new PuttingSink({ ...parts, freshMs: ANEW });
      return renderer.render(size, undefined, sink);
    });
    await sink.end();
    const state = doubted === true ? await changeState(keys, withoutDoubt) : live.state;
    return snapshot === live.pointer?.snapshot ? state : await swapTo(parts, { ...live, state }, { snapshot, size });
  } finally {
    // What was begun must not go on after the lease is given back.
    await sink.end().catch(() => undefined);
  }
}

/** Points readers at a snapshot whose objects are all there, and notes that the hook is to be told. */
export async function swapTo(
  parts: PublishParts,
  live: Live,
  next: Pick<Pointer, 'snapshot' | 'size'>,
  hold = false,
): Promise<PublicationState> {
  const { keys, target, renderer, check } = parts;
  const publication = Math.max(live.pointer?.publication ?? 0, live.state.live?.publication ?? 0) + 1;
  const checkpoint = await renderer.checkpoint(next.size);
  const pointer: Pointer = { format: 1, publication, ...next, ...(checkpoint === undefined ? {} : { checkpoint }) };
  // Whoever finds this looks whether the swap came to be, and tells the hook then.
  const held = hold ? { held: true as const } : {};
  await changeState(keys, (state) => ({ ...state, swapping: publication, ...held }));
  let mayBeMade = false;
  try {
    check();
    mayBeMade = true;
    mayBeMade = await target.swap(encodePointer(pointer), live.mark);
    if (!mayBeMade) throw new PublicationError('target-busy', 'somebody else has swapped the pointer meanwhile');
  } catch (error) {
    if (hold && live.state.held !== true && (!mayBeMade || (await isRefused(parts, live, error)))) {
      // Unless another server is at it by now.
      await changeState(keys, (state) => (state.swapping === publication ? letGo(state) : state));
    }
    throw error;
  }
  // A sweep may have removed since what this one found.
  await noteLapse(parts);
  return changeState(keys, (state) => {
    // Another server has found it, and perhaps gone on from there, while this one was out of breath.
    const isNoted = (state.live?.publication ?? 0) >= publication;
    return isNoted ? state : withLive(parts, state, pointer);
  });
}

/** Whether a swap that failed was certainly not made. A target that is busy may make it yet. */
async function isRefused({ target }: PublishParts, { mark }: Live, error: unknown): Promise<boolean> {
  if (!(error instanceof PublicationError) || error.code !== 'target-refused') return false;
  return target.pointer().then(
    (now) => now?.mark === mark,
    () => false,
  );
}

function withoutDoubt({ doubted: _doubted, ...rest }: PublicationState): PublicationState {
  return rest;
}

/** Publications go on by themselves. */
export function letGo({ held: _held, ...rest }: PublicationState): PublicationState {
  return rest;
}

const DAMAGE: ReadonlySet<SnapshotErrorCode> = new Set([
  'format-unknown',
  'object-missing',
  'object-wrong',
  'snapshot-unknown',
]);

export function isDamage(error: unknown): error is SnapshotError {
  return error instanceof SnapshotError && DAMAGE.has(error.code);
}
