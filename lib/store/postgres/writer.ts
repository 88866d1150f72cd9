import { randomUUID } from 'node:crypto';
import { StoreError } from '../store-error.ts';
import type { CommitBatch } from './commit-batch.ts';
import type { Connections, Statement } from './connections.ts';
import { hasState, isRolledBack, NotConnected } from './postgres-error.ts';

const ENROL: Statement = { name: 'assay-enrol', text: 'INSERT INTO assay.writer (id) VALUES ($1)' };
const COMMIT: Statement = {
  name: 'assay-commit',
  text: 'SELECT assay.commit($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11) AS held',
};
const SETTLE: Statement = { name: 'assay-settle', text: 'SELECT assay.settle($1, $2) AS held' };
const LEAVE: Statement = { name: 'assay-leave', text: 'DELETE FROM assay.writer WHERE id = $1' };
const FORGET: Statement = {
  name: 'assay-forget',
  text: "DELETE FROM assay.writer WHERE used < now() - interval '7 days'",
};

/** The database knows nothing of the turn, or of the writer. */
const UNKNOWN_TURN = 'AS001';
const MAX_ENROLMENTS = 5;

interface Held {
  readonly held: boolean[] | null;
}

/**
 * Makes batches one after the other, each exactly once. Every batch is a numbered turn, which the database notes in the
 * same transaction. When the answer is lost, the writer asks whether the turn was made; by asking, it bars a turn that
 * was not. So a batch is made again only where it cannot have been made and never will be.
 */
export class Writer {
  readonly #connections: Connections;
  #id: string | undefined;
  #turn = 0;

  constructor(connections: Connections) {
    this.#connections = connections;
  }

  /** Which of the commits held. A rejection with code `busy` says whether it is known that nothing was changed. */
  async make(batch: CommitBatch): Promise<boolean[]> {
    for (let tries = 0; ; tries += 1) {
      try {
        const id = (this.#id ??= await this.#enrol());
        const held = await this.#takeTurn(id, batch);
        if (held !== undefined) return held;
      } catch (error) {
        if (hasState(error, UNKNOWN_TURN) && tries < MAX_ENROLMENTS) this.#id = undefined;
        else if (!(await this.#connections.mayTryAgain(error, tries))) throw error;
      }
    }
  }

  async leave(): Promise<void> {
    if (this.#id !== undefined) await this.#connections.ask(LEAVE, [this.#id]);
  }

  /** Removes what writers left behind that ended without a word. */
  static async forgetLost(connections: Connections): Promise<void> {
    await connections.ask(FORGET, []);
  }

  async #enrol(): Promise<string> {
    const id = randomUUID();
    await this.#connections.ask(ENROL, [id]);
    this.#turn = 0;
    return id;
  }

  /** Undefined: the turn was not made, and never will be. */
  async #takeTurn(id: string, batch: CommitBatch): Promise<boolean[] | undefined> {
    const turn = this.#turn + 1;
    try {
      const [row] = await this.#connections.ask<Held>(COMMIT, [id, turn, ...batch.parameters]);
      this.#turn = turn;
      return row?.held ?? [];
    } catch (error) {
      if (error instanceof NotConnected || isRolledBack(error)) throw error;
      this.#turn = turn;
      return await this.#settle(id, turn, error);
    }
  }

  async #settle(id: string, turn: number, lost: unknown): Promise<boolean[] | undefined> {
    try {
      const [row] = await this.#connections.askPatiently<Held>(SETTLE, [id, turn]);
      return row?.held ?? undefined;
    } catch (cause) {
      this.#id = undefined;
      const message = `${this.#connections.name} was lost in the middle of a commit; whether it was made is not known`;
      throw new StoreError('busy', message, { cause: new AggregateError([lost, cause]) });
    }
  }
}
