import { readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { sha256 } from '../../lib/encoding/digest.ts';
import { DirectoryTarget } from '../../lib/publication/directory-target.ts';
import type { PublicationError } from '../../lib/publication/publication-error.ts';
import { S3Target } from '../../lib/publication/s3-target.ts';
import { makeS3Client } from '../../lib/store/s3/s3-client.ts';
import { FaultyProxy } from '../support/faulty-proxy.ts';
import { describeWith, S3_PROGRAMS } from '../support/programs.ts';
import { useS3 } from '../support/s3.ts';
import { useTemporaryFolder } from '../support/use-temporary-folder.ts';
import { describeTarget } from './target-contract.ts';

const folder = useTemporaryFolder();
const IMPATIENT = { connectMs: 500, idleMs: 1000, attempts: 3 };
let opened = 0;

describeTarget({
  name: 'directory',
  oneAlwaysWins: false,
  open: async () => new DirectoryTarget(join(folder.path, `bucket-${(opened += 1)}`)),
});

test('a directory lists what a write that was cut off has left, and removes it', async () => {
  const path = join(folder.path, 'left');
  const target = new DirectoryTarget(path);
  await target.swap(Buffer.from('{}'), undefined);
  await writeFile(join(path, '.writing-something'), 'half of an obj');
  await writeFile(join(path, 'index.html'), 'of somebody else');
  for await (const { name } of target.list()) await target.remove(name);
  expect((await readdir(path)).sort()).toEqual(['current', 'index.html']);
});

describeWith(S3_PROGRAMS, 'publication to S3', () => {
  const server = useS3();
  describeTarget({
    name: 'bucket',
    oneAlwaysWins: true,
    open: async () => new S3Target({ client: server.client, bucket: await server.freshBucket(), prefix: 'public/' }),
  });

  describe('that fails', () => {
    const bytes = Buffer.from('an object');
    const object = { digest: sha256(bytes), size: bytes.length, bytes };
    let proxy: FaultyProxy;
    let direct: S3Target;
    let target: S3Target;

    beforeEach(async () => {
      proxy = await FaultyProxy.before(server.port);
      const bucket = await server.freshBucket();
      const client = makeS3Client({ bucket, prefix: '', endpoint: proxy.endpoint }, IMPATIENT);
      direct = new S3Target({ client: server.client, bucket, prefix: '' });
      target = new S3Target({ client, bucket, prefix: '' });
    });
    afterEach(() => proxy.close());

    test.each([1, IMPATIENT.attempts])('puts an object once, though %i answers to it are lost', async (times) => {
      proxy.fail(/^PUT .*\/o\//, 'answer lost', times);
      const put = target.put(object, 1_000);
      const outcome = await put.then(
        () => 'done',
        ({ code }: PublicationError) => code,
      );
      expect(outcome).toBe(times === 1 ? 'done' : 'target-busy');
      expect(Buffer.from((await target.read(object.digest))!)).toEqual(bytes);
      await target.put(object, 1_000);
    });

    // The first of them was made; the bucket says of the second that somebody has swapped meanwhile.
    test.each([1, IMPATIENT.attempts])('knows its own swap again, though %i answers to it are lost', async (times) => {
      expect(await direct.swap(bytes, undefined)).toBe(true);
      const { mark } = (await direct.pointer())!;
      proxy.fail(/^PUT .*\/current/, 'answer lost', times);
      expect(await target.swap(Buffer.from('the next'), mark)).toBe(true);
      expect(proxy.count(/^PUT .*\/current/)).toBeGreaterThan(times - 1);
      expect(Buffer.from((await direct.pointer())!.bytes).toString()).toBe('the next');
      // Another's is not taken for it.
      expect(await target.swap(Buffer.from('the one after'), mark)).toBe(false);
    });

    test('is asked again while it throttles, and says so when that goes on', async () => {
      proxy.fail(/^PUT/, { status: 429 }, IMPATIENT.attempts - 1);
      await target.put(object, 1_000);
      expect(await direct.read(object.digest)).toBeDefined();
      proxy.fail(/^PUT/, { status: 429 }, Infinity);
      await expect(target.swap(bytes, undefined)).rejects.toMatchObject({ code: 'target-busy' });
      expect(await direct.pointer()).toBeUndefined();
    });
  });
});
