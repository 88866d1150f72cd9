import {
  DeleteObjectCommand,
  GetObjectCommand,
  PutObjectCommand,
  type PutObjectCommandInput,
  type S3Client,
} from '@aws-sdk/client-s3';
import { beforeAll, describe, expect, test } from 'vitest';
import { S3_PROGRAMS, describeWith } from '../support/programs.ts';
import { useS3 } from '../support/s3.ts';

const RACERS = Array.from({ length: 16 }, (_, at) => `racer ${at}`);
const RACES = Array.from({ length: 20 }, (_, at) => `race-${at}`);

describeWith(S3_PROGRAMS, 'the S3 that tests run against', () => {
  const server = useS3();
  let bucket = '';
  beforeAll(async () => {
    bucket = await server.freshBucket();
  });

  /** The bodies of those whose put was taken. The gateway refuses the others with 412, or with 500 who came last. */
  async function winnersOf(race: string, key: string, condition: Partial<PutObjectCommandInput>): Promise<string[]> {
    // An entity tag is that of the bytes: who wrote what was there before would leave it as it is for the next.
    const bodies = RACERS.map((racer) => `${racer} of ${race}`);
    const answers = await Promise.all(bodies.map((body) => put(server.client, { key, body, ...condition })));
    expect([200, 412, 500]).toEqual(expect.arrayContaining(answers.map(({ status }) => status)));
    return answers.filter(({ status }) => status === 200).map(({ body }) => body);
  }

  async function put(
    client: S3Client,
    { key, body, ...condition }: Partial<PutObjectCommandInput> & { key: string; body: string },
  ): Promise<{ body: string; status: number | undefined }> {
    const command = new PutObjectCommand({ Bucket: bucket, Key: key, Body: body, ...condition });
    return client.send(command).then(
      () => ({ body, status: 200 }),
      (error: { $metadata?: { httpStatusCode?: number } }) => ({ body, status: error.$metadata?.httpStatusCode }),
    );
  }

  async function read(key: string): Promise<{ text: string | undefined; etag: string | undefined }> {
    const { Body, ETag } = await server.client.send(new GetObjectCommand({ Bucket: bucket, Key: key }));
    return { text: await Body?.transformToString(), etag: ETag };
  }

  test(`lets exactly one of ${RACERS.length} create a key, ${RACES.length} times of ${RACES.length}`, async () => {
    for (const key of RACES) {
      const winners = await winnersOf(key, key, { IfNoneMatch: '*' });
      expect(winners).toHaveLength(1);
      expect((await read(key)).text).toBe(winners[0]);
    }
  });

  test(`lets exactly one of ${RACERS.length} swap a key, ${RACES.length} times of ${RACES.length}`, async () => {
    await put(server.client, { key: 'pointer', body: 'first' });
    for (const race of RACES) {
      const { etag } = await read('pointer');
      // The gateway compares with the bare tag.
      const winners = await winnersOf(race, 'pointer', { IfMatch: etag?.replaceAll('"', '') });
      expect(winners).toHaveLength(1);
      expect((await read('pointer')).text).toBe(winners[0]);
    }
  });

  test('creates again what was deleted', async () => {
    await put(server.client, { key: 'again', body: 'one', IfNoneMatch: '*' });
    await server.client.send(new DeleteObjectCommand({ Bucket: bucket, Key: 'again' }));
    expect((await put(server.client, { key: 'again', body: 'two', IfNoneMatch: '*' })).status).toBe(200);
  });

  describe('refuses', () => {
    test.each([
      ['a wrong secret', { secretAccessKey: 'wrong' }],
      ['an unknown user', { accessKeyId: 'nobody' }],
    ])('%s', async (_, wrong) => {
      const client = server.clientOf({ ...server.owner, ...wrong });
      expect((await put(client, { key: 'refused', body: 'x' })).status).toBe(403);
      client.destroy();
    });

    test('a user whose bucket it is not', async () => {
      const other = { accessKeyId: 'other', secretAccessKey: 'also-never-shown' };
      await server.addUser('other', other);
      const client = server.clientOf(other);
      expect((await put(client, { key: 'refused', body: 'x' })).status).toBe(403);
      client.destroy();
    });
  });
});
