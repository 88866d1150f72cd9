import { ListObjectsV2Command, PutObjectCommand } from '@aws-sdk/client-s3';
import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { sha256 } from '../../lib/encoding/digest.ts';
import { Bucket } from '../../lib/store/s3/bucket.ts';
import { ByteBudget } from '../../lib/store/s3/byte-budget.ts';
import { listBegun, Multipart } from '../../lib/store/s3/multipart.ts';
import { openS3, type S3Stores } from '../../lib/store/s3/open-s3.ts';
import { S3Layout } from '../../lib/store/s3/s3-layout.ts';
import { S3UploadStore } from '../../lib/store/s3/s3-upload-store.ts';
import { StoreError } from '../../lib/store/store-error.ts';
import { FaultyProxy } from '../support/faulty-proxy.ts';
import { describeWith, S3_PROGRAMS } from '../support/programs.ts';
import { useS3 } from '../support/s3.ts';
import { failingAfter, gathered, inPieces, isSame, sampleBlob, someBytes } from './byte-sources.ts';

const MIB = 1024 * 1024;
/** As small as S3 lets parts be, so that few MiB are many pieces. */
const SMALL_SHAPE = { pieceBytes: 5 * MIB, groupBytes: 15 * MIB, maxParts: 3 };

describeWith(S3_PROGRAMS, 'uploads in S3', () => {
  const server = useS3();
  let name = '';
  let proxy: FaultyProxy;
  let s3: S3Stores;
  beforeEach(async () => {
    name = await server.freshBucket();
    proxy = await FaultyProxy.before(server.port);
    s3 = openS3({ bucket: name, prefix: 'p', endpoint: proxy.endpoint });
  });
  afterEach(async () => {
    s3.close();
    await proxy.close();
  });

  async function keys(prefix = ''): Promise<string[]> {
    const { Contents = [] } = await server.client.send(new ListObjectsV2Command({ Bucket: name, Prefix: prefix }));
    return Contents.map(({ Key = '' }) => Key);
  }

  function plainBucket(): Bucket {
    return new Bucket(server.client, { bucket: name, prefix: 'p' });
  }

  test('lie where they always did: uploads/<uuid>/<start>-<end>, and become blobs/ab/<hex>', async () => {
    const { bytes, digest } = sampleBlob(20 * MIB);
    const id = randomUUID();
    await s3.uploads.append(id, 0, inPieces(bytes));
    expect(await keys()).toEqual([
      `p/uploads/${id}/0000000000000000-0000000008388608`,
      `p/uploads/${id}/0000000008388608-0000000016777216`,
      `p/uploads/${id}/0000000016777216-0000000020971520`,
    ]);
    await s3.uploads.publish(id, digest);
    const hex = digest.slice('sha256:'.length);
    expect(await keys()).toEqual([`p/blobs/${hex.slice(0, 2)}/${hex}`]);
  });

  test('become blobs inside the S3: none but the last small pieces pass through here again', async () => {
    const { bytes, digest } = sampleBlob(42 * MIB);
    const id = randomUUID();
    // The beginning is small, as of a client that tries its luck; the pieces are of one size all the same.
    for (const end of [1000, MIB, 30 * MIB, 41 * MIB, bytes.length]) {
      const at = await s3.uploads.size(id);
      await s3.uploads.append(id, at, inPieces(bytes.subarray(at, end)));
    }
    const [copies, reads] = [proxy.count(/^PUT .*partNumber/), proxy.count(/^GET .*GetObject/)];
    await s3.uploads.publish(id, digest);
    expect(proxy.count(/^PUT .*partNumber/) - copies).toBe(6);
    expect(proxy.count(/^GET .*GetObject/) - reads).toBe(2);
    expect(isSame(await gathered(s3.blobs.read(digest)), bytes)).toBe(true);
  });

  test('are few objects, however small the chunks', async () => {
    const { bytes, digest } = sampleBlob(9 * MIB);
    const id = randomUUID();
    const chunk = Math.ceil(bytes.length / 300);
    let at = 0;
    let most = 0;
    while (at < bytes.length) {
      at = await s3.uploads.append(id, at, inPieces(bytes.subarray(at, at + chunk)));
      if (at % (16 * chunk) === 0) most = Math.max(most, (await keys()).length);
    }
    expect(most).toBeLessThan(70);
    await s3.uploads.publish(id, digest);
    expect(isSame(await gathered(s3.blobs.read(digest)), bytes)).toBe(true);
    expect(await keys()).toHaveLength(1);
  }, 60_000);

  test('of more pieces than an object can have parts are put together in two steps', async () => {
    const bucket = plainBucket();
    const store = new S3UploadStore(bucket, new S3Layout('p'), new ByteBudget(0), SMALL_SHAPE);
    for (const size of [15 * MIB, 16 * MIB, 33 * MIB, 45 * MIB - 1]) {
      const { bytes, digest } = sampleBlob(size);
      const id = randomUUID();
      await store.append(id, 0, inPieces(bytes));
      await store.publish(id, digest);
      expect(sha256(await gathered(s3.blobs.read(digest)))).toBe(digest);
      expect(await keys('p/uploads')).toEqual([]);
    }
  });

  test('are the bytes that came, whatever the chunks and wherever their sources fail', async () => {
    const store = new S3UploadStore(plainBucket(), new S3Layout('p'), new ByteBudget(64 * MIB), SMALL_SHAPE);
    const bytes = someBytes(24 * MIB);
    const chunk = fc.record({
      size: fc.oneof(fc.nat(9 * MIB), fc.nat(3000), fc.constantFrom(5 * MIB, 5 * MIB - 1, 10 * MIB)),
      fails: fc.boolean(),
    });
    const law = fc.asyncProperty(fc.array(chunk, { minLength: 1, maxLength: 6 }), async (chunks) => {
      const id = randomUUID();
      let at = 0;
      for (const { size, fails } of chunks) {
        const part = bytes.subarray(at, at + size);
        const source = fails ? failingAfter(part) : inPieces(part);
        const end = await store.append(id, at, source).catch(() => 'failed');
        expect(end).toBe(fails ? 'failed' : at + part.length);
        at += part.length;
        expect(await store.size(id)).toBe(at);
      }
      if (at === 0) return;
      const digest = sha256(bytes.subarray(0, at));
      await store.publish(id, digest);
      expect(sha256(await gathered(s3.blobs.read(digest)))).toBe(digest);
      expect(await keys('p/uploads')).toEqual([]);
    });
    await fc.assert(law, { numRuns: 12 });
  }, 60_000);

  describe('of which a crash left a piece behind a gap', () => {
    test('are as long as what came without a gap, and go on there without the piece', async () => {
      const { bytes, digest } = sampleBlob(20 * MIB);
      const id = randomUUID();
      await s3.uploads.append(id, 0, inPieces(bytes.subarray(0, 5000)));
      const behind = new S3Layout('p').piece(id, 9000, 12_000);
      await server.client.send(new PutObjectCommand({ Bucket: name, Key: behind, Body: Buffer.alloc(3000, 'wrong') }));
      expect(await s3.uploads.size(id)).toBe(5000);
      await s3.uploads.append(id, 5000, inPieces(bytes.subarray(5000, 9000)));
      expect(await s3.uploads.size(id)).toBe(9000);
      await s3.uploads.append(id, 9000, inPieces(bytes.subarray(9000)));
      await s3.uploads.publish(id, digest);
      expect(sha256(await gathered(s3.blobs.read(digest)))).toBe(digest);
      expect(await keys()).toHaveLength(1);
    });

    test('are listed, so that what is left of them goes', async () => {
      const id = randomUUID();
      const behind = new S3Layout('p').piece(id, 9000, 12_000);
      await server.client.send(new PutObjectCommand({ Bucket: name, Key: behind, Body: Buffer.alloc(3000) }));
      const listed: unknown[] = [];
      for await (const { id, size } of s3.uploads.list()) listed.push({ id, size });
      expect(listed).toEqual([{ id, size: 0 }]);
      await s3.uploads.discard(id);
      expect(await keys()).toEqual([]);
    });
  });

  test('with which two servers go on at once never hold bytes that nobody sent there, nor lose what was acknowledged', async () => {
    const other = openS3({ bucket: name, prefix: 'p', endpoint: server.endpoint });
    const { bytes } = sampleBlob(30 * MIB);
    for (const start of [0, 1000, 3 * MIB]) {
      const id = randomUUID();
      if (start > 0) await s3.uploads.append(id, 0, inPieces(bytes.subarray(0, start)));
      const ends = [start + 9 * MIB + 5, start + 2 * MIB];
      const answers = await Promise.allSettled(
        [s3, other].map(({ uploads }, at) => uploads.append(id, start, inPieces(bytes.subarray(start, ends[at])))),
      );
      const acknowledged = answers.map((one) => (one.status === 'fulfilled' ? one.value : 0));
      const read = await gathered(s3.uploads.read(id));
      expect(read.length).toBeGreaterThanOrEqual(Math.min(...acknowledged.filter((size) => size > 0), start));
      expect(isSame(read, bytes.subarray(0, read.length))).toBe(true);
      const refused = answers.flatMap((one) => (one.status === 'rejected' ? [(one.reason as StoreError).code] : []));
      expect(refused.filter((code) => code !== 'busy')).toEqual([]);
    }
    other.close();
  });

  test('hold little memory, however much they bring', async () => {
    const store = new S3UploadStore(plainBucket(), new S3Layout('p'), new ByteBudget(16 * MIB));
    const piece = Buffer.alloc(64 * 1024, 'x');
    let most = 0;
    async function* much(): AsyncGenerator<Uint8Array> {
      for (let at = 0; at < 300 * 16; at += 1) {
        yield Buffer.from(piece);
        if (at % 64 === 0) most = Math.max(most, process.memoryUsage().arrayBuffers - before);
      }
    }
    const before = process.memoryUsage().arrayBuffers;
    const id = randomUUID();
    expect(await store.append(id, 0, much())).toBe(300 * MIB);
    // One part that is gathered, one under way and what the budget allows; the rest has not been swept yet.
    expect(most).toBeLessThan(160 * MIB);
    await store.discard(id);
  }, 60_000);

  test('that were begun as multiparts and abandoned are swept, and younger ones are not', async () => {
    const bucket = plainBucket();
    const begin = Multipart.write(bucket, 'p/blobs/ab/abandoned', async (parts) => {
      await parts.put(1, Buffer.alloc(100));
      await new Promise(() => {});
    });
    void begin;
    const elsewhere = new Bucket(server.client, { bucket: name, prefix: '' });
    void Multipart.write(elsewhere, 'not/ours', () => new Promise(() => {}));
    async function begun(): Promise<string[]> {
      const found: string[] = [];
      for await (const { key } of listBegun(bucket, '')) found.push(key);
      return found;
    }
    while ((await begun()).length < 2) await sleep(20);
    expect(await s3.leftovers.sweep(Date.now() - 60_000)).toBe(0);
    expect(await begun()).toEqual(['not/ours', 'p/blobs/ab/abandoned']);
    expect(await s3.leftovers.sweep(Date.now() + 60_000)).toBe(1);
    expect(await begun()).toEqual(['not/ours']);
  });

  test('that have become blobs can be had at an address of their own, for a while', async () => {
    const { bytes, digest } = sampleBlob(100_000);
    await s3.blobs.write(digest, inPieces(bytes));
    const link = await s3.blobs.linkTo(digest, 60);
    expect(isSame(Buffer.from(await (await fetch(link)).arrayBuffer()), bytes)).toBe(true);
    const part = await fetch(link, { headers: { range: 'bytes=10-19' } });
    expect([part.status, Buffer.from(await part.arrayBuffer())]).toEqual([206, bytes.subarray(10, 20)]);
    const short = await s3.blobs.linkTo(digest, 1);
    await sleep(2100);
    expect((await fetch(short)).status).toBe(403);
    expect((await fetch(link.replace(/Signature=./, 'Signature=0'))).status).toBe(403);
  });
});
