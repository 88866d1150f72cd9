import type { KeyedStore } from '../store/keyed-store.ts';
import { encodePointer, parsePointer, type Pointer } from './pointer.ts';
import { PublicationError } from './publication-error.ts';
import { changeState, type PublicationState, type PublishedSnapshot } from './publication-state.ts';
import { PuttingSink } from './putting-sink.ts';
import type { Renderer } from './renderer.ts';
import { SnapshotError } from '../snapshot/snapshot-error.ts';
import type { Target } from './target.ts';

/** So many snapshots are remembered; what is swept is forgotten before. */
const MAX_HISTORY = 1000;

export interface PublishParts {
  readonly keys: KeyedStore;
  readonly target: Target;
  readonly renderer: Renderer;
  readonly now: () => number;
  /** Whether somebody is to be told of what is published. */
  readonly hasHook: boolean;
  /** An object that was written longer ago than this may be in the hands of a sweep. */
  readonly freshMs: number;
  /** Throws when the lease has run out. */
  readonly check: () => void;
  readonly onProgress?: (objects: number) => void;
}

/** What readers see now, after what a publisher that died has left was taken over. */
export interface Live {
  readonly pointer: Pointer | undefined;
  readonly mark: string | undefined;
  readonly state: PublicationState;
}

/**
 * Reads where the target stands, and writes it down where a publisher died between the swap and its own note of it.
 * Rejects where the target shows entries that this log has not: it belongs to another log, or this one was set back.
 */
export async function findLive({ keys, target, renderer, now }: PublishParts): Promise<Live> {
  const read = await target.pointer();
  const pointer = read === undefined ? undefined : parsePointer(read.bytes);
  const size = await renderer.size();
  if (pointer !== undefined && pointer.size > size) {
    const message = `the target shows ${pointer.size} entries, and this log has ${size}: it was published from another store`;
    throw new PublicationError('target-backwards', message);
  }
  if (pointer !== undefined) await requireSameHistory(pointer, renderer);
  const state = await changeState(keys, (before) => {
    const [live] = before.history;
    if (pointer === undefined || live?.publication === pointer.publication) return before;
    return withLive(before, pointer, now());
  });
  return { pointer, mark: read?.mark, state };
}

/** A log that was set back, and has grown since, must not take the place of what readers have seen. */
async function requireSameHistory({ checkpoint, size }: Pointer, renderer: Renderer): Promise<void> {
  const own = checkpoint === undefined ? undefined : await renderer.checkpoint(size);
  if (checkpoint === undefined || own === undefined || headIn(own) === headIn(checkpoint)) return;
  const message = `the target shows ${size} entries that are not the first ${size} of this log: it was published from another store`;
  throw new PublicationError('target-backwards', message);
}

/** What was signed, whichever key has signed it. */
function headIn(checkpoint: string): string {
  return checkpoint.slice(0, checkpoint.indexOf('\n\n') + 1);
}

/** Publishes the first so many entries. Safe to die in anywhere; returns what is live then. */
export async function publishSnapshot(parts: PublishParts, live: Live, size: number): Promise<PublicationState> {
  const { renderer, target } = parts;
  const sink = new PuttingSink(parts);
  const before = live.pointer === undefined ? undefined : { id: live.pointer.snapshot, objects: target };
  try {
    const snapshot = await renderer.render(size, before, sink).catch((error: unknown) => {
      // The snapshot before was damaged or lost at the target: all of the next one is made anew, and put.
      if (before === undefined || !isDamage(error)) throw error;
      return renderer.render(size, undefined, sink);
    });
    await sink.end();
    return snapshot === live.pointer?.snapshot ? live.state : await swapTo(parts, live, { snapshot, size });
  } finally {
    // What was begun must not go on after the lease is given back.
    await sink.end().catch(() => undefined);
  }
}

/** Points readers at a snapshot whose objects are all there, and notes that the hook is to be told. */
export async function swapTo(
  { keys, target, renderer, now, hasHook, check }: PublishParts,
  live: Live,
  next: Pick<Pointer, 'snapshot' | 'size'>,
): Promise<PublicationState> {
  const publication = Math.max(live.pointer?.publication ?? 0, live.state.history[0]?.publication ?? 0) + 1;
  const checkpoint = await renderer.checkpoint(next.size);
  const pointer: Pointer = { format: 1, publication, ...next, ...(checkpoint === undefined ? {} : { checkpoint }) };
  // Noted before the swap, so that no death in between forgets the hook; it is not told before the swap is noted, too.
  if (hasHook) {
    await changeState(keys, (state) => ({ ...state, hook: { ...next, publication, attempts: 0, nextAt: now() } }));
  }
  check();
  if (!(await target.swap(encodePointer(pointer), live.mark))) {
    throw new PublicationError('target-busy', 'somebody else has swapped the pointer meanwhile');
  }
  return changeState(keys, (state) => withLive(state, pointer, now()));
}

function isDamage(error: unknown): boolean {
  if (!(error instanceof SnapshotError)) return false;
  return error.code === 'object-missing' || error.code === 'object-wrong' || error.code === 'format-unknown';
}

function withLive(state: PublicationState, { publication, snapshot, size }: Pointer, at: number): PublicationState {
  const live: PublishedSnapshot = { publication, snapshot, size, at };
  const { lastError: _lastError, ...rest } = state;
  const earlier = state.history.filter((one) => one.publication < publication);
  return { ...rest, failures: 0, lastAttemptAt: at, history: [live, ...earlier].slice(0, MAX_HISTORY) };
}
