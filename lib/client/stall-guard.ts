import { ClientError } from './client-error.ts';

/** Ends one exchange when nothing has moved for a while, or when the caller wants it. Long is no fault, silent is. */
export class StallGuard {
  readonly #limitMs: number;
  readonly #outer: AbortSignal | undefined;
  readonly #controller = new AbortController();
  readonly #onAbort = (): void => this.fail(new ClientError('aborted', 'interrupted'));
  #timer: NodeJS.Timeout | undefined;
  #give: ((reason: unknown) => void) | undefined;

  constructor(limitMs: number, signal: AbortSignal | undefined) {
    this.#limitMs = limitMs;
    this.#outer = signal;
    if (signal?.aborted === true) this.#onAbort();
    else signal?.addEventListener('abort', this.#onAbort, { once: true });
    this.moved();
  }

  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  moved(): void {
    if (this.#controller.signal.aborted) return;
    if (this.#timer !== undefined) this.#timer.refresh();
    else this.#timer = setTimeout(() => this.#stalled(), this.#limitMs);
  }

  #stalled(): void {
    this.fail(new ClientError('stalled', `the server was silent for ${this.#limitMs / 1000} s`));
  }

  /** Ends the exchange for this reason. */
  fail(reason: ClientError): void {
    this.#controller.abort(reason);
    this.#give?.(reason);
  }

  /**
   * The same promise, given up when the guard fires. `fetch` alone is not enough: it holds its signal weakly, so that
   * after a collection of garbage an abort may reach a body no more.
   */
  async within<T>(work: Promise<T>): Promise<T> {
    const { signal } = this.#controller;
    return new Promise<T>((resolve, reject) => {
      this.#give = reject;
      if (signal.aborted) reject(signal.reason);
      work.then(resolve, (error: unknown) => reject(signal.aborted ? signal.reason : error));
    });
  }

  /** The bytes of a body; each piece counts as a move. Ends the guard when they end. */
  async *watch(body: ReadableStream<Uint8Array>): AsyncGenerator<Uint8Array> {
    const reader = body.getReader();
    try {
      for (;;) {
        const { done, value } = await this.within(reader.read());
        if (done) return;
        // The time that the reader takes is not the server's.
        clearTimeout(this.#timer);
        this.#timer = undefined;
        yield value;
        this.moved();
      }
    } finally {
      this.end();
      reader.cancel().catch(() => {});
    }
  }

  end(): void {
    clearTimeout(this.#timer);
    this.#outer?.removeEventListener('abort', this.#onAbort);
  }
}
