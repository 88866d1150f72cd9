import type { Sha256 } from '../encoding/digest.ts';
import { StoreError } from '../store/store-error.ts';
import { PublicationError } from './publication-error.ts';
import type { NewObject, ReadPointer, Target, TargetItem } from './target.ts';

export interface Limits {
  /** A call in which nothing moves for so long is given up. */
  readonly callMs: number;
  /** No call goes on after this. */
  readonly ended: AbortSignal;
}

/** A call to the target that has not moved for so long is given up; its client has tried a few times by then. */
export const CALL_MS = 60_000;

/** Sixteen at once fill a line of a megabit a second. A bucket that takes nothing at all is noticed by its client. */
const SLOWEST_BYTES_PER_MS = 8;

/** A target that always answers in time, if only by `target-busy`: it may hang, and whoever waits for it must not. */
export class LimitedTarget implements Target {
  readonly #target: Target;
  readonly #limits: Limits;
  readonly #calls = new Set<Call>();

  constructor(target: Target, limits: Limits) {
    this.#target = target;
    this.#limits = limits;
    limits.ended.addEventListener('abort', () => {
      for (const call of this.#calls) call.giveUp(ending());
    });
  }

  put({ digest, size, bytes }: NewObject, freshMs: number): Promise<void> {
    return this.#within((call) => {
      if (bytes instanceof Uint8Array) call.restart(size);
      const moving = bytes instanceof Uint8Array ? bytes : call.moving(bytes);
      return this.#target.put({ digest, size, bytes: moving }, freshMs, call.signal);
    });
  }

  read(digest: Sha256): Promise<Uint8Array | undefined> {
    return this.#within(({ signal }) => this.#target.read(digest, signal));
  }

  async open(digest: Sha256): Promise<AsyncIterable<Uint8Array> | undefined> {
    const cut = new AbortController();
    const pieces = await this.#within(() => this.#target.open(digest, cut.signal), cut);
    return pieces === undefined ? undefined : this.#each(pieces, cut);
  }

  pointer(): Promise<ReadPointer | undefined> {
    return this.#within(({ signal }) => this.#target.pointer(signal));
  }

  swap(bytes: Uint8Array, mark: string | undefined): Promise<boolean> {
    return this.#within(({ signal }) => this.#target.swap(bytes, mark, signal));
  }

  list(): AsyncGenerator<TargetItem> {
    const cut = new AbortController();
    return this.#each(this.#target.list(cut.signal), cut);
  }

  remove(name: TargetItem['name']): Promise<void> {
    return this.#within(({ signal }) => this.#target.remove(name, signal));
  }

  async *#each<T>(items: AsyncIterable<T>, cut: AbortController): AsyncGenerator<T> {
    const iterator = items[Symbol.asyncIterator]();
    try {
      for (;;) {
        const next = await this.#within(() => iterator.next(), cut);
        if (next.done === true) return;
        yield next.value;
      }
    } finally {
      // One that hangs does not end either, and has been cut.
      if (!cut.signal.aborted) await iterator.return?.();
    }
  }

  async #within<T>(work: (call: Call) => Promise<T>, cut = new AbortController()): Promise<T> {
    if (this.#limits.ended.aborted) throw ending();
    const call = new Call(cut, this.#limits.callMs);
    this.#calls.add(call);
    try {
      return await Promise.race([work(call), call.givenUp]);
    } finally {
      this.#calls.delete(call);
      call.pause();
    }
  }
}

/** One call, and how long it may still take. */
class Call {
  readonly #cut: AbortController;
  readonly #callMs: number;
  #timer: NodeJS.Timeout | undefined;
  readonly givenUp: Promise<never>;
  giveUp: (error: Error) => void = () => undefined;

  constructor(cut: AbortController, callMs: number) {
    this.#cut = cut;
    this.#callMs = callMs;
    this.givenUp = new Promise((_resolve, reject) => {
      this.giveUp = (error) => {
        reject(error);
        cut.abort(error);
      };
    });
    this.restart();
  }

  get signal(): AbortSignal {
    return this.#cut.signal;
  }

  pause(): void {
    clearTimeout(this.#timer);
  }

  /** So many bytes are on their way to the target now, which nobody sees move. */
  restart(bytes = 0): void {
    this.pause();
    const ms = this.#callMs + bytes / SLOWEST_BYTES_PER_MS;
    const message = `the target has not answered for ${Math.ceil(ms / 1000)} s`;
    this.#timer = setTimeout(() => this.giveUp(new PublicationError('target-busy', message)), ms);
  }

  /** Time runs while the target takes a piece, and not while the next one is made. */
  async *moving(pieces: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
    let last = 0;
    this.pause();
    for await (const piece of pieces) {
      last = piece.length;
      this.restart(last);
      yield piece;
      this.pause();
    }
    this.restart(last);
  }
}

function ending(): StoreError {
  return new StoreError('closed', 'the server is ending');
}
