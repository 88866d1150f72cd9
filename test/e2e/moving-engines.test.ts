import { ListObjectsV2Command } from '@aws-sdk/client-s3';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, expect, test } from 'vitest';
import { FileBlobStore } from '../../lib/store/files/file-blob-store.ts';
import { FileLayout } from '../../lib/store/files/file-layout.ts';
import type { BlobStore } from '../../lib/store/blob-store.ts';
import type { KeyedStore } from '../../lib/store/keyed-store.ts';
import { leaseKey } from '../../lib/store/keys.ts';
import { LmdbKeyedStore } from '../../lib/store/lmdb/lmdb-keyed-store.ts';
import { PostgresKeyedStore } from '../../lib/store/postgres/postgres-keyed-store.ts';
import { openS3 } from '../../lib/store/s3/open-s3.ts';
import { assay } from '../support/assay-command.ts';
import { contentOf, type MovedContent } from '../support/moved-content.ts';
import { checkpointOf, expectServed, expectVerified, fill, json, killed, type Pushed } from '../support/moving.ts';
import { randomContent } from '../support/oci-content.ts';
import { usePostgres } from '../support/postgres.ts';
import { describeWith, S3_PROGRAMS } from '../support/programs.ts';
import { Repository } from '../support/repository.ts';
import { rounds } from '../support/rounds.ts';
import { useS3 } from '../support/s3.ts';
import { Server } from '../support/server.ts';
import { useTemporaryFolder } from '../support/use-temporary-folder.ts';

const ROUNDS = rounds(1, 2);

/** Keys and blobs of one kind of engines. */
interface Engines {
  /** As --from and --to take them. */
  readonly places: string;
  readonly env: Readonly<Record<string, string>>;
  use<T>(work: (stores: { readonly keys: KeyedStore; readonly blobs: BlobStore }) => Promise<T>): Promise<T>;
}

function allIn(engines: Engines): Promise<MovedContent> {
  return engines.use(contentOf);
}

/** As if the term of a lease had passed that was left by who was killed. */
async function passLeases(engines: Engines): Promise<void> {
  await engines.use(({ keys }) => keys.commit({ deletes: [leaseKey('garbage collection')] }));
}

