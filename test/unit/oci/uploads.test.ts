import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { digestWith, sha256, type Digest } from '../../../lib/encoding/digest.ts';
import type { Registry } from '../../../lib/oci/registry.ts';
import { blobKey } from '../../../lib/store/keys.ts';
import { MAX_INLINE_BYTES } from '../../../lib/store/content-store.ts';
import { collect } from '../../../lib/upkeep/collect.ts';
import {
  failingAfter,
  gathered,
  inPieces,
  isSame,
  sampleBlob,
  someBytes,
  SourceFailure,
} from '../../contract/byte-sources.ts';
import { Gate } from '../../support/gate.ts';
import { interruptedOnce, registryOn, useStores } from '../../support/use-stores.ts';
import { storedBlob } from '../../support/stored-blob.ts';

const LARGE = 200_000;
const none = (): AsyncIterable<Uint8Array> => inPieces(new Uint8Array());

describe('an upload', () => {
  const stores = useStores();
  const registry = (options: { maxBlobBytes?: number } = {}): Registry => registryOn(stores(), options);

  async function stagedFiles(): Promise<string[]> {
    return readdir(join(stores().folder, 'uploads'));
  }

  describe.each(['sha256', 'sha512'] as const)('that ends with a digest by %s', (algorithm) => {
    test.each([0, 1, MAX_INLINE_BYTES, MAX_INLINE_BYTES + 1, LARGE])(
      'becomes a blob, in one request or many: %i bytes',
      async (size) => {
        const { uploads, blobs, content } = registry();
        const ways: ((family: string, digest: Digest, bytes: Buffer) => Promise<void>)[] = [
          (family, digest, bytes) => uploads.receive(family, digest, inPieces(bytes, 9999)),
          async (family, digest, bytes) => {
            await uploads.finish(family, await uploads.start(family), digest, undefined, inPieces(bytes, 9999));
          },
          async (family, digest, bytes) => {
            const id = await uploads.start(family);
            const half = Math.floor(size / 2);
            expect(
              await uploads.append(family, id, { start: 0, length: half }, inPieces(bytes.subarray(0, half))),
            ).toBe(half);
            expect(await uploads.append(family, id, undefined, inPieces(bytes.subarray(half)))).toBe(size);
            expect(await uploads.size(family, id)).toBe(size);
            await uploads.finish(family, id, digest, undefined, none());
            await expect(uploads.size(family, id)).rejects.toMatchObject({ code: 'upload-unknown' });
          },
        ];
        for (const [at, upload] of ways.entries()) {
          const bytes = someBytes(size, `${algorithm} ${size} ${at}`);
          const digest = digestWith(algorithm, bytes);
          await upload(`way-${at}`, digest, bytes);
          const found = await storedBlob({ blobs }, `way-${at}`, digest);
          expect(found).toMatchObject({
            size,
            place: size > MAX_INLINE_BYTES ? 'blob' : 'inline',
            content: sha256(bytes),
          });
          expect(isSame(await gathered(content.read(found)), bytes)).toBe(true);
        }
        expect(await stagedFiles()).toEqual([]);
      },
    );

    test.each([10, LARGE])('of other bytes is refused with both digests and forgotten: %i bytes', async (size) => {
      const { uploads, blobs } = registry();
      const [expected, actual] = [someBytes(size, 'expected'), someBytes(size, 'actual')].map((bytes) =>
        digestWith(algorithm, bytes),
      );
      const id = await uploads.start('a');
      const refusal = { code: 'digest-mismatch', detail: { expected, actual } };
      const wrong = (): AsyncIterable<Uint8Array> => inPieces(someBytes(size, 'actual'));
      await expect(uploads.finish('a', id, expected ?? sha256(Buffer.of()), undefined, wrong())).rejects.toMatchObject(
        refusal,
      );
      await expect(uploads.size('a', id)).rejects.toMatchObject({ code: 'upload-unknown' });
      await expect(uploads.receive('a', expected ?? sha256(Buffer.of()), wrong())).rejects.toMatchObject(refusal);
      for (const digest of [expected, actual]) {
        await expect(blobs.find('a', digest ?? sha256(Buffer.of()))).rejects.toMatchObject({ code: 'blob-unknown' });
      }
      expect(await stagedFiles()).toEqual([]);
    });
  });

  test('is known only in its own repository, and only by its own name', async () => {
    const { uploads } = registry();
    const id = await uploads.start('a');
    const unknown = { code: 'upload-unknown' };
    await expect(uploads.size('b', id)).rejects.toMatchObject(unknown);
    await expect(uploads.append('b', id, undefined, none())).rejects.toMatchObject(unknown);
    await expect(uploads.cancel('b', id)).rejects.toMatchObject(unknown);
    for (const other of [
      '',
      '.',
      '../keys.lmdb',
      '..%2f',
      id.toUpperCase(),
      `${id}0`,
      '00000000-0000-0000-0000-000000000000',
      'x'.repeat(5000),
    ]) {
      await expect(uploads.size('a', other)).rejects.toMatchObject(unknown);
    }
    expect(await uploads.size('a', id)).toBe(0);
  });

  test('takes the next chunk at its place alone, and stays as it was', async () => {
    const { uploads } = registry();
    const id = await uploads.start('a');
    await uploads.append('a', id, { start: 0, length: 10 }, inPieces(someBytes(10)));
    for (const start of [0, 9, 11, 1000]) {
      const refusal = { code: 'upload-out-of-order', detail: { expected: 10, actual: start } };
      const place = { start, length: 5 };
      await expect(uploads.append('a', id, place, inPieces(someBytes(5)))).rejects.toMatchObject(refusal);
      await expect(uploads.finish('a', id, sha256(someBytes(10)), place, inPieces(someBytes(5)))).rejects.toMatchObject(
        refusal,
      );
    }
    expect(await uploads.size('a', id)).toBe(10);
    await uploads.finish('a', id, sha256(someBytes(10)), undefined, none());
  });

  test('takes from a chunk no more and no less than its place speaks of', async () => {
    const { uploads } = registry();
    const id = await uploads.start('a');
    const chunk = uploads.append('a', id, { start: 0, length: 10 }, inPieces(someBytes(25)));
    await expect(chunk).rejects.toMatchObject({ code: 'size-mismatch' });
  });

  test('takes one writer at a time', async () => {
    const { uploads } = registry();
    const id = await uploads.start('a');
    const gate = new Gate();
    async function* slow(): AsyncGenerator<Uint8Array> {
      yield someBytes(10);
      await gate.opened;
    }
    const first = uploads.append('a', id, undefined, slow());
    await new Promise((resolve) => setTimeout(resolve, 20));
    const busy = { code: 'upload-busy' };
    await expect(uploads.append('a', id, undefined, none())).rejects.toMatchObject(busy);
    await expect(uploads.finish('a', id, sha256(Buffer.of()), undefined, none())).rejects.toMatchObject(busy);
    await expect(uploads.cancel('a', id)).rejects.toMatchObject(busy);
    gate.open();
    expect(await first).toBe(10);
    await uploads.cancel('a', id);
  });

  test.each([100, LARGE])('keeps what came before its source failed, and goes on: %i bytes', async (size) => {
    const { uploads } = registry();
    const { bytes, digest } = sampleBlob(size);
    const id = await uploads.start('a');
    const half = size / 2;
    await expect(uploads.append('a', id, undefined, failingAfter(bytes.subarray(0, half), 99))).rejects.toBeInstanceOf(
      SourceFailure,
    );
    expect(await uploads.size('a', id)).toBe(half);
    await uploads.finish('a', id, digest, { start: half, length: half }, inPieces(bytes.subarray(half)));
    expect(isSame(await stored(registry(), 'a', digest), bytes)).toBe(true);
  });

  test('goes on after a restart, where the hash that ran is gone', async () => {
    const { bytes, digest } = sampleBlob(LARGE);
    const first = registry().uploads;
    const id = await first.start('a');
    await first.append('a', id, undefined, inPieces(bytes.subarray(0, 150_000)));
    await stores().reopen();
    const again = registry();
    expect(await again.uploads.size('a', id)).toBe(150_000);
    await again.uploads.append('a', id, { start: 150_000, length: 10 }, inPieces(bytes.subarray(150_000, 150_010)));
    await again.uploads.finish('a', id, digest, undefined, inPieces(bytes.subarray(150_010)));
    expect(isSame(await stored(again, 'a', digest), bytes)).toBe(true);
  });

  test('keeps its hash through more open uploads than hashes are kept', async () => {
    const { uploads } = registry();
    const bytes = someBytes(70_000);
    const ids: string[] = [];
    for (let count = 0; count < 260; count += 1) {
      const id = await uploads.start('a');
      await uploads.append('a', id, undefined, inPieces(someBytes(10)));
      ids.push(id);
    }
    const whole = Buffer.concat([someBytes(10), bytes]);
    for (const id of [ids[0] ?? '', ids[259] ?? ''])
      await uploads.finish('a', id, sha256(whole), undefined, inPieces(bytes));
    expect(isSame(await stored(registry(), 'a', sha256(whole)), whole)).toBe(true);
  });

  test('leaves nothing when it is cancelled or fails as a whole', async () => {
    const { uploads } = registry();
    const id = await uploads.start('a');
    await uploads.append('a', id, undefined, inPieces(someBytes(LARGE)));
    await uploads.cancel('a', id);
    await expect(uploads.cancel('a', id)).rejects.toMatchObject({ code: 'upload-unknown' });
    const { bytes, digest } = sampleBlob(LARGE);
    await expect(uploads.receive('a', digest, failingAfter(bytes))).rejects.toBeInstanceOf(SourceFailure);
    expect(await stagedFiles()).toEqual([]);
  });

  describe('that is larger than this server takes', () => {
    const refusal = { code: 'upload-too-large' };

    test('is refused beyond 64 KiB, in one request and in many', async () => {
      const { uploads } = registry({ maxBlobBytes: 100_000 });
      const { bytes, digest } = sampleBlob(100_001);
      await expect(uploads.receive('a', digest, inPieces(bytes))).rejects.toMatchObject(refusal);
      const id = await uploads.start('a');
      await uploads.append('a', id, undefined, inPieces(bytes.subarray(0, 60_000)));
      await expect(uploads.append('a', id, undefined, inPieces(bytes.subarray(60_000)))).rejects.toMatchObject(refusal);
      await uploads.receive('a', sha256(bytes.subarray(1)), inPieces(bytes.subarray(1)));
    });

    test('is refused when it is small, too', async () => {
      const { uploads } = registry({ maxBlobBytes: 1000 });
      const { bytes, digest } = sampleBlob(1001);
      await expect(uploads.receive('a', digest, inPieces(bytes))).rejects.toMatchObject(refusal);
    });
  });

  test('of bytes that others bring at the same moment ends well for all', async () => {
    const { uploads, blobs, content } = registry();
    for (const size of [1000, LARGE]) {
      const { bytes, digest } = sampleBlob(size, `together ${size}`);
      const families = ['a', 'a', 'a', 'b', 'b', 'c'];
      await Promise.all(families.map((family) => uploads.receive(family, digest, inPieces(bytes, 5000))));
      for (const family of new Set(families)) {
        expect(isSame(await gathered(content.read(await storedBlob({ blobs }, family, digest))), bytes)).toBe(true);
      }
    }
    expect(await stagedFiles()).toEqual([]);
  });

  describe('whose bytes another brings, loses and has collected in the moment before it ends', () => {
    test('is never acknowledged without its bytes', async () => {
      const { bytes, digest } = sampleBlob(LARGE, 'collected in between');
      const time = Date.now();
      const other = registryOn(stores(), { now: () => time });
      const keys = interruptedOnce(
        stores().keys,
        ({ puts = [] }) => puts.some(({ key }) => Buffer.compare(key, blobKey('a', digest)) === 0),
        async () => {
          await other.uploads.receive('b', digest, inPieces(bytes));
          await other.blobs.remove('b', digest);
          const options = { graceMs: 0, uploadExpiryMs: 60_000, now: () => time };
          const { removed } = await collect(stores(), other, options);
          expect(removed.content).toBe(1);
        },
      );
      const { uploads, blobs, content } = registryOn({ ...stores(), keys }, { now: () => time });
      const acknowledged = await uploads.receive('a', digest, inPieces(bytes)).then(
        () => true,
        () => false,
      );
      const kept = await storedBlob({ blobs }, 'a', digest).then(
        async (located) => isSame(await gathered(content.read(located)), bytes),
        () => false,
      );
      expect(kept).toBe(acknowledged);
    });
  });
});

async function stored({ blobs, content }: Registry, family: string, digest: Digest): Promise<Buffer> {
  return gathered(content.read(await storedBlob({ blobs }, family, digest)));
}
