import { Bucket } from './bucket.ts';
import { ByteBudget } from './byte-budget.ts';
import { checkBucket, UnusableBucket } from './check-bucket.ts';
import { abortAbandoned } from './multipart.ts';
import type { BlobLinks } from '../blob-links.ts';
import type { BlobStore } from '../blob-store.ts';
import type { Leftovers } from '../leftovers.ts';
import type { MoveMark } from '../move-mark.ts';
import { StoreError } from '../store-error.ts';
import type { UploadStore } from '../upload-store.ts';
import { S3BlobStore } from './s3-blob-store.ts';
import { IMPATIENT, makeS3Client, PATIENT, USUAL, type S3Patience } from './s3-client.ts';
import { S3Layout } from './s3-layout.ts';
import { nameOf, type S3Location } from './s3-location.ts';
import { S3UploadStore } from './s3-upload-store.ts';

export { UnusableBucket } from './check-bucket.ts';

/** What uploads and writes of this process may hold in memory together, beyond the two parts that each may hold in any case. */
const BUDGET_BYTES = 256 * 1024 * 1024;

const MARK = Buffer.from('{"assay":"blobs","format":1}\n');

export interface S3Stores {
  readonly blobs: BlobStore & BlobLinks & MoveMark;
  readonly uploads: UploadStore;
  readonly leftovers: Leftovers;
  /** For who serves: makes sure that the bucket can be worked with, and notes that a store is in it. */
  prepare(): Promise<void>;
  /** For who works on a store beside a server: that there is one. */
  requireStore(): Promise<void>;
  /** Resolves when the bucket answers; rejects soon where it does not. */
  reach(): Promise<void>;
  close(): void;
}

/** The stores of a location. Nothing is asked of the S3 yet. */
export function openS3(location: S3Location, patience?: S3Patience): S3Stores {
  const client = makeS3Client(location, patience ?? USUAL);
  const patient = makeS3Client(location, patience ?? PATIENT);
  const hasty = makeS3Client(location, IMPATIENT);
  const bucket = new Bucket(client, location, { patient, hasty });
  const askedBucket = new Bucket(hasty, location);
  const layout = new S3Layout(location.prefix);
  const budget = new ByteBudget(BUDGET_BYTES);
  return {
    blobs: new S3BlobStore(bucket, layout, budget),
    uploads: new S3UploadStore(bucket, layout, budget),
    leftovers: {
      // The rest of the bucket may belong to others.
      async sweep(before) {
        const [blobs, pieces] = [layout.blobs, layout.uploads];
        return (await abortAbandoned(bucket, blobs, before)) + (await abortAbandoned(bucket, pieces, before));
      },
    },
    async prepare() {
      await checkBucket(bucket, layout);
      await bucket.create(layout.marker, MARK);
    },
    async requireStore() {
      const found = await bucket.stat(layout.marker);
      if (found !== undefined) return;
      throw new UnusableBucket(`there is no store in ${nameOf(location)}; --blobs or ASSAY_BLOBS names the server's`);
    },
    async reach() {
      if ((await askedBucket.stat(layout.marker)) !== undefined) return;
      throw new StoreError('failed', `there is no store in ${nameOf(location)} any more`);
    },
    close() {
      for (const one of [client, patient, hasty]) one.destroy();
    },
  };
}