describeWith(['postgres', ...S3_PROGRAMS], 'moving between engines', () => {
  const postgres = usePostgres();
  const s3 = useS3();
  const folder = useTemporaryFolder();
  const servers: Server[] = [];
  let made = 0;
  afterEach(async () => {
    await Promise.all(servers.splice(0).map((server) => server.close()));
  });

  function fresh(name: string): string {
    made += 1;
    return join(folder.path, `${name}-${made}`);
  }

  function oneMachine(data = fresh('data')): Engines {
    return {
      places: `lmdb:${join(data, 'store')},files:${data}`,
      env: { ASSAY_STORE: `lmdb:${join(data, 'store')}`, ASSAY_BLOBS: `files:${data}` },
      async use(work) {
        const keys = LmdbKeyedStore.open(join(data, 'store'));
        try {
          return await work({ keys, blobs: FileBlobStore.existing(new FileLayout(data)) });
        } finally {
          await keys.close();
        }
      },
    };
  }

  async function manyMachines(): Promise<Engines & { readonly bucket: string }> {
    const [url, bucket] = [await postgres.freshDatabase(), await s3.freshBucket()];
    const address = `s3://${bucket}/moved?${new URLSearchParams({ endpoint: s3.endpoint }).toString()}`;
    return {
      bucket,
      places: `${url},${address}`,
      env: { ASSAY_STORE: url, ASSAY_BLOBS: address },
      async use(work) {
        const keys = await PostgresKeyedStore.open(url);
        const stores = openS3({ bucket, prefix: 'moved', endpoint: s3.endpoint });
        try {
          return await work({ keys, blobs: stores.blobs });
        } finally {
          stores.close();
          await keys.close();
        }
      },
    };
  }

  async function serving({ env }: Engines, logKey: string): Promise<Server> {
    const data = fresh('server');
    await mkdir(data);
    const server = new Server({
      data,
      env: { ...s3.environment, ...env, ASSAY_LOG_KEY: logKey, ASSAY_PUBLISH: 'off' },
    });
    servers.push(server);
    await server.start();
    return server;
  }

  async function expectSound(engines: Engines): Promise<void> {
    const { stdout, code } = await assay(['fsck'], { ...s3.environment, ...engines.env });
    expect({ code, stdout }).toEqual({ code: 0, stdout: expect.stringContaining('All is well') });
  }

  function run<T>(...args: string[]): Promise<T> {
    return json<T>(args, s3.environment);
  }

  async function filledOn(engines: Engines, logKey: string): Promise<{ pushed: Pushed; checkpoint: string }> {
    const server = await serving(engines, logKey);
    const pushed = await fill(server, folder.path);
    const checkpoint = await checkpointOf(server);
    expect(await server.stop()).toBe(0);
    return { pushed, checkpoint };
  }

  test('a store goes to PostgreSQL and S3, killed on its way, and comes back the same', async () => {
    const [here, there, back] = [oneMachine(), await manyMachines(), oneMachine()];
    const logKey = fresh('log.key');
    const { pushed, checkpoint } = await filledOn(here, logKey);
    const expected = await allIn(here);
    const command = ['copy', '--from', here.places, '--to', there.places];
    for (let round = 0; round < ROUNDS; round += 1) {
      const part = Math.ceil((12 * (round + 1)) / (ROUNDS + 1));
      const when = async (): Promise<boolean> => (await objectsIn(there.bucket)) >= part;
      expect(await killed(command, when, s3.environment)).toBe(true);
      await passLeases(here);
    }
    expect(await run<object>(...command)).toMatchObject({ ended: true, damaged: [] });
    expect(await allIn(there)).toEqual(expected);
    await expectSound(there);
    const server = await serving(there, logKey);
    expect(await checkpointOf(server)).toBe(checkpoint);
    await expectServed(server, pushed);
    await expectVerified(server);
    await server.stop();
    const after = await allIn(there);
    await run('copy', '--from', there.places, '--to', back.places);
    expect(await allIn(back)).toEqual(after);
    await expectSound(back);
  }, 120_000);

  test('only the blobs go to S3, where nobody serves them before all are there', async () => {
    const [here, there] = [oneMachine(), await manyMachines()];
    const logKey = fresh('log.key');
    const { pushed } = await filledOn(here, logKey);
    const mixed = { ...here, env: { ...here.env, ASSAY_BLOBS: there.env['ASSAY_BLOBS']! } };
    const command = ['copy', '--from', here.places, '--to', Object.values(mixed.env).join(',')];
    await run(...command, '--ahead');
    const half = await assay(['fsck'], { ...s3.environment, ...mixed.env });
    expect({ code: half.code, stderr: half.stderr }).toEqual({
      code: 1,
      stderr: expect.stringContaining('is not all there'),
    });
    expect(await run<object>(...command)).toMatchObject({ keys: 0, written: 0, ended: true, damaged: [] });
    await expectSound(mixed);
    await expectServed(await serving(mixed, logKey), pushed);
  }, 60_000);

  async function objectsIn(bucket: string): Promise<number> {
    const { KeyCount = 0 } = await s3.client.send(new ListObjectsV2Command({ Bucket: bucket, Prefix: 'moved/blobs/' }));
    return KeyCount;
  }

  test.each(['LMDB and files', 'PostgreSQL and S3'])(
    'a backup of %s beside writers is restored into the other',
    async (kind) => {
      const [one, other] = kind.startsWith('LMDB')
        ? [oneMachine(), await manyMachines()]
        : [await manyMachines(), oneMachine()];
      const [logKey, backups] = [fresh('log.key'), fresh('backups')];
      const server = await serving(one, logKey);
      const pushed = await fill(server, folder.path);
      const stopping = new AbortController();
      const acknowledged = new Map(pushed.content);
      async function push(size: number): Promise<void> {
        const repository = new Repository(server, pushed.repository);
        while (!stopping.signal.aborted) {
          const bytes = randomContent(size);
          acknowledged.set(await repository.pushBlob(bytes), bytes);
        }
      }
      const writers = [push(300), push(150_000)];
      const settings = { ...s3.environment, ...one.env, ASSAY_LOG_KEY: logKey };
      let content = new Map<string, Buffer>();
      try {
        await json(['backup', backups], settings);
        content = new Map(acknowledged);
        const second = await json<{ written: { blobs: number }; blobs: { count: number } }>(
          ['backup', backups],
          settings,
        );
        expect(second.written.blobs).toBeLessThan(second.blobs.count);
      } finally {
        stopping.abort();
        await Promise.all(writers);
      }
      await server.stop();
      expect(await json(['backup', 'verify', backups])).toMatchObject({ faults: [] });
      const moved = fresh('log.key');
      expect(await run<object>('restore', backups, '--to', other.places, '--log-key', moved)).toMatchObject({
        damaged: [],
      });
      await expectSound(other);
      const restored = await serving(other, moved);
      await expectServed(restored, { ...pushed, content });
      await expectVerified(restored);
    },
    120_000,
  );

  test('what is in the way in PostgreSQL or S3 is named, and no secret', async () => {
    const [here, there, full] = [oneMachine(), await manyMachines(), await manyMachines()];
    await filledOn(here, fresh('log.key'));
    await filledOn(full, fresh('log.key'));
    const notEmpty = await assay(['copy', '--from', here.places, '--to', full.places], s3.environment);
    expect({ code: notEmpty.code, stderr: notEmpty.stderr }).toEqual({
      code: 1,
      stderr: expect.stringContaining('not empty'),
    });
    const [url] = there.places.split(',');
    const nowhere = url!.replace(/[^/]+$/, 'nowhere');
    const refused = await assay(
      ['copy', '--from', here.places, '--to', there.places.replace(url!, nowhere)],
      s3.environment,
    );
    expect({ code: refused.code, stderr: refused.stderr }).toEqual({
      code: 1,
      stderr: expect.stringContaining('createdb'),
    });
    const bucket = await assay(
      ['copy', '--from', here.places, '--to', `${url},s3://nowhere/x?endpoint=${s3.endpoint}`],
      s3.environment,
    );
    expect(bucket.code).toBe(2);
    for (const { stderr } of [notEmpty, refused, bucket]) {
      expect(stderr).not.toContain('never-to-be-shown');
    }
  }, 60_000);
});
