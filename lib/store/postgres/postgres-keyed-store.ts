import type { Commit, Entry, KeyedStore, Range } from '../keyed-store.ts';
import type { Listed, Moments } from '../moments.ts';
import { StoreError } from '../store-error.ts';
import { CommitBatch } from './commit-batch.ts';
import { Connections, type Statement } from './connections.ts';
import { Gatherer } from './gatherer.ts';
import { GetBatch } from './get-batch.ts';
import { NotConnected, postgresError } from './postgres-error.ts';
import { hasSchema, migrate } from './schema.ts';
import { Writer } from './writer.ts';

const READERS = 4;
const WRITERS = 3;
const LONGEST_KEY = 1978;

interface Row {
  readonly key: Buffer;
  readonly value: Buffer;
}

const LIST: Statement = {
  name: 'assay-list',
  text: 'SELECT key, value FROM assay.entry WHERE key >= $1 AND key < $2 ORDER BY key LIMIT $3',
};
const LIST_BACKWARD: Statement = {
  name: 'assay-list-backward',
  text: 'SELECT key, value FROM assay.entry WHERE key >= $1 AND key < $2 ORDER BY key DESC LIMIT $3',
};

/** Whoever reads a moment may have to wait in between for where the entries go. */
const BEGIN_MOMENT = `BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY;
  SET LOCAL idle_in_transaction_session_timeout = 0`;

/** Keys in a PostgreSQL database, which many machines may share. */
export class PostgresKeyedStore implements KeyedStore, Moments {
  readonly #connections: Connections;
  readonly #writers: readonly Writer[];
  readonly #gets: Gatherer<Uint8Array, Uint8Array | undefined, GetBatch>;
  readonly #commits: Gatherer<Commit, boolean, CommitBatch>;
  readonly #lists = new Set<Promise<unknown>>();
  #closing: Promise<void> | undefined;

  private constructor(connections: Connections) {
    this.#connections = connections;
    this.#writers = Array.from({ length: WRITERS }, () => new Writer(connections));
    this.#gets = new Gatherer(
      () => new GetBatch(),
      Array.from({ length: READERS }, () => (batch: GetBatch) => batch.read(connections)),
    );
    this.#commits = new Gatherer(
      () => new CommitBatch(),
      this.#writers.map((writer) => (batch: CommitBatch) => writer.make(batch)),
    );
  }

  /** Makes the tables where they are not there yet, or brings them to what this program needs. */
  static async open(url: string): Promise<PostgresKeyedStore> {
    const connections = new Connections(url);
    try {
      await migrate(connections);
      await Writer.forgetLost(connections);
      return new PostgresKeyedStore(connections);
    } catch (error) {
      await connections.end();
      throw postgresError(error, connections.name);
    }
  }

  static async existsIn(url: string): Promise<boolean> {
    const connections = new Connections(url);
    try {
      return await hasSchema(connections);
    } catch (error) {
      throw postgresError(error, connections.name);
    } finally {
      await connections.end();
    }
  }

  async get(key: Uint8Array): Promise<Uint8Array | undefined> {
    this.#checkOpen();
    return this.#answer(this.#gets.ask(key));
  }

  async list({ start, end, limit, reverse = false }: Range): Promise<Entry[]> {
    this.#checkOpen();
    if (limit <= 0 || Buffer.compare(start, end) >= 0) return [];
    const listed = this.#connections.askPatiently<Row>(reverse ? LIST_BACKWARD : LIST, [start, end, limit]);
    this.#lists.add(listed);
    return this.#answer(listed.finally(() => this.#lists.delete(listed)));
  }

  /** On one connection; where that is lost the moment is, too, and the work is rejected with code `busy`. */
  async atOneMoment<T>(work: (then: Listed) => Promise<T>): Promise<T> {
    this.#checkOpen();
    const { name } = this.#connections;
    const worked = this.#connections.use(async (client) => {
      await client.query(BEGIN_MOMENT);
      const list = async ({ start, end, limit, reverse = false }: Range): Promise<Entry[]> => {
        if (limit <= 0 || Buffer.compare(start, end) >= 0) return [];
        const statement = reverse ? LIST_BACKWARD : LIST;
        const asked = client.query<Row>({ ...statement, values: [start, end, limit] });
        const { rows } = await asked.catch((error: unknown) => {
          throw postgresError(error, name);
        });
        return rows;
      };
      const made = await work({ list });
      await client.query('ROLLBACK');
      return made;
    });
    this.#lists.add(worked);
    try {
      return await worked;
    } catch (error) {
      throw error instanceof NotConnected ? postgresError(error, name) : error;
    } finally {
      this.#lists.delete(worked);
    }
  }

  async commit(commit: Commit): Promise<boolean> {
    this.#checkOpen();
    const { checks = [], puts = [], deletes = [] } = commit;
    if (checks.length + puts.length + deletes.length === 0) return true;
    if (puts.some(({ key }) => key.length === 0 || key.length > LONGEST_KEY)) {
      throw new StoreError('failed', `a key has from 1 to ${LONGEST_KEY} bytes`);
    }
    return this.#answer(this.#commits.ask(commit));
  }

  async close(): Promise<void> {
    await (this.#closing ??= this.#close());
  }

  async #close(): Promise<void> {
    await Promise.all([this.#gets.done(), this.#commits.done(), Promise.allSettled(this.#lists)]);
    // What a writer cannot take back is forgotten by those who open the store later.
    await Promise.allSettled(this.#writers.map((writer) => writer.leave()));
    await this.#connections.end();
  }

  async #answer<T>(promise: Promise<T>): Promise<T> {
    try {
      return await promise;
    } catch (error) {
      throw postgresError(error, this.#connections.name);
    }
  }

  #checkOpen(): void {
    if (this.#closing !== undefined) throw new StoreError('closed', 'the store is closed');
  }
}
