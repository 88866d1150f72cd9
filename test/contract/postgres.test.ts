import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { commitUntilHeld } from '../../lib/store/commit-until-held.ts';
import { entriesOf, type KeyedStore } from '../../lib/store/keyed-store.ts';
import { PostgresKeyedStore } from '../../lib/store/postgres/postgres-keyed-store.ts';
import { StoreError } from '../../lib/store/store-error.ts';
import { CuttingProxy } from '../support/cutting-proxy.ts';
import { PostgresServer, usePostgres } from '../support/postgres.ts';
import { describeWith } from '../support/programs.ts';
import type { Engine, Trial } from './harness.ts';
import { keyedStoreContract } from './keyed-store-contract.ts';
import { momentsContract } from './moments-contract.ts';

interface PostgresTrial extends Trial<PostgresKeyedStore> {
  readonly end: () => Promise<void>;
}

const EVERYTHING = { start: Buffer.of(0), end: Buffer.alloc(64, 0xff) };

describeWith(['postgres'], 'PostgreSQL', () => {
  const server = usePostgres();

  const engine: Engine<PostgresKeyedStore, PostgresTrial> = {
    name: 'PostgreSQL',
    async setup(): Promise<PostgresTrial> {
      const url = await server.freshDatabase();
      const store = await PostgresKeyedStore.open(url);
      let current = store;
      return {
        store,
        async reopen() {
          await current.close();
          current = await PostgresKeyedStore.open(url);
          return current;
        },
        async end() {
          await current.close();
          await server.checkUnused(url);
          await server.drop(url);
        },
      };
    },
    teardown: ({ end }) => end(),
  };

  keyedStoreContract<PostgresTrial>(engine);
  momentsContract<PostgresTrial>(engine);

  describe('a store in PostgreSQL', () => {
    let url = '';
    const opened: PostgresKeyedStore[] = [];
    beforeEach(async () => {
      url = await server.freshDatabase();
    });
    afterEach(async () => {
      await Promise.all(opened.splice(0).map((store) => store.close()));
      await server.checkUnused(url);
    });

    /** So that commits that are made together do overlap, however fast the machine is. */
    async function slowDown(): Promise<void> {
      await server.ask(
        url,
        `CREATE FUNCTION dawdle() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN PERFORM pg_sleep(0.05); RETURN NULL; END $$;
         CREATE TRIGGER dawdle BEFORE INSERT ON assay.entry FOR EACH STATEMENT EXECUTE FUNCTION dawdle()`,
      );
    }

    async function openTwo(): Promise<[PostgresKeyedStore, PostgresKeyedStore]> {
      return Promise.all([open(), open()]);
    }

    async function open(): Promise<PostgresKeyedStore> {
      const store = await PostgresKeyedStore.open(url);
      opened.push(store);
      return store;
    }

    test('shows to every other on the database at once what one of them commits', async () => {
      const [one, other] = await openTwo();
      for (let round = 0; round < 100; round += 1) {
        await one.commit({ puts: [{ key: text('a'), value: text(`${round}`) }] });
        expect(textOf(await other.get(text('a')))).toBe(`${round}`);
        const [listed] = await other.list({ ...EVERYTHING, limit: 1 });
        expect(textOf(listed?.value)).toBe(`${round}`);
      }
    });

    test('loses no step of a counter that 64 clients of two stores count', async () => {
      const stores = await openTwo();
      const clients = Array.from({ length: 32 }, () => stores).flat();
      await Promise.all(
        clients.map(async (store) => {
          for (let step = 0; step < 5; step += 1) await increment(store);
        }),
      );
      expect(textOf(await stores[0].get(text('counter')))).toBe('320');
    }, 60_000);

    test('lets exactly one of two stores create what both found absent', async () => {
      const stores = await openTwo();
      await slowDown();
      const keys = Array.from({ length: 40 }, (_, at) => text(`new-${at}`));
      const made = await Promise.all(
        stores.map((store) =>
          Promise.all(
            keys.map((key) => store.commit({ checks: [{ key, value: undefined }], puts: [{ key, value: key }] })),
          ),
        ),
      );
      for (const at of keys.keys()) expect(made.filter((answers) => answers[at])).toHaveLength(1);
    });

    test('never lets two commits hold that each make what the other found absent', async () => {
      const stores = await openTwo();
      await slowDown();
      for (let round = 0; round < 3; round += 1) {
        const pairs = Array.from(
          { length: 10 },
          (_, at) => [text(`x-${round}-${at}`), text(`y-${round}-${at}`)] as const,
        );
        const answers = await Promise.all(
          pairs.map(([x, y]) =>
            Promise.all([
              stores[0].commit({ checks: [{ key: x, value: undefined }], puts: [{ key: y, value: text('1') }] }),
              stores[1].commit({ checks: [{ key: y, value: undefined }], puts: [{ key: x, value: text('1') }] }),
            ]),
          ),
        );
        for (const pair of answers) expect(pair.filter(Boolean)).toHaveLength(1);
      }
    });

    test('makes commits that are larger than the lock table, beside small ones of the same keys', async () => {
      const stores = await openTwo();
      const keys = Array.from({ length: 9_000 }, (_, at) => text(`k${String(at).padStart(5, '0')}`));
      const large = stores.map((store, at) =>
        store.commit({ puts: keys.map((key) => ({ key, value: text(`${at}`) })) }),
      );
      const small = keys.slice(0, 300).map((key) => stores[1].commit({ puts: [{ key, value: text('s') }] }));
      expect((await Promise.all([...large, ...small])).every(Boolean)).toBe(true);
      const values = new Set<string>();
      for await (const { value } of entriesOf(stores[0], { start: text('k00300'), end: text('l') })) {
        values.add(textOf(value));
      }
      expect(values.size).toBe(1);
    });

    test.each(['fast', 'crash'] as const)(
      'has every acknowledged commit, and makes none twice, when PostgreSQL restarts in mid-work (%s)',
      async (ending) => {
        const stores = await openTwo();
        const load = new Load(stores);
        for (let restart = 0; restart < 3; restart += 1) {
          await load.goesOn();
          await sleep(Math.random() * 50);
          await server.restart(ending);
        }
        await load.goesOn();
        await load.stop();
        const found: string[] = [];
        const range = { start: text('once-'), end: text('once.') };
        for await (const { value } of entriesOf(stores[0], range)) found.push(textOf(value));
        // A restart is shorter than the patience of a store, and the outcome of a commit can be asked for; so none failed.
        expect(load.failed).toEqual([]);
        expect(found.sort()).toEqual(load.acknowledged.sort());
      },
      60_000,
    );

    test('answers reads and commits that a restart cut off, with what is true', async () => {
      const store = await open();
      await store.commit({ puts: [{ key: text('a'), value: text('1') }] });
      await server.stop();
      const get = store.get(text('a'));
      const list = store.list({ ...EVERYTHING, limit: 5 });
      const commit = store.commit({ checks: [{ key: text('a'), value: text('1') }], deletes: [text('a')] });
      await sleep(200);
      await server.start();
      expect(await commit).toBe(true);
      expect(['1', '']).toContain(textOf(await get));
      expect((await list).length).toBeLessThan(2);
      expect(await store.get(text('a'))).toBeUndefined();
    });

    test('says how a commit ended whose connection was cut in the middle', async () => {
      const store = await open();
      const holder = new RowHolder(url);
      await store.commit({ puts: [{ key: text('held'), value: text('1') }] });
      await holder.hold('held');
      const commit = store.commit({ checks: [{ key: text('held'), value: text('1') }], deletes: [text('held')] });
      const waiting = "FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()";
      while ((await server.ask(url, `SELECT 1 ${waiting}`)).length === 0) await sleep(10);
      expect(await server.ask(url, `SELECT pg_terminate_backend(pid) AS cut ${waiting}`)).toEqual([{ cut: true }]);
      await holder.letGo();
      expect(await commit).toBe(true);
      expect(await store.get(text('held'))).toBeUndefined();
    });

    describe('whose connection is cut', () => {
      let proxy: CuttingProxy;
      let store: PostgresKeyedStore;
      beforeEach(async () => {
        proxy = await CuttingProxy.before(server.port);
        store = await PostgresKeyedStore.open(Object.assign(new URL(url), { port: `${proxy.port}` }).href);
        opened.push(store);
        await store.commit({ puts: [{ key: text('a'), value: text('0') }] });
      });
      afterEach(() => proxy.close());

      test.each(['answer lost', 'request lost'] as const)(
        'makes commits once, and says what came of them: %s',
        async (cut) => {
          for (let round = 0; round < 5; round += 1) {
            const [value, next] = [text(`${round}`), text(`${round + 1}`)];
            proxy.cutNext(cut);
            expect(
              await store.commit({ checks: [{ key: text('a'), value }], puts: [{ key: text('a'), value: next }] }),
            ).toBe(true);
            expect(proxy.wasCut).toBe(true);
            proxy.cutNext(cut);
            expect(await store.commit({ checks: [{ key: text('a'), value }], deletes: [text('a')] })).toBe(false);
            expect(proxy.wasCut).toBe(true);
          }
          expect(textOf(await store.get(text('a')))).toBe('5');
        },
      );

      test('does not let take effect what arrives after it was asked for again', async () => {
        proxy.cutNext('request late');
        expect(await store.commit({ puts: [{ key: text('a'), value: text('early') }] })).toBe(true);
        expect(await store.commit({ puts: [{ key: text('a'), value: text('last') }] })).toBe(true);
        proxy.deliverLate();
        await sleep(200);
        expect(textOf(await store.get(text('a')))).toBe('last');
      });

      test('asks again for what it reads', async () => {
        for (const cut of ['answer lost', 'request lost'] as const) {
          proxy.cutNext(cut);
          expect(textOf(await store.get(text('a')))).toBe('0');
          proxy.cutNext(cut);
          expect(await store.list({ ...EVERYTHING, limit: 5 })).toHaveLength(1);
          expect(proxy.wasCut).toBe(true);
        }
      });
    });

    test('is migrated once by many who open it together', async () => {
      const stores = await Promise.all(Array.from({ length: 6 }, () => open()));
      await Promise.all(stores.map((store, at) => store.commit({ puts: [{ key: text(`${at}`), value: text('') }] })));
      expect(await stores.at(-1)?.list({ ...EVERYTHING, limit: 10 })).toHaveLength(6);
      expect(await server.ask(url, 'SELECT version FROM assay.schema')).toEqual([{ version: 1 }]);
    });

    test('refuses a database that a newer Assay has used', async () => {
      await (await open()).close();
      await server.ask(url, 'UPDATE assay.schema SET version = 77');
      for (const attempt of [() => PostgresKeyedStore.open(url), () => PostgresKeyedStore.existsIn(url)]) {
        const refusal = await refusalOf(attempt());
        expect(refusal.code).toBe('failed');
        expect(refusal.message).toMatch(/newer Assay.*77/);
      }
    });

    test('is there or not without being made', async () => {
      expect(await PostgresKeyedStore.existsIn(url)).toBe(false);
      expect(await PostgresKeyedStore.existsIn(url)).toBe(false);
      await open();
      expect(await PostgresKeyedStore.existsIn(url)).toBe(true);
    });

    test('calls a full disk full, and changes nothing', async () => {
      const store = await open();
      await server.ask(
        url,
        `CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS
           $$ BEGIN RAISE EXCEPTION 'could not extend file' USING ERRCODE = '53100'; END $$;
         CREATE TRIGGER refuse BEFORE INSERT ON assay.entry FOR EACH ROW WHEN (NEW.key = 'last') EXECUTE FUNCTION refuse()`,
      );
      const puts = ['first', 'last'].map((name) => ({ key: text(name), value: text('1') }));
      expect((await refusalOf(store.commit({ puts }))).code).toBe('full');
      expect(await store.get(text('first'))).toBeUndefined();
      expect(await store.commit({ puts: puts.slice(0, 1) })).toBe(true);
    });

    test('repeats by itself what the database undid for the sake of others', async () => {
      const store = await open();
      await server.ask(
        url,
        `CREATE SEQUENCE tries;
         CREATE FUNCTION disturb() RETURNS trigger LANGUAGE plpgsql AS $$ DECLARE n bigint := nextval('tries'); BEGIN
           IF n < 4 THEN RAISE EXCEPTION 'disturbed' USING ERRCODE = CASE n WHEN 1 THEN '40001' ELSE '40P01' END; END IF;
           RETURN NEW; END $$;
         CREATE TRIGGER disturb BEFORE INSERT ON assay.entry FOR EACH ROW EXECUTE FUNCTION disturb()`,
      );
      expect(await store.commit({ puts: [{ key: text('a'), value: text('1') }] })).toBe(true);
      expect(await server.ask(url, "SELECT nextval('tries')::integer AS next")).toEqual([{ next: 5 }]);
    });

    test('commits durably and statement by statement, whatever the defaults of the database are', async () => {
      const name = new URL(url).pathname.slice(1);
      await server.ask(url, `ALTER DATABASE ${name} SET default_transaction_isolation = 'serializable'`);
      await server.ask(url, `ALTER DATABASE ${name} SET synchronous_commit = off`);
      const store = await open();
      await server.ask(
        url,
        `CREATE TABLE seen (durable text);
         CREATE FUNCTION note() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
           INSERT INTO seen VALUES (current_setting('synchronous_commit')); RETURN NEW; END $$;
         CREATE CONSTRAINT TRIGGER note AFTER INSERT ON assay.entry DEFERRABLE INITIALLY DEFERRED
           FOR EACH ROW EXECUTE FUNCTION note()`,
      );
      expect(await store.commit({ puts: [{ key: text('a'), value: text('1') }] })).toBe(true);
      expect(await server.ask(url, 'SELECT durable FROM seen')).toEqual([{ durable: 'on' }]);
    });

    test('goes on when its writers were forgotten', async () => {
      const store = await open();
      for (let round = 0; round < 3; round += 1) {
        expect(await store.commit({ puts: [{ key: text(`${round}`), value: text('1') }] })).toBe(true);
        await server.ask(url, 'DELETE FROM assay.writer');
      }
      await store.close();
      expect(await server.ask(url, 'SELECT * FROM assay.writer')).toEqual([]);
    });

    test.each([
      ['an unknown user', { username: 'nobody' }, 'failed', /user and password/],
      ['a wrong password', { password: 'hush-hush' }, 'failed', /user and password/],
      ['no password', { password: '' }, 'failed', /asks for a password/],
      ['an unknown database', { pathname: '/nowhere' }, 'failed', /createdb/],
      ['a port without a server', { port: '1' }, 'busy', /127\.0\.0\.1:1\/.*ECONNREFUSED.*running/],
    ] as const)('says what is wrong with %s, and never the password', async (_, spoilt, code, message) => {
      const wrong = Object.assign(new URL(url), spoilt);
      const refusal = await refusalOf(PostgresKeyedStore.open(wrong.href));
      expect(refusal.code).toBe(code);
      expect(refusal.message).toMatch(message);
      for (const shown of [refusal.message, String(refusal.cause), JSON.stringify(refusal.cause)]) {
        expect(shown).not.toMatch(new RegExp(`${PostgresServer.PASSWORD}|hush-hush`));
      }
    });
  });
});

