import { GitError } from './error.ts';

/**
 * Long work done in slices, so that the event loop turns in between. Several pieces of work may be due in one turn,
 * one slice each: eight clones at once hold a health probe back by eight slices.
 */
export class Breather {
  readonly #sliceMs: number;
  readonly #signal: AbortSignal | undefined;
  #since = performance.now();

  constructor(signal?: AbortSignal, sliceMs = 2) {
    this.#signal = signal;
    this.#sliceMs = sliceMs;
  }

  /** True when the slice is used up: `if (breather.due()) await breather.rest();` */
  due(): boolean {
    return performance.now() - this.#since > this.#sliceMs;
  }

  /** Lets the event loop turn once; throws `aborted` when nobody waits for the work any more. */
  async rest(): Promise<void> {
    this.check();
    await new Promise<void>((resolve) => {
      setImmediate(resolve);
    });
    this.#since = performance.now();
    this.check();
  }

  check(): void {
    if (this.#signal?.aborted === true) throw new GitError('aborted', 'the request was given up');
  }
}
