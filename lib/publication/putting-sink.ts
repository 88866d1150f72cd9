import type { ObjectSink, Ref } from '../snapshot/objects.ts';
import type { Target } from './target.ts';

const PUTS_AT_ONCE = 16;

export interface PuttingOptions {
  readonly target: Target;
  /** An object that was written longer ago than this may be in the hands of a sweep. */
  readonly freshMs: number;
  /** Throws when nobody may put any more. */
  readonly check: () => void;
  readonly onProgress?: ((objects: number) => void) | undefined;
}

/** Puts what is rendered, so many objects at a time. Nothing is certain before `end` has resolved. */
export class PuttingSink implements ObjectSink {
  readonly #options: PuttingOptions;
  readonly #running = new Set<Promise<void>>();
  #failure: { readonly error: unknown } | undefined;
  #done = 0;

  constructor(options: PuttingOptions) {
    this.#options = options;
  }

  async write({ digest, size }: Ref, bytes: Uint8Array | AsyncIterable<Uint8Array>): Promise<void> {
    const { target, freshMs, check, onProgress } = this.#options;
    if (this.#failure !== undefined) throw this.#failure.error;
    check();
    const put: Promise<void> = target
      .put({ digest, size, bytes }, freshMs)
      .then(
        () => onProgress?.((this.#done += 1)),
        (error: unknown) => {
          this.#failure ??= { error };
        },
      )
      .finally(() => this.#running.delete(put));
    this.#running.add(put);
    // Pieces may be read only as long as the writer waits.
    if (!(bytes instanceof Uint8Array)) await put;
    else if (this.#running.size >= PUTS_AT_ONCE) await Promise.race(this.#running);
  }

  /** Resolves when all is there; rejects with what failed first. */
  async end(): Promise<void> {
    await Promise.all(this.#running);
    if (this.#failure !== undefined) throw this.#failure.error;
  }
}