/** Clients that each make keys, one after the other, that none may make twice. */
class Load {
  readonly acknowledged: string[] = [];
  readonly failed: unknown[] = [];
  readonly #working: Promise<unknown>;
  #stopped = false;

  constructor(stores: readonly KeyedStore[]) {
    const clients = Array.from({ length: 6 }, () => stores).flat();
    this.#working = Promise.all(clients.map((store, at) => this.#work(store, at)));
  }

  /** Resolves when some more commits were acknowledged. */
  async goesOn(): Promise<void> {
    const enough = this.acknowledged.length + 50;
    while (this.acknowledged.length < enough) await sleep(5);
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    await this.#working;
  }

  async #work(store: KeyedStore, client: number): Promise<void> {
    for (let step = 0; !this.#stopped; step += 1) {
      const name = `${client}-${step}`;
      const key = text(`once-${name}`);
      try {
        const held = await store.commit({ checks: [{ key, value: undefined }], puts: [{ key, value: text(name) }] });
        // Made twice, the second found the key.
        if (held) this.acknowledged.push(name);
        else this.failed.push(`${name} was made twice`);
      } catch (error) {
        this.failed.push(error);
      }
    }
  }
}

/** Holds a row of its own, as somebody at a prompt may do, so that a commit stands still in the middle. */
class RowHolder {
  readonly #client: pg.Client;

  constructor(url: string) {
    this.#client = new pg.Client({ connectionString: url });
  }

  async hold(key: string): Promise<void> {
    await this.#client.connect();
    await this.#client.query('BEGIN');
    await this.#client.query('SELECT 1 FROM assay.entry WHERE key = $1 FOR UPDATE', [text(key)]);
  }

  async letGo(): Promise<void> {
    await this.#client.query('ROLLBACK');
    await this.#client.end();
  }
}

function increment(store: KeyedStore): Promise<void> {
  const key = text('counter');
  return commitUntilHeld(store, async () => {
    const value = await store.get(key);
    const next = text(String(Number(textOf(value) || '0') + 1));
    return { commit: { checks: [{ key, value }], puts: [{ key, value: next }] }, result: undefined };
  });
}

async function refusalOf(work: Promise<unknown>): Promise<StoreError> {
  try {
    await work;
  } catch (error) {
    if (error instanceof StoreError) return error;
    throw error;
  }
  throw new Error('nothing was refused');
}

function text(characters: string): Buffer {
  return Buffer.from(characters, 'latin1');
}

function textOf(bytes: Uint8Array | undefined): string {
  return bytes === undefined ? '' : Buffer.from(bytes).toString('latin1');
}
