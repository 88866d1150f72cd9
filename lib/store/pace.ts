import { setImmediate } from 'node:timers/promises';

const SLICE_MS = 5;

/**
 * Long work in the same process as the server lets others have their turn: reads of an embedded store resolve without
 * one. Returns a function to await in every round.
 */
export function makePace(signal?: AbortSignal): () => Promise<void> | undefined {
  let since = performance.now();
  return () => {
    signal?.throwIfAborted();
    if (performance.now() - since < SLICE_MS) return undefined;
    return setImmediate().then(() => {
      since = performance.now();
    });
  };
}
