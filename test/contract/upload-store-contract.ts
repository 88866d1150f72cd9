import { randomUUID } from 'node:crypto';
import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { BlobStore } from '../../lib/store/blob-store.ts';
import { StoreError } from '../../lib/store/store-error.ts';
import type { StagedUpload, UploadStore } from '../../lib/store/upload-store.ts';
import {
  failingAfter,
  gathered,
  inPieces,
  isMissing,
  isSame,
  sampleBlob,
  someBytes,
  SourceFailure,
} from './byte-sources.ts';
import { owedBy, useEngine, type Engine, type Trial } from './harness.ts';

const MIB = 1024 * 1024;

/** The blobs that uploads become, in the same place. */
export interface UploadTrial extends Trial<UploadStore> {
  readonly blobs: BlobStore;
}

/** What every engine of an UploadStore holds. */
export function uploadStoreContract<T extends UploadTrial>(engine: Engine<UploadStore, T>): void {
  describe(`UploadStore of ${engine.name}`, () => {
    const trial = useEngine<UploadStore, T>(engine);

    describe('stages', () => {
      test('nothing under an id that nothing came for', async () => {
        const { store } = trial();
        expect(await store.size(randomUUID())).toBe(0);
        expect(await gathered(store.read(randomUUID()))).toHaveLength(0);
        expect(await listed(store)).toEqual([]);
      });

      test('bytes behind each other, in chunks of any size', async () => {
        const { store } = trial();
        const bytes = someBytes(400_000);
        const law = fc.asyncProperty(
          fc.array(fc.nat(90_000), { minLength: 1, maxLength: 8 }),
          fc.integer({ min: 900, max: 70_000 }),
          async (chunks, piece) => {
            const id = randomUUID();
            let at = 0;
            for (const chunk of chunks) {
              const end = Math.min(at + chunk, bytes.length);
              expect(await store.append(id, at, inPieces(bytes.subarray(at, end), piece))).toBe(end);
              expect(await store.size(id)).toBe(end);
              at = end;
            }
            expect(isSame(await gathered(store.read(id)), bytes.subarray(0, at))).toBe(true);
            await store.discard(id);
          },
        );
        await fc.assert(law, { numRuns: 15 });
      });

      test('many MiB in one go, read in pieces of at most 1 MiB that nothing overwrites', async () => {
        const { store } = trial();
        const bytes = someBytes(18 * MIB + 1);
        const id = randomUUID();
        expect(await store.append(id, 0, inPieces(bytes))).toBe(bytes.length);
        const pieces: Uint8Array[] = [];
        for await (const piece of store.read(id)) {
          expect(piece.length).toBeLessThanOrEqual(MIB);
          pieces.push(piece);
        }
        expect(isSame(Buffer.concat(pieces), bytes)).toBe(true);
      });

      test('uploads beside each other without mixing them', async () => {
        const { store } = trial();
        const uploads = Array.from({ length: 6 }, (_, seed) => ({
          id: randomUUID(),
          bytes: someBytes(200_000 + seed, seed),
        }));
        await Promise.all(
          uploads.map(async ({ id, bytes }) => {
            let at = 0;
            for (const end of [50_000, 120_000, bytes.length])
              at = await store.append(id, at, inPieces(bytes.subarray(at, end), 999));
          }),
        );
        for (const { id, bytes } of uploads) expect(isSame(await gathered(store.read(id)), bytes)).toBe(true);
      });
    });

    describe('refuses', () => {
      test.each([0, 1, 99, 101, 1000])(
        'to go on at %i where 100 bytes are there, and leaves them as they are',
        async (at) => {
          const { store } = trial();
          const id = randomUUID();
          const bytes = someBytes(100);
          await store.append(id, 0, inPieces(bytes));
          await expect(store.append(id, at, inPieces(someBytes(50, 'more')))).rejects.toBeInstanceOf(StoreError);
          expect(isSame(await gathered(store.read(id)), bytes)).toBe(true);
          expect(await store.append(id, 100, inPieces(bytes))).toBe(200);
        },
      );

      test('to begin anywhere but at 0', async () => {
        const { store } = trial();
        const id = randomUUID();
        await expect(store.append(id, 5, inPieces(someBytes(10)))).rejects.toBeInstanceOf(StoreError);
        expect(await store.size(id)).toBe(0);
      });

      test('to list what was refused at its beginning', owedBy(engine, 'unlisted refusal'), async () => {
        const { store } = trial();
        await store.append(randomUUID(), 5, inPieces(someBytes(10))).catch(() => {});
        expect(await listed(store)).toEqual([]);
      });
    });

    describe('when a source fails', () => {
      test.each([0, 1, 1000, 2 * MIB + 9])('keeps the %i bytes that had arrived, to be continued', async (arrived) => {
        const { store } = trial();
        const id = randomUUID();
        const { bytes, digest } = sampleBlob(3 * MIB);
        await store.append(id, 0, inPieces(bytes.subarray(0, 500)));
        const chunk = bytes.subarray(500, 500 + arrived);
        await expect(store.append(id, 500, failingAfter(chunk, 4096))).rejects.toBeInstanceOf(SourceFailure);
        const size = await store.size(id);
        expect(size).toBe(500 + arrived);
        expect(isSame(await gathered(store.read(id)), bytes.subarray(0, size))).toBe(true);
        await store.append(id, size, inPieces(bytes.subarray(size)));
        await store.publish(id, digest);
        expect(isSame(await gathered(trial().blobs.read(digest)), bytes)).toBe(true);
      });
    });

    describe('publishes', () => {
      test('what is staged as a blob, which is then staged no longer', async () => {
        const { store, blobs } = trial();
        const { bytes, digest } = sampleBlob(2 * MIB);
        const id = randomUUID();
        await store.append(id, 0, inPieces(bytes));
        await store.publish(id, digest);
        expect(await blobs.stat(digest)).toEqual({ size: bytes.length });
        expect(isSame(await gathered(blobs.read(digest)), bytes)).toBe(true);
        expect(await store.size(id)).toBe(0);
        expect(await listed(store)).toEqual([]);
      });

      test('in place of a blob that is there', async () => {
        const { store, blobs } = trial();
        const { bytes, digest } = sampleBlob(100_000);
        await blobs.write(digest, inPieces(someBytes(90_000, 'another form')));
        const id = randomUUID();
        await store.append(id, 0, inPieces(bytes));
        await store.publish(id, digest);
        expect(isSame(await gathered(blobs.read(digest)), bytes)).toBe(true);
      });

      test('one digest from many uploads at once', async () => {
        const { store, blobs } = trial();
        const { bytes, digest } = sampleBlob(150_000);
        const ids = Array.from({ length: 8 }, () => randomUUID());
        await Promise.all(
          ids.map(async (id) => {
            await store.append(id, 0, inPieces(bytes));
            await store.publish(id, digest);
          }),
        );
        expect(isSame(await gathered(blobs.read(digest)), bytes)).toBe(true);
        expect(await listed(store)).toEqual([]);
      });

      test('nothing where nothing is staged, with the code missing', async () => {
        const { store, blobs } = trial();
        const { digest } = sampleBlob(10);
        await expect(store.publish(randomUUID(), digest)).rejects.toSatisfy(isMissing);
        expect(await blobs.stat(digest)).toBeUndefined();
      });
    });

    describe('discards', () => {
      test('what is staged and what is not, and the id may begin again', async () => {
        const { store } = trial();
        const id = randomUUID();
        await store.discard(id);
        await store.append(id, 0, inPieces(someBytes(1000)));
        await store.discard(id);
        await store.discard(id);
        expect(await store.size(id)).toBe(0);
        expect(await listed(store)).toEqual([]);
        expect(await store.append(id, 0, inPieces(someBytes(7)))).toBe(7);
      });

      test('nothing of what was published from it', async () => {
        const { store, blobs } = trial();
        const { bytes, digest } = sampleBlob(1000);
        const id = randomUUID();
        await store.append(id, 0, inPieces(bytes));
        await store.publish(id, digest);
        await store.discard(id);
        expect(isSame(await gathered(blobs.read(digest)), bytes)).toBe(true);
      });
    });

    describe('lists', () => {
      test('every upload with its size and when bytes last came, but no blob', async () => {
        const { store, blobs } = trial();
        const { bytes, digest } = sampleBlob(1000);
        await blobs.write(digest, inPieces(bytes));
        const sizes = new Map([10, 20, 30].map((size) => [randomUUID() as string, size]));
        const since = Date.now();
        for (const [id, size] of sizes) await store.append(id, 0, inPieces(someBytes(size)));
        const until = Date.now();
        const found = await listed(store);
        expect(new Map(found.map(({ id, size }) => [id, size]))).toEqual(sizes);
        expect(found).toHaveLength(3);
        for (const { modified } of found) {
          // Clocks of storage may stand a little apart from ours.
          expect(modified).toBeGreaterThan(since - 5000);
          expect(modified).toBeLessThan(until + 5000);
        }
      });

      test('a later time once more bytes came', async () => {
        const { store } = trial();
        const id = randomUUID();
        await store.append(id, 0, inPieces(someBytes(10)));
        const [before] = await listed(store);
        await new Promise((resolve) => setTimeout(resolve, 30));
        await store.append(id, 10, inPieces(someBytes(10)));
        const [after] = await listed(store);
        expect(after?.modified).toBeGreaterThan(before?.modified ?? Infinity);
      });
    });

    describe('when it is opened again', () => {
      test('goes on where it was, also behind a source that failed', async () => {
        const { store, reopen } = trial();
        const { bytes, digest } = sampleBlob(2 * MIB);
        const id = randomUUID();
        await store.append(id, 0, inPieces(bytes.subarray(0, 700_000)));
        await store.append(id, 700_000, failingAfter(bytes.subarray(700_000, 1_500_000))).catch(() => {});
        const again = await reopen();
        const size = await again.size(id);
        expect(size).toBe(1_500_000);
        expect(await again.append(id, size, inPieces(bytes.subarray(size)))).toBe(bytes.length);
        await again.publish(id, digest);
        expect(isSame(await gathered(trial().blobs.read(digest)), bytes)).toBe(true);
      });
    });
  });
}

async function listed(store: UploadStore): Promise<StagedUpload[]> {
  const found: StagedUpload[] = [];
  for await (const upload of store.list()) found.push(upload);
  return found;
}
