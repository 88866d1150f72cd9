import type { Clock } from '../store/clock.ts';
import { waitBeforePublish } from './pacing.ts';
import type { PublicationState } from './publication-state.ts';

/** How the log grows, as one publisher sees it. What it forgets with its end makes the next one wait anew, and no more. */
export class Burst {
  readonly #clock: Clock;
  #seen = -1;
  #lastAppend = 0;
  #dirtySince: number | undefined;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Whether it is time to publish; `isOutdated` where what is live is to be published again though it has every entry. */
  note(size: number, { live, held }: PublicationState, isOutdated: boolean): boolean {
    const [ticks, now] = [this.#clock.ticks(), this.#clock.now()];
    if (size !== this.#seen) this.#lastAppend = ticks;
    this.#seen = size;
    if (held === true || (size <= (live?.size ?? -1) && !isOutdated)) {
      this.#dirtySince = undefined;
      return false;
    }
    const dirtySince = (this.#dirtySince ??= ticks);
    const lastSwap = live?.at ?? 0;
    return waitBeforePublish({ ticks, lastAppend: this.#lastAppend, dirtySince, now, lastSwap }) === 0;
  }

  /** Whether anything waits to be published. */
  get isDirty(): boolean {
    return this.#dirtySince !== undefined;
  }

  end(): void {
    this.#dirtySince = undefined;
  }
}
