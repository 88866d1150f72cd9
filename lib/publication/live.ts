import { withoutFailure } from './failure.ts';
import { parsePointer, type Pointer } from './pointer.ts';
import { PublicationError } from './publication-error.ts';
import { changeState, type PublicationState, type PublishedSnapshot } from './publication-state.ts';
import type { PublishParts } from './publish-parts.ts';
import type { Renderer } from './renderer.ts';

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
export async function findLive(parts: PublishParts): Promise<Live> {
  const { keys, target, renderer } = parts;
  const read = await target.pointer();
  const pointer = read === undefined ? undefined : parsePointer(read.bytes);
  const size = await renderer.size();
  if (pointer !== undefined && pointer.size > size) {
    const message = `the target shows ${pointer.size} entries, and this log has ${size}: it was published from another store`;
    throw new PublicationError('target-backwards', message);
  }
  if (pointer !== undefined) await requireSameHistory(pointer, renderer);
  const state = await changeState(keys, (before) => {
    const { live } = before;
    const isNoted = live?.publication === pointer?.publication && live?.snapshot === pointer?.snapshot;
    return pointer === undefined || isNoted ? withoutSwap(before) : withLive(parts, before, pointer);
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

/** Notes what readers see from now on, and that the site is to be told of it. */
export function withLive(
  { now, hasHook }: PublishParts,
  state: PublicationState,
  { publication, snapshot, size }: Pointer,
): PublicationState {
  const at = now();
  const live: PublishedSnapshot = { publication, snapshot, size, at };
  const { hook: _earlierHook, ...rest } = withoutFailure(withoutSwap(state));
  return {
    ...rest,
    lastAttemptAt: at,
    live,
    ...(hasHook ? { hook: { snapshot, publication, size, attempts: 0, nextAt: at } } : {}),
  };
}

function withoutSwap(state: PublicationState): PublicationState {
  if (state.swapping === undefined) return state;
  const { swapping: _swapping, ...rest } = state;
  return rest;
}
