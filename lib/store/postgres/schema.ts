import type pg from 'pg';
import { StoreError } from '../store-error.ts';
import type { Connections } from './connections.ts';
import { FIRST_SCHEMA } from './first-schema.ts';

/** The steps from each version of the schema to the next. What has been released is never changed, only added to. */
const STEPS: readonly string[] = [FIRST_SCHEMA];
export const SCHEMA_VERSION = STEPS.length;

const OLDEST_SERVER = 140_000;
/** The advisory lock under which one process at a time migrates. */
const MIGRATING = '7020431860229816321';

/** Read from the catalog itself: `to_regclass` may answer from a cache that is older than the lock. */
const HAS_VERSION = `SELECT 1 FROM pg_class AS c JOIN pg_namespace AS n ON n.oid = c.relnamespace
  WHERE n.nspname = 'assay' AND c.relname = 'schema'`;

/** Whether the database holds a store that this program knows. Rejects where a newer one made it. */
export async function hasSchema(connections: Connections): Promise<boolean> {
  return (await connections.use((client) => versionIn(client, connections.name))) > 0;
}

/** Brings the database to the schema of this program, beside whoever else does the same. */
export async function migrate(connections: Connections): Promise<void> {
  const { name } = connections;
  await connections.use(async (client) => {
    await checkServer(client, name);
    if ((await versionIn(client, name)) === SCHEMA_VERSION) return;
    await client.query('BEGIN; SET LOCAL statement_timeout = 0');
    try {
      await client.query(`SELECT pg_advisory_xact_lock(${MIGRATING})`);
      const version = await versionIn(client, name);
      for (const step of STEPS.slice(version)) await client.query(step);
      if (version < SCHEMA_VERSION) await client.query('UPDATE assay.schema SET version = $1', [SCHEMA_VERSION]);
      await client.query('COMMIT');
    } catch (error) {
      await client.query('ROLLBACK').catch(() => {});
      throw error;
    }
  });
}

/** 0 where there is none. */
async function versionIn(client: pg.PoolClient, name: string): Promise<number> {
  const found = await client.query(HAS_VERSION);
  if (found.rows.length === 0) return 0;
  const { rows } = await client.query<{ version: number }>('SELECT version FROM assay.schema');
  const version = rows[0]?.version ?? 0;
  if (version <= SCHEMA_VERSION) return version;
  throw new StoreError(
    'failed',
    `${name} was last used by a newer Assay (its schema is ${version}, this one knows ${SCHEMA_VERSION}); ` +
      'run that version or a later one',
  );
}

async function checkServer(client: pg.PoolClient, name: string): Promise<void> {
  const { rows } = await client.query<{ version: string }>("SELECT current_setting('server_version_num') AS version");
  if (Number(rows[0]?.version) >= OLDEST_SERVER) return;
  throw new StoreError('failed', `${name} is older than PostgreSQL 14, the oldest that Assay works with`);
}
