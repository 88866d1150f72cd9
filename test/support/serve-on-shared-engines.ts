import { randomUUID } from 'node:crypto';
import { afterAll, inject } from 'vitest';
import { askPostgres, makeDatabase } from './postgres-server.ts';
import { serveOn } from './server.ts';

const { postgres, blobs, credentials } = inject('sharedEngines');
const databases: string[] = [];

serveOn(async () => {
  const name = `test_${randomUUID().replaceAll('-', '')}`;
  databases.push(name);
  const query = new URLSearchParams({ endpoint: blobs.endpoint });
  return {
    ...credentials,
    ASSAY_STORE: await makeDatabase(postgres, name),
    ASSAY_BLOBS: `s3://${blobs.bucket}/${name}?${query.toString()}`,
  };
});

afterAll(async () => {
  for (const name of databases) await askPostgres(postgres, `DROP DATABASE IF EXISTS ${name} WITH (FORCE)`);
});
