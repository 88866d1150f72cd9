import { ListObjectsV2Command, PutBucketPolicyCommand, PutObjectCommand } from '@aws-sdk/client-s3';
import { readdir } from 'node:fs/promises';
import { beforeAll, describe, expect, test } from 'vitest';
import { assay } from '../support/assay-command.ts';
import { FaultyProxy } from '../support/faulty-proxy.ts';
import { describeWith, S3_PROGRAMS } from '../support/programs.ts';
import { environmentOf, useS3, type S3User } from '../support/s3.ts';
import { Server } from '../support/server.ts';
import { useTemporaryFolder } from '../support/use-temporary-folder.ts';

const RIGHTS = [
  's3:ListBucket',
  's3:GetObject',
  's3:PutObject',
  's3:DeleteObject',
  's3:AbortMultipartUpload',
  's3:ListBucketMultipartUploads',
];
const GUEST: S3User = { accessKeyId: 'guest', secretAccessKey: 'hush-hush' };

describeWith(S3_PROGRAMS, 'a server with blobs in S3', () => {
  const s3 = useS3();
  const folder = useTemporaryFolder();
  beforeAll(() => s3.addUser('guest', GUEST));

  async function serve(blobs: string, env: NodeJS.ProcessEnv = {}): ReturnType<typeof assay> {
    const outcome = await assay(['serve', '--port', '0', '--data', folder.path, '--blobs', blobs], {
      ...s3.environment,
      ASSAY_S3_ENDPOINT: s3.endpoint,
      ...env,
    });
    expect(outcome.stderr).not.toMatch(/^\s+at /m);
    expect(outcome.stderr).not.toMatch(/never-to-be-shown|hush-hush/);
    return outcome;
  }

  /** Whoever writes an object may read it anyway, so a right that is to be missing has to be denied. */
  async function grant(bucket: string, but?: string): Promise<void> {
    const Resource = [`arn:aws:s3:::${bucket}`, `arn:aws:s3:::${bucket}/*`];
    const Principal = { AWS: ['arn:aws:iam:::user/guest'] };
    const Policy = JSON.stringify({
      Version: '2012-10-17',
      Statement: [
        { Effect: 'Allow', Principal, Action: RIGHTS, Resource },
        ...(but === undefined ? [] : [{ Effect: 'Deny', Principal, Action: but, Resource }]),
      ],
    });
    await s3.client.send(new PutBucketPolicyCommand({ Bucket: bucket, Policy }));
  }

  async function keys(bucket: string): Promise<string[]> {
    const { Contents = [] } = await s3.client.send(new ListObjectsV2Command({ Bucket: bucket }));
    return Contents.map(({ Key = '' }) => Key);
  }

  test('leaves a mark in the bucket, and nothing of blobs in the data folder', async () => {
    const bucket = await s3.freshBucket();
    const env = { ...s3.environment, ASSAY_S3_ENDPOINT: s3.endpoint, ASSAY_BLOBS: `s3://${bucket}/some/where` };
    const server = new Server({ env });
    await server.start();
    expect(await readdir(server.data)).not.toEqual(
      expect.arrayContaining([expect.stringMatching(/blobs|uploads|writing/)]),
    );
    await server.restart();
    expect(await keys(bucket)).toEqual(['some/where/assay.json']);
    await server.close();
  });

  test('is told by the doctor which rights on its buckets are missing, and nothing stays there', async () => {
    const bucket = await s3.freshBucket();
    const examine = async (): Promise<string[]> => {
      const { code, stdout, stderr } = await assay(['doctor', '--json', '--data', folder.path], {
        ...environmentOf(GUEST),
        ASSAY_S3_ENDPOINT: s3.endpoint,
        ASSAY_BLOBS: `s3://${bucket}/blobs`,
        ASSAY_PUBLISH: `s3://${bucket}/site`,
      });
      expect(stdout + stderr).not.toMatch(/hush-hush/);
      const { findings } = JSON.parse(stdout) as { findings: { check: string; status: string; said: string }[] };
      const found = findings.filter(({ check }) => check.endsWith(' in S3'));
      expect(code).toBe(found.every(({ status }) => status === 'ok') ? 0 : 1);
      return found.map(({ check, status, said }) => `${status} ${check}: ${said}`);
    };
    await grant(bucket);
    expect(await examine()).toEqual([
      expect.stringMatching(/^ok blobs in S3: /),
      expect.stringMatching(/^ok snapshots in S3: /),
    ]);
    // Snapshots come whole, and the manual asks for no rights that only parts would need.
    await grant(bucket, 's3:AbortMultipartUpload');
    expect(await examine()).toEqual([
      expect.stringMatching(/^fail blobs in S3: .*lack s3:AbortMultipartUpload/),
      expect.stringMatching(/^ok snapshots in S3: /),
    ]);
    expect(await keys(bucket)).toEqual([]);
    await grant(bucket, 's3:DeleteObject');
    expect(await examine()).toEqual([
      expect.stringMatching(/^fail blobs in S3: .*lack s3:DeleteObject/),
      expect.stringMatching(/^fail snapshots in S3: .*lack s3:DeleteObject/),
    ]);
  });

  test('runs with just the rights that the manual names', async () => {
    const bucket = await s3.freshBucket();
    await grant(bucket);
    const env = { ...environmentOf(GUEST), ASSAY_S3_ENDPOINT: s3.endpoint, ASSAY_BLOBS: `s3://${bucket}` };
    const server = new Server({ env });
    await server.start();
    await server.close();
    expect(await keys(bucket)).toEqual(['assay.json']);
  });

  test.each(RIGHTS)('ends with 2 and names the right that is missing: %s', async (right) => {
    const bucket = await s3.freshBucket();
    await grant(bucket, right);
    const { code, stderr } = await serve(`s3://${bucket}/p`, environmentOf(GUEST));
    expect(code).toBe(2);
    expect(stderr).toContain(`s3://${bucket}/p: the credentials lack ${right}\n`);
  });

  test('ends with 2 and says what is wrong with bucket or credentials', async () => {
    const bucket = await s3.freshBucket();
    for (const [blobs, env, message] of [
      ['s3://no-such-bucket', {}, /s3:\/\/no-such-bucket: there is no such bucket/],
      [`s3://${bucket}`, environmentOf(GUEST), /lack s3:ListBucket, s3:PutObject, s3:GetObject/],
      [`s3://${bucket}`, { AWS_SECRET_ACCESS_KEY: 'hush-hush' }, /credentials are refused \(SignatureDoesNotMatch/],
      [`s3://${bucket}`, { AWS_ACCESS_KEY_ID: 'nobody' }, /credentials are refused \(InvalidAccessKeyId/],
    ] as const) {
      const { code, stderr } = await serve(blobs, env);
      expect(stderr).toMatch(message);
      expect(code).toBe(2);
    }
  });

  test('ends with 2 where conditional writes are not held', async () => {
    const bucket = await s3.freshBucket();
    const proxy = await FaultyProxy.before(s3.port);
    proxy.fail(/^PUT .*probe/, { status: 200 }, 1, 1);
    const { code, stderr } = await serve(`s3://${bucket}`, { ASSAY_S3_ENDPOINT: proxy.endpoint });
    expect([code, stderr]).toEqual([2, expect.stringContaining('conditional writes (If-None-Match) are not held')]);
    await proxy.close();
  });

  test('ends with 1 where nobody answers', async () => {
    const { code, stderr } = await serve('s3://bucket', { ASSAY_S3_ENDPOINT: 'http://127.0.0.1:1' });
    expect([code, stderr]).toEqual([1, expect.stringMatching(/s3:\/\/bucket: .*ECONNREFUSED/)]);
  });

  describe('a command beside it', () => {
    test.each(['gc', 'fsck'])('refuses a bucket without a store: %s', async (command) => {
      const bucket = await s3.freshBucket();
      const env = { ...s3.environment, ASSAY_S3_ENDPOINT: s3.endpoint };
      const server = new Server({ env: { ...env, ASSAY_BLOBS: `s3://${bucket}/right` }, data: folder.path });
      await server.start();
      await server.close();
      await s3.client.send(new PutObjectCommand({ Bucket: bucket, Key: 'wrong/x', Body: 'x' }));
      const { code, stderr } = await assay([command, '--data', folder.path, '--blobs', `s3://${bucket}/wrong`], env);
      expect([code, stderr]).toEqual([2, expect.stringContaining(`there is no store in s3://${bucket}/wrong`)]);
    });
  });
});
