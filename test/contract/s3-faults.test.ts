import { DeleteBucketCommand, ListObjectsV2Command } from '@aws-sdk/client-s3';
import { randomUUID } from 'node:crypto';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { sha256 } from '../../lib/encoding/digest.ts';
import { Bucket } from '../../lib/store/s3/bucket.ts';
import { listBegun } from '../../lib/store/s3/multipart.ts';
import { openS3, type S3Stores } from '../../lib/store/s3/open-s3.ts';
import { StoreError } from '../../lib/store/store-error.ts';
import { FaultyProxy } from '../support/faulty-proxy.ts';
import { describeWith, S3_PROGRAMS } from '../support/programs.ts';
import { useS3 } from '../support/s3.ts';
import { gathered, inPieces, isSame, sampleBlob } from './byte-sources.ts';

const MIB = 1024 * 1024;
const IMPATIENT = { connectMs: 500, idleMs: 2000, attempts: 3 };
const PASSING = [{ status: 503 }, { status: 500 }, 'silent', 'refused', 'answer lost'] as const;

describeWith(S3_PROGRAMS, 'an S3 that fails', () => {
  const server = useS3();
  let bucket = '';
  let proxy: FaultyProxy;
  let s3: S3Stores;
  beforeEach(async () => {
    bucket = await server.freshBucket();
    proxy = await FaultyProxy.before(server.port);
    s3 = openS3({ bucket, prefix: 'p', endpoint: proxy.endpoint }, IMPATIENT);
  });
  afterEach(async () => {
    s3.close();
    await proxy.close();
  });

  async function objects(): Promise<string[]> {
    const { Contents = [] } = await server.client.send(new ListObjectsV2Command({ Bucket: bucket }));
    return Contents.map(({ Key = '' }) => Key);
  }

  async function begun(): Promise<string[]> {
    const keys: string[] = [];
    for await (const { key } of listBegun(new Bucket(server.client, { bucket, prefix: '' }), '')) keys.push(key);
    return keys;
  }

  describe.each(PASSING)('once, by %j', (fault) => {
    test('is asked again for a small blob, and keeps it once', async () => {
      const { bytes, digest } = sampleBlob(100_000);
      for (const step of [/^PUT/, /^HEAD/, /^GET .*x-id=GetObject/]) proxy.fail(step, fault);
      await s3.blobs.write(digest, inPieces(bytes));
      expect(await s3.blobs.stat(digest)).toEqual({ size: bytes.length });
      expect(isSame(await gathered(s3.blobs.read(digest)), bytes)).toBe(true);
      proxy.fail(/^DELETE/, fault);
      await s3.blobs.delete(digest);
      expect(proxy.left).toBe(0);
      expect(await objects()).toEqual([]);
    });

    test('is asked again at every step of a large blob', async () => {
      const { bytes, digest } = sampleBlob(20 * MIB);
      for (const step of [/^POST .*uploads/, /^PUT .*partNumber=2/, /^POST .*uploadId/]) proxy.fail(step, fault);
      await s3.blobs.write(digest, inPieces(bytes));
      expect(proxy.left).toBe(0);
      expect(isSame(await gathered(s3.blobs.read(digest)), bytes)).toBe(true);
      expect(await objects()).toHaveLength(1);
    });

    test('is asked again at every step of an upload, and takes every byte once', async () => {
      const { bytes, digest } = sampleBlob(20 * MIB);
      const id = randomUUID();
      for (const step of [/^GET .*list-type/, /^PUT .*0000-/, /^PUT .*uploadId/]) proxy.fail(step, fault);
      await s3.uploads.append(id, 0, inPieces(bytes.subarray(0, MIB)));
      proxy.fail(/^GET .*x-id=GetObject/, fault);
      expect(await s3.uploads.append(id, MIB, inPieces(bytes.subarray(MIB)))).toBe(bytes.length);
      for (const step of [/^POST .*uploadId/, /^DELETE/]) proxy.fail(step, fault);
      await s3.uploads.publish(id, digest);
      expect(proxy.left).toBe(0);
      expect(isSame(await gathered(s3.blobs.read(digest)), bytes)).toBe(true);
      expect(await objects()).toHaveLength(1);
    });
  });

  describe.each([{ status: 503 }, 'silent', 'refused'] as const)('for long, by %j', (fault) => {
    test('is busy for whoever asks, and shows nothing of what it did not take', async () => {
      const [small, large] = [sampleBlob(100_000), sampleBlob(20 * MIB)];
      proxy.fail(/./, fault, Infinity);
      const id = randomUUID();
      const works = [
        s3.blobs.write(small.digest, inPieces(small.bytes)),
        s3.blobs.write(large.digest, inPieces(large.bytes)),
        s3.blobs.stat(small.digest),
        gathered(s3.blobs.read(small.digest)),
        s3.blobs.delete(small.digest),
        s3.uploads.append(id, 0, inPieces(small.bytes)),
        s3.uploads.publish(id, small.digest),
        s3.uploads.size(id),
        s3.uploads.discard(id),
      ];
      for (const { code } of await Promise.all(works.map((work) => refusalOf(work)))) expect(code).toBe('busy');
      proxy.heal();
      expect(await objects()).toEqual([]);
      await s3.blobs.write(small.digest, inPieces(small.bytes));
      expect(await s3.blobs.stat(small.digest)).toEqual({ size: small.bytes.length });
    });

    test('leaves nothing of a large blob of which a part was refused', async () => {
      const { bytes, digest } = sampleBlob(40 * MIB);
      proxy.fail(/^PUT .*partNumber=3/, fault, Infinity);
      expect((await refusalOf(s3.blobs.write(digest, inPieces(bytes)))).code).toBe('busy');
      expect([await objects(), await begun()]).toEqual([[], []]);
    });

    test('goes on with an upload behind the last byte that it took', async () => {
      const { bytes, digest } = sampleBlob(40 * MIB);
      const id = randomUUID();
      proxy.fail(new RegExp(`^PUT .*/${String(16 * MIB).padStart(16, '0')}-`), fault, Infinity);
      expect((await refusalOf(s3.uploads.append(id, 0, inPieces(bytes)))).code).toBe('busy');
      proxy.heal();
      const size = await s3.uploads.size(id);
      expect(size).toBe(16 * MIB);
      await s3.uploads.append(id, size, inPieces(bytes.subarray(size)));
      await s3.uploads.publish(id, digest);
      expect(sha256(await gathered(s3.blobs.read(digest)))).toBe(digest);
      expect(await objects()).toHaveLength(1);
    });
  });

  test('and cuts reads off is asked for the rest alone', async () => {
    const { bytes, digest } = sampleBlob(5 * MIB);
    await s3.blobs.write(digest, inPieces(bytes));
    for (const cutAfter of [0, 1, MIB, 2 * MIB + 5]) proxy.fail(/^GET/, { cutAfter });
    expect(isSame(await gathered(s3.blobs.read(digest)), bytes)).toBe(true);
    proxy.fail(/^GET/, { cutAfter: 1000 });
    const range = { start: 70_000, end: 3 * MIB };
    expect(isSame(await gathered(s3.blobs.read(digest, range)), bytes.subarray(range.start, range.end))).toBe(true);
    expect(proxy.left).toBe(0);
  });

  test('and cuts reads off for good is busy', async () => {
    const { bytes, digest } = sampleBlob(5 * MIB);
    await s3.blobs.write(digest, inPieces(bytes));
    proxy.fail(/^GET/, { cutAfter: 0 }, Infinity);
    expect((await refusalOf(gathered(s3.blobs.read(digest)))).code).toBe('busy');
  });

  test('and cuts a read off whose blob is replaced meanwhile never mixes the two', async () => {
    const [old, other] = [sampleBlob(3 * MIB, 'old'), sampleBlob(3 * MIB, 'other')];
    await s3.blobs.write(old.digest, inPieces(old.bytes));
    proxy.fail(/^GET/, { cutAfter: MIB });
    const read: Uint8Array[] = [];
    const reading = (async () => {
      for await (const piece of s3.blobs.read(old.digest)) {
        if (read.length === 0) await s3.blobs.write(old.digest, inPieces(other.bytes));
        read.push(piece);
      }
    })();
    expect((await refusalOf(reading)).code).toBe('busy');
    const came = Buffer.concat(read);
    expect(isSame(came, old.bytes.subarray(0, came.length))).toBe(true);
  });

  test('that has no room says so, and keeps nothing of it', async () => {
    proxy.fail(/^PUT/, { status: 507 }, Infinity);
    const { bytes, digest } = sampleBlob(100_000);
    expect((await refusalOf(s3.blobs.write(digest, inPieces(bytes)))).code).toBe('full');
    proxy.heal();
    const quota = ['--quota-scope', 'bucket', '--bucket', bucket];
    await server.admin(['quota', 'set', ...quota, '--max-objects', '1']);
    await server.admin(['quota', 'enable', ...quota]);
    await s3.blobs.write(digest, inPieces(bytes));
    const another = sampleBlob(20 * MIB);
    const direct = openS3({ bucket, prefix: 'p', endpoint: server.endpoint });
    for (const work of [
      () => direct.blobs.write(another.digest, inPieces(another.bytes)),
      () => direct.uploads.append(randomUUID(), 0, inPieces(another.bytes)),
    ]) {
      expect((await refusalOf(work())).code).toBe('full');
    }
    direct.close();
    expect([await objects(), await begun()]).toMatchObject([[expect.stringContaining('p/blobs/')], []]);
  });

  describe('refuses', () => {
    test('everything in a bucket that is not there, and calls nothing absent', async () => {
      await server.client.send(new DeleteBucketCommand({ Bucket: bucket }));
      const { bytes, digest } = sampleBlob(1000);
      const works = [
        s3.blobs.stat(digest),
        gathered(s3.blobs.read(digest)),
        s3.blobs.write(digest, inPieces(bytes)),
        s3.blobs.delete(digest),
        s3.uploads.size(randomUUID()),
        s3.uploads.publish(randomUUID(), digest),
        s3.leftovers.sweep(Date.now()),
      ];
      for (const { code, message } of await Promise.all(works.map((work) => refusalOf(work)))) {
        expect(code).toBe('failed');
        expect(message).toMatch(new RegExp(`\\w+ in s3://${bucket}/p: there is no such bucket`));
      }
    });

    test.each([
      ['a wrong secret', { AWS_SECRET_ACCESS_KEY: 'hush-hush' }, /credentials are refused/],
      ['an unknown key', { AWS_ACCESS_KEY_ID: 'nobody' }, /credentials are refused/],
    ])('%s, and shows no secret', async (_, environment, message) => {
      const before = { ...process.env };
      Object.assign(process.env, environment);
      const other = openS3({ bucket, prefix: '', endpoint: server.endpoint }, IMPATIENT);
      try {
        const refusal = await refusalOf(other.blobs.write(sampleBlob(10).digest, inPieces(sampleBlob(10).bytes)));
        expect(refusal.code).toBe('failed');
        expect(refusal.message).toMatch(message);
        for (const shown of [refusal.message, String(refusal.cause), JSON.stringify(refusal.cause)]) {
          expect(shown).not.toMatch(/hush-hush|never-to-be-shown/);
        }
      } finally {
        Object.assign(process.env, before);
        other.close();
      }
    });

    test('whoever comes without a server there, as one that may come back', async () => {
      const other = openS3({ bucket, prefix: '', endpoint: 'http://127.0.0.1:1' }, IMPATIENT);
      const { code, message } = await refusalOf(other.blobs.stat(sampleBlob(10).digest));
      expect([code, message]).toEqual(['busy', expect.stringContaining('ECONNREFUSED')]);
      other.close();
    });
  });
});

// A server of its own: a gateway that follows a killed one waits for its word for half a minute, where buckets go.
describeWith(S3_PROGRAMS, 'an S3 that restarts in mid-upload', () => {
  const server = useS3();

  test('is waited for', async () => {
    const { bytes, digest } = sampleBlob(30 * MIB);
    const bucket = await server.freshBucket();
    const patient = openS3({ bucket, prefix: 'p', endpoint: server.endpoint });
    const id = randomUUID();
    async function* withRestart(): AsyncGenerator<Uint8Array> {
      yield* inPieces(bytes.subarray(0, 20 * MIB));
      await server.stopGateway();
      void server.startGateway();
      yield* inPieces(bytes.subarray(20 * MIB));
    }
    try {
      await patient.uploads.append(id, 0, withRestart());
      await patient.uploads.publish(id, digest);
      expect(sha256(await gathered(patient.blobs.read(digest)))).toBe(digest);
    } finally {
      patient.close();
    }
  });
});

async function refusalOf(work: Promise<unknown>): Promise<StoreError> {
  try {
    await work;
  } catch (error) {
    if (error instanceof StoreError) return error;
    throw error;
  }
  throw new Error('nothing was refused');
}
