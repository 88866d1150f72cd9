/** What a source failed with, or the signal's reason: it passes as it is, though it may look like an error of our files. */
export class SourceFailed extends Error {
  override readonly name = 'SourceFailed';

  constructor(cause: unknown) {
    super('the source failed', { cause });
  }
}

/** The pieces of a source until the signal comes, also while the source is silent. It fails with SourceFailed alone. */
export async function* fromSource(source: AsyncIterable<Uint8Array>, signal?: AbortSignal): AsyncGenerator<Uint8Array> {
  const pieces = source[Symbol.asyncIterator]();
  // One listener for all pieces: a promise that outlives them would hold every one of them.
  let giveUp: ((reason: unknown) => void) | undefined;
  const onAbort = (): void => giveUp?.(signal?.reason);
  signal?.addEventListener('abort', onAbort);
  let state = 'resting' as 'resting' | 'waiting' | 'ended';

  function next(): Promise<IteratorResult<Uint8Array>> {
    state = 'waiting';
    return new Promise((resolve, reject) => {
      giveUp = reject;
      void pieces.next().then(
        (step) => {
          state = step.done === true ? 'ended' : 'resting';
          resolve(step);
        },
        (error: unknown) => {
          state = 'ended';
          reject(error);
        },
      );
    });
  }

  try {
    for (;;) {
      signal?.throwIfAborted();
      const step = await next();
      signal?.throwIfAborted();
      if (step.done === true) return;
      yield step.value;
    }
  } catch (error) {
    throw new SourceFailed(error);
  } finally {
    signal?.removeEventListener('abort', onAbort);
    // A source that is still to bring its next piece ends only when it has; nobody waits for that.
    const closing = state === 'ended' ? undefined : pieces.return?.();
    if (state === 'waiting') closing?.catch(ignore);
    else await closing;
  }
}

/** What a source that nobody reads any more fails with is of no interest. */
function ignore(): void {}
