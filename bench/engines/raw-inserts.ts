import { randomBytes } from 'node:crypto';
import pg from 'pg';
import { perSecond } from '../log/appends.ts';
import type { Contender } from '../suite.ts';
import type { Stage } from '../stage.ts';
import { startPostgres } from './backing.ts';

export const rawName = 'pg inserts';

/** What one server of ours opens at most. */
const connections = 12;

/** Values into a table of two columns by `pg` itself, each its own transaction and awaited until it is durable. */
export async function rawInserts(stage: Stage, callers: number, bytes: number): Promise<Contender> {
  const postgres = await startPostgres(stage);
  const pool = new pg.Pool({ connectionString: await postgres.freshDatabase(), max: connections });
  stage.defer(() => pool.end());
  await pool.query('CREATE TABLE raw (key bytea PRIMARY KEY, value bytea NOT NULL)');
  const text = 'INSERT INTO raw (key, value) VALUES ($1, $2)';
  let next = 0;
  return {
    name: rawName,
    measure: (seconds) =>
      perSecond(seconds, { callers, signal: stage.signal }, async () => {
        const key = Buffer.alloc(9, 'E');
        key.writeBigUInt64BE(BigInt((next += 1)), 1);
        await pool.query({ name: 'insert', text, values: [key, randomBytes(bytes)] });
      }),
  };
}
