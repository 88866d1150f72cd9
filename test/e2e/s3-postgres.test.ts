import { ListObjectsV2Command } from '@aws-sdk/client-s3';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { assay, errorsIn } from '../support/assay-command.ts';
import { send } from '../support/http.ts';
import { digestOf, randomContent } from '../support/oci-content.ts';
import { PostgresServer, usePostgres } from '../support/postgres.ts';
import { describeWith, S3_PROGRAMS } from '../support/programs.ts';
import { expectStatus, locationOf, Repository } from '../support/repository.ts';
import { useS3 } from '../support/s3.ts';
import { Server } from '../support/server.ts';
import { useTemporaryFolder } from '../support/use-temporary-folder.ts';

/** The same upload at another server. */
function moved(location: string, to: Repository): string {
  const { pathname, search } = new URL(location);
  return new URL(pathname + search, to.url('')).href;
}

describeWith(['postgres', ...S3_PROGRAMS], 'two servers that share PostgreSQL and S3, and nothing else', () => {
  const postgres = usePostgres();
  const s3 = useS3();
  const servers: Server[] = [];
  const folder = useTemporaryFolder();
  let bucket = '';
  beforeAll(async () => {
    bucket = await s3.freshBucket();
    const query = new URLSearchParams({ endpoint: s3.endpoint }).toString();
    const env = {
      ASSAY_STORE: await postgres.freshDatabase(),
      ASSAY_BLOBS: `s3://${bucket}?${query}`,
      ASSAY_LOG_KEY: join(folder.path, 'log.key'),
    };
    servers.push(...[0, 1].map(() => new Server({ env: { ...s3.environment, ...env } })));
    // The first makes the key of the log, which the other has to find.
    for (const server of servers) await server.start();
  });
  afterAll(async () => {
    await Promise.all(servers.map((server) => server.close()));
  });

  function repositories(name: string): [Repository, Repository] {
    const [one, other] = servers;
    if (one === undefined || other === undefined) throw new Error('the servers were not started');
    return [new Repository(one, name), new Repository(other, name)];
  }

  async function keys(prefix: string): Promise<string[]> {
    const { Contents = [] } = await s3.client.send(new ListObjectsV2Command({ Bucket: bucket, Prefix: prefix }));
    return Contents.map(({ Key = '' }) => Key);
  }

  test('show each other what they took, and keep it in the bucket', async () => {
    const [one, other] = repositories('team/shown');
    const large = randomContent(20_000_000);
    const digest = await one.pushBlob(large);
    const image = await one.pushImage('v1');
    expect(expectStatus(await other.get(`blobs/${digest}`), 200).body.equals(large)).toBe(true);
    expect(digestOf(expectStatus(await other.get('manifests/v1'), 200).body)).toBe(image.digest);
    const hex = digest.slice('sha256:'.length);
    expect(await keys('blobs/')).toContain(`blobs/${hex.slice(0, 2)}/${hex}`);
    expect(await keys('uploads/')).toEqual([]);
    for (const { data } of servers) expect(await readdir(data)).not.toContain('blobs');
  });

  test('end an upload of many chunks that went back and forth between them', async () => {
    const [one, other] = repositories('team/moved');
    const bytes = randomContent(24_000_000);
    let location = await one.startUpload();
    for (let at = 0; at < 6; at += 1) {
      const [from, to] = [at * 4_000_000, (at + 1) * 4_000_000];
      const [here, there] = at % 2 === 0 ? [one, other] : [other, one];
      const reply = await here.patch(location, bytes.subarray(from, to), `${from}-${to - 1}`);
      location = moved(locationOf(expectStatus(reply, 202), here.url('')), there);
    }
    expectStatus(await one.close(location, digestOf(bytes)), 201);
    const stored = expectStatus(await other.get(`blobs/${digestOf(bytes)}`), 200);
    expect(stored.body.equals(bytes)).toBe(true);
    expect(await keys('uploads/')).toEqual([]);
  });

  test('go on with an upload whose server died', async () => {
    const [one, other] = repositories('team/survived');
    const bytes = randomContent(24_000_000);
    const started = await one.startUpload();
    const location = locationOf(expectStatus(await one.patch(started, bytes.subarray(0, 20_000_000)), 202), started);
    await servers[0]?.kill();
    const elsewhere = moved(location, other);
    const status = expectStatus(await send('GET', elsewhere), 204);
    expect(status.headers).toMatchObject({ range: '0-19999999' });
    expectStatus(await other.close(elsewhere, digestOf(bytes), bytes.subarray(20_000_000)), 201);
    await servers[0]?.start();
    expect((await one.get(`blobs/${digestOf(bytes)}`)).body.equals(bytes)).toBe(true);
  });

  test('say no password and no secret', () => {
    for (const { said } of servers) {
      expect(said).not.toContain(PostgresServer.PASSWORD);
      expect(said).not.toContain(s3.owner.secretAccessKey);
    }
  });

  test('are sound, and collected by the command', async () => {
    const [one, other] = repositories('team/collected');
    const digest = await one.pushBlob(randomContent(9_000_000));
    expectStatus(await other.delete(`blobs/${digest}`), 202);
    const env = servers[0]?.environment ?? {};
    expect(await errorsIn(folder.path, env)).toEqual([]);
    const before = (await keys('blobs/')).length;
    expect((await assay(['gc', '--grace', '0'], env)).code).toBe(0);
    expect((await keys('blobs/')).length).toBeLessThan(before);
    expect(await errorsIn(folder.path, env)).toEqual([]);
  });

  test('say no secret, whatever they were asked', () => {
    for (const { said } of servers) {
      expect(said).toContain('Assay listens');
      expect(said).not.toContain(PostgresServer.PASSWORD);
      expect(said).not.toContain(s3.owner.secretAccessKey);
    }
  });
});
