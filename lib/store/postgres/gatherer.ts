interface Waiting<Q, A> {
  readonly question: Q;
  readonly resolve: (answer: A) => void;
  readonly reject: (error: unknown) => void;
}

/** Questions that are asked together; `add` is false where one does not fit any more, and an empty batch takes any. */
export interface Batch<Q> {
  add(question: Q): boolean;
}

/**
 * Brings together what is asked while earlier questions are under way: each lane asks one batch at a time, so the more
 * is asked at once, the less each question costs, and one that comes alone waits for nobody.
 */
export class Gatherer<Q, A, B extends Batch<Q>> {
  readonly #newBatch: () => B;
  readonly #idle: ((batch: B) => Promise<readonly A[]>)[];
  readonly #lanes: number;
  #waiting: Waiting<Q, A>[] = [];
  #scheduled = false;
  #whenDone: (() => void)[] = [];

  /** A lane answers the questions of a batch in their order. */
  constructor(newBatch: () => B, lanes: readonly ((batch: B) => Promise<readonly A[]>)[]) {
    this.#newBatch = newBatch;
    this.#idle = [...lanes];
    this.#lanes = lanes.length;
  }

  ask(question: Q): Promise<A> {
    return new Promise((resolve, reject) => {
      this.#waiting.push({ question, resolve, reject });
      if (this.#scheduled || this.#idle.length === 0) return;
      this.#scheduled = true;
      // What the same turn of the event loop brings goes along.
      setImmediate(() => {
        this.#scheduled = false;
        this.#dispatch();
      });
    });
  }

  /** When everything that was asked has its answer. */
  async done(): Promise<void> {
    if (this.#waiting.length === 0 && this.#idle.length === this.#lanes) return;
    await new Promise<void>((resolve) => this.#whenDone.push(resolve));
  }

  #dispatch(): void {
    while (this.#waiting.length > 0) {
      const lane = this.#idle.pop();
      if (lane === undefined) return;
      const batch = this.#newBatch();
      let count = 0;
      for (const { question } of this.#waiting) {
        if (!batch.add(question)) break;
        count += 1;
      }
      const asked = this.#waiting.slice(0, count);
      this.#waiting = this.#waiting.slice(count);
      void this.#run(lane, batch, asked);
    }
  }

  async #run(lane: (batch: B) => Promise<readonly A[]>, batch: B, asked: readonly Waiting<Q, A>[]): Promise<void> {
    try {
      const answers = await lane(batch);
      for (const [at, { resolve }] of asked.entries()) resolve(answers[at] as A);
    } catch (error) {
      for (const { reject } of asked) reject(error);
    }
    this.#idle.push(lane);
    this.#dispatch();
    if (this.#idle.length < this.#lanes) return;
    for (const resolve of this.#whenDone.splice(0)) resolve();
  }
}
