import { PostgresServer } from '../../test/support/postgres-server.ts';
import { S3Server } from '../../test/support/s3-server.ts';
import type { Stage } from '../stage.ts';

/** A PostgreSQL that writes through to the disk, as one in use does; its stage ends it. */
export async function startPostgres(stage: Stage): Promise<PostgresServer> {
  const postgres = new PostgresServer({ isDurable: true });
  stage.defer(() => postgres.close());
  await postgres.start();
  return postgres;
}

/** Settings of a server on a fresh database and a fresh bucket. The S3 keeps its objects in memory. */
export async function startBacking(stage: Stage): Promise<Record<string, string>> {
  const postgres = await startPostgres(stage);
  const s3 = new S3Server();
  stage.defer(() => s3.close());
  await s3.start();
  return { ...(await s3.freshStore()), ASSAY_STORE: await postgres.freshDatabase() };
}
