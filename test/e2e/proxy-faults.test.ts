import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { assay, errorsIn } from '../support/assay-command.ts';
import { FaultyProxy } from '../support/faulty-proxy.ts';
import { Haproxy } from '../support/haproxy.ts';
import { MixedLoad } from '../support/mixed-load.ts';
import { usePostgres } from '../support/postgres.ts';
import { describeWith, S3_PROGRAMS } from '../support/programs.ts';
import { useS3 } from '../support/s3.ts';
import { Server } from '../support/server.ts';
import { useTemporaryFolder } from '../support/use-temporary-folder.ts';
import { until } from '../support/until.ts';

/** After a fault has ended, a write must succeed within this. */
const RECOVERY_MS = 20_000;
/** How much is written before a fault and after it. */
const WRITES = 10;

vi.setConfig({ testTimeout: 60_000 });

describeWith(['haproxy', 'postgres', ...S3_PROGRAMS], 'three servers behind a proxy, under load', () => {
  const postgres = usePostgres();
  const s3 = useS3();
  const folder = useTemporaryFolder();
  const servers: Server[] = [];
  let bucket: FaultyProxy;
  let entrance: Haproxy;
  let load: MixedLoad;

  beforeAll(async () => {
    bucket = await FaultyProxy.before(s3.port);
    const query = new URLSearchParams({ endpoint: bucket.endpoint });
    const env = {
      ...s3.environment,
      ASSAY_STORE: await postgres.freshDatabase(),
      ASSAY_BLOBS: `s3://${await s3.freshBucket()}/blobs?${query.toString()}`,
      ASSAY_LOG_KEY: join(folder.path, 'log.key'),
      ASSAY_PUBLISH: `dir:${join(folder.path, 'public')}`,
    };
    servers.push(...[0, 1, 2].map(() => new Server({ env })));
    // All at once, as after a deployment: one makes the tables and the key, which the others find.
    await Promise.all(servers.map((server) => server.start()));
    entrance = await Haproxy.before(servers.map(({ address }) => address));
    load = new MixedLoad(entrance);
    await load.prepare();
    load.start();
    await writes();
  }, 60_000);
  afterAll(async () => {
    // What a client failed with was thrown where it was waited for; here all has to end.
    await load?.stop().catch(() => undefined);
    await entrance?.close();
    await bucket?.close();
    await Promise.all(servers.map((server) => server.close()));
  }, 60_000);

  async function writes(): Promise<void> {
    const before = load.acknowledged.length;
    await until('more writes', () => load.acknowledged.length >= before + WRITES, RECOVERY_MS);
  }

  /** One write of each kind succeeds soon, and clients were told nothing but to come again. */
  async function expectRecovered(): Promise<void> {
    await until('a write of each kind', () => load.once(), RECOVERY_MS);
    await writes();
    expect(load.wrong).toEqual([]);
  }

  test.each([0, 1])('one that is killed is missed by nobody for long, and comes back (%i)', async (at) => {
    await servers[at]?.kill();
    await writes();
    await servers[at]?.start();
    await expectRecovered();
  });

  test.each(['fast', 'crash'] as const)('PostgreSQL may restart (%s)', async (ending) => {
    await postgres.restart(ending);
    await expectRecovered();
  });

  test('PostgreSQL may be away for a while', async () => {
    await postgres.stop('crash');
    await sleep(2_000);
    await postgres.start();
    await expectRecovered();
  });

  test('the S3 may answer 503', async () => {
    bucket.fail(/./, { status: 503, code: 'ServiceUnavailable' }, Infinity);
    const before = load.retryable;
    await until('an answer of 503', () => load.retryable > before);
    bucket.heal();
    await expectRecovered();
  });

  test('the S3 may hang, and forget what it was asked', async () => {
    const asked = bucket.seen.length;
    bucket.fail(/./, 'silent', Infinity);
    await until('requests that hang', () => bucket.seen.length > asked);
    await sleep(1_000);
    bucket.heal();
    bucket.cutSilenced();
    await expectRecovered();
  });

  test('every write that was acknowledged is there, and all is sound', async () => {
    await load.stop();
    expect(load.wrong).toEqual([]);
    // The faults were felt.
    expect(load.cut + load.retryable).toBeGreaterThan(0);
    expect(await load.missing()).toEqual([]);
    const env = servers[0]?.environment ?? {};
    expect(await errorsIn(folder.path, env)).toEqual([]);
    const { code, stdout, stderr } = await assay(['log', 'verify'], { ASSAY_URL: entrance.url, HOME: folder.path });
    expect({ code, stdout, stderr }).toMatchObject({ code: 0 });
  }, 90_000);
});
