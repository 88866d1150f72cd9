import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { S3Target } from '../../lib/publication/s3-target.ts';
import { FaultyProxy } from '../support/faulty-proxy.ts';
import { send } from '../support/http.ts';
import { usePostgres } from '../support/postgres.ts';
import { describeWith, S3_PROGRAMS } from '../support/programs.ts';
import {
  describePublication,
  PUBLICATION_LIMIT,
  untilFound,
  usePublicationTrial,
  type PublicationPlace,
} from '../support/publication-trial.ts';
import { useS3 } from '../support/s3.ts';

const trial = usePublicationTrial();

describeWith(S3_PROGRAMS, 'publication to a bucket', () => {
  const s3 = useS3();
  async function open(port = s3.port): Promise<PublicationPlace & { bucket: string }> {
    const bucket = await s3.freshBucket();
    const query = new URLSearchParams({ endpoint: `http://127.0.0.1:${port}` });
    const target = new S3Target({ client: s3.client, bucket, prefix: 'public/' });
    return { publish: `s3://${bucket}/public?${query.toString()}`, target, bucket, env: s3.environment };
  }
  describePublication(trial, () => open());

  test('survives a bucket that throttles, cuts and loses answers', { timeout: 2 * PUBLICATION_LIMIT }, async () => {
    const proxy = await FaultyProxy.before(s3.port);
    try {
      const { publish, target, env } = await open(Number(new URL(proxy.endpoint).port));
      const server = await trial.started(publish, env);
      await trial.publishDefinitions(server);
      await trial.settled(server);
      const seen = trial.readOn(target);
      for (const fault of [{ status: 429 }, { status: 503 }, { status: 500 }, 'refused', 'answer lost'] as const) {
        for (const what of [/^PUT .*\/o\//, /^PUT .*\/current/]) {
          proxy.fail(what, fault, 5);
          await trial.movePins(server, 2);
          await untilFound(async () => proxy.left < 5);
          await sleep(500);
          proxy.heal();
          const { live, logSize } = await trial.settled(server);
          expect(live!.size).toBe(logSize);
        }
      }
      expect((await send('GET', `${server.url}/readyz`)).status).toBe(200);
      await seen.stop();
      expect(seen.wrong).toEqual([]);
    } finally {
      await trial.stopServers();
      await proxy.close();
    }
  });
});

describeWith(['postgres', ...S3_PROGRAMS], 'two servers on one PostgreSQL and one bucket', () => {
  const s3 = useS3();
  const postgres = usePostgres();

  test('publish one at a time, and one takes over when the other dies', { timeout: PUBLICATION_LIMIT }, async () => {
    const bucket = await s3.freshBucket();
    const query = new URLSearchParams({ endpoint: s3.endpoint });
    const blobs = await s3.freshStore();
    const key = join(trial.folder.path, 'shared.key');
    const env = { ...blobs, ASSAY_STORE: await postgres.freshDatabase(), ASSAY_LOG_KEY: key };
    const publish = `s3://${bucket}/public?${query.toString()}`;
    const one = await trial.started(publish, env);
    const other = await trial.started(publish, env);
    await trial.publishDefinitions(one);
    const seen = trial.readOn(new S3Target({ client: s3.client, bucket, prefix: 'public/' }));
    await trial.settled(other);
    await Promise.all([trial.movePins(one, 50), trial.movePins(other, 50)]);
    await trial.settled(one);
    await trial.movePins(one, 5);
    void send('POST', `${one.url}/api/v1/publication/now`, { body: Buffer.from('{}') }).catch(() => undefined);
    await sleep(50);
    await one.kill();
    const { live } = await trial.settled(other);
    await seen.stop();
    expect(seen.wrong).toEqual([]);
    expect(await seen.look()).toBe(live!.size);
    await one.start();
  });
});
