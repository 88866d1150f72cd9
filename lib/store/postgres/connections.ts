import pg from 'pg';
import { databaseName } from './database-name.ts';
import { Outage, pause } from './outage.ts';
import { isAway, isRolledBack, isWorthRepeating, NotConnected } from './postgres-error.ts';

const MAX_CONNECTIONS = 12;
const CONNECT_LIMIT_MS = 5_000;
/** What the database is still doing after so long, it gives up; so nothing that was sent can take effect much later. */
const STATEMENT_LIMIT_MS = 30_000;
/** After so long without a word from the database, the connection is taken for dead. */
const ANSWER_LIMIT_MS = 40_000;
const MAX_REPEATS = 12;

/**
 * Every statement finds its rows by the primary key. The planner is kept from anything else, since what it once planned
 * for a small table would be carried over to a large one; and whatever the database's own defaults are, snapshots have
 * to be taken statement by statement.
 */
const SESSION = `
  SET default_transaction_isolation = 'read committed';
  SET statement_timeout = ${STATEMENT_LIMIT_MS};
  SET idle_in_transaction_session_timeout = ${STATEMENT_LIMIT_MS};
  SET bytea_output = 'hex';
  SET plan_cache_mode = 'force_generic_plan';
  SET enable_seqscan = off;
  SET enable_bitmapscan = off;
  SET enable_hashjoin = off;
  SET enable_mergejoin = off;
  SET enable_sort = off;
  SET jit = off;
`;

/** Prepared once on each connection, under its name. */
export interface Statement {
  readonly name: string;
  readonly text: string;
}

/** The pool of connections to one database. */
export class Connections {
  readonly name: string;
  readonly outage = new Outage();
  readonly #pool: pg.Pool;
  readonly #prepared = new WeakSet<pg.PoolClient>();

  constructor(url: string) {
    this.name = databaseName(url);
    this.#pool = new pg.Pool({
      connectionString: url,
      application_name: 'assay',
      max: MAX_CONNECTIONS,
      keepAlive: true,
      connectionTimeoutMillis: CONNECT_LIMIT_MS,
      idleTimeoutMillis: 60_000,
      query_timeout: ANSWER_LIMIT_MS,
    });
    this.#pool.on('error', () => {});
  }

  /** Lends a connection. Rejects with NotConnected where none can be had; what else goes wrong passes as it is. */
  async use<T>(work: (client: pg.PoolClient) => Promise<T>): Promise<T> {
    const client = await this.#connect();
    let failure: unknown;
    try {
      const result = await work(client);
      this.outage.ended();
      return result;
    } catch (error) {
      failure = error;
      throw error;
    } finally {
      client.release(failure !== undefined && !isRolledBack(failure));
    }
  }

  async ask<R extends pg.QueryResultRow>(statement: Statement, values: unknown[]): Promise<R[]> {
    return this.use(async (client) => (await client.query<R>({ ...statement, values })).rows);
  }

  /** For what does no harm when it is done twice: asks until there is an answer or the outage has lasted too long. */
  async askPatiently<R extends pg.QueryResultRow>(statement: Statement, values: unknown[]): Promise<R[]> {
    for (let tries = 0; ; tries += 1) {
      try {
        return await this.ask<R>(statement, values);
      } catch (error) {
        if (!(await this.mayTryAgain(error, tries))) throw error;
      }
    }
  }

  /** After a pause, whether what failed like this is worth another try. The first loss of a connection always is. */
  async mayTryAgain(error: unknown, tries: number): Promise<boolean> {
    if (isWorthRepeating(error)) {
      await pause(tries);
      return tries < MAX_REPEATS;
    }
    if (!isAway(error)) return false;
    return (await this.outage.waited(tries)) || (tries === 0 && !(error instanceof NotConnected));
  }

  async #connect(): Promise<pg.PoolClient> {
    try {
      const client = await this.#pool.connect();
      if (this.#prepared.has(client)) return client;
      await this.#prepare(client);
      return client;
    } catch (cause) {
      throw new NotConnected('no connection', { cause });
    }
  }

  async #prepare(client: pg.PoolClient): Promise<void> {
    // Whoever waits for an answer learns of a loss there; without a listener, Node would end the process.
    client.on('error', () => {});
    try {
      await client.query(SESSION);
      this.#prepared.add(client);
    } catch (error) {
      client.release(true);
      throw error;
    }
  }

  async end(): Promise<void> {
    await this.#pool.end();
  }
}
