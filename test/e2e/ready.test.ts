import { mkdir, rename } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { failingDisk, mayHaveFailingDisk } from '../fault/support/own-disk.ts';
import { FaultyProxy } from '../support/faulty-proxy.ts';
import { header, jsonOf, send } from '../support/http.ts';
import { usePostgres } from '../support/postgres.ts';
import { describeWith, S3_PROGRAMS } from '../support/programs.ts';
import { useS3 } from '../support/s3.ts';
import { Server, useServer } from '../support/server.ts';
import { useTemporaryFolder } from '../support/use-temporary-folder.ts';
import { until } from '../support/until.ts';

async function answerOf({ url }: Server): Promise<{ status: number; unreachable: unknown; retryAfter: unknown }> {
  const reply = await send('GET', `${url}/readyz`);
  const { unreachable } = jsonOf(reply) as { unreachable?: unknown };
  return { status: reply.status, unreachable, retryAfter: header(reply, 'retry-after') };
}

async function expectUnready(server: Server, part: string): Promise<void> {
  await until(`unready for want of ${part}`, async () => (await answerOf(server)).status === 503);
  expect(await answerOf(server)).toEqual({ status: 503, unreachable: [part], retryAfter: '1' });
  expect((await send('GET', `${server.url}/healthz`)).status).toBe(200);
}

async function expectReady(server: Server): Promise<void> {
  await until('ready', async () => (await answerOf(server)).status === 200);
}

const onFiles = useServer();

test('a server whose folder of blobs is gone says so, until it is back', async () => {
  await expectReady(onFiles);
  const [here, away] = [join(onFiles.data, 'blobs'), join(onFiles.data, 'away')];
  await rename(here, away);
  await expectUnready(onFiles, 'blobs');
  await rename(away, here);
  await expectReady(onFiles);
});

describe.skipIf(!mayHaveFailingDisk())('a server whose disk takes no writes any more', () => {
  const folder = useTemporaryFolder();

  test('says so, while it lives and lets all be read, until it is started on a disk that does', async () => {
    const disk = await failingDisk(folder.path, 64);
    const server = new Server({ data: join(disk.path, 'data') });
    try {
      await mkdir(server.data);
      await server.start();
      await expectReady(server);
      await disk.fail();
      const told = async (): Promise<unknown> => jsonOf(await send('GET', `${server.url}/readyz`));
      const unwritable = { status: 'unready', unreachable: [], unwritable: ['store', 'blobs'] };
      await expect.poll(told, { timeout: 20_000 }).toEqual(unwritable);
      expect((await answerOf(server)).status).toBe(503);
      expect((await send('GET', `${server.url}/healthz`)).status).toBe(200);
      expect((await send('GET', `${server.url}/v2/_catalog`)).status).toBe(200);
      expect(server.said).toContain('"takes no writes","part":"store"');
      await server.stop();
      await disk.mountAgain();
      await server.start();
      await expectReady(server);
    } finally {
      await server.close();
      await disk.unmount();
    }
  });
});

describeWith(['postgres', ...S3_PROGRAMS], 'a server with PostgreSQL and S3', () => {
  const postgres = usePostgres();
  const s3 = useS3();

  test('is unready while one of them does not answer, names it, and asks it seldom', async () => {
    const proxy = await FaultyProxy.before(s3.port);
    const blobs = `s3://${await s3.freshBucket()}/blobs?${new URLSearchParams({ endpoint: proxy.endpoint }).toString()}`;
    const store = await postgres.freshDatabase();
    const server = new Server({ env: { ...s3.environment, ASSAY_BLOBS: blobs, ASSAY_STORE: store } });
    await server.start();
    try {
      await expectReady(server);
      const before = proxy.seen.length;
      await Promise.all(Array.from({ length: 50 }, () => answerOf(server)));
      expect(proxy.seen.length - before).toBeLessThan(10);
      for (const fault of [{ status: 503 }, 'silent', 'refused'] as const) {
        proxy.fail(/^HEAD .*assay\.json/, fault, Infinity);
        await expectUnready(server, 'blobs');
        proxy.heal();
        await expectReady(server);
      }
      await postgres.stop();
      await expectUnready(server, 'store');
      await postgres.start();
      await expectReady(server);
      expect(server.said).toContain('"cannot be reached","part":"store"');
      expect(server.said).toContain('"reached again","part":"blobs"');
    } finally {
      await server.close();
      await proxy.close();
    }
  });
});
