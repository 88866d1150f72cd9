import type { BlobStore } from '../../lib/store/blob-store.ts';
import type { MoveMark } from '../../lib/store/move-mark.ts';
import { Bucket } from '../../lib/store/s3/bucket.ts';
import { listBegun } from '../../lib/store/s3/multipart.ts';
import { openS3 } from '../../lib/store/s3/open-s3.ts';
import { S3Layout } from '../../lib/store/s3/s3-layout.ts';
import type { S3Location } from '../../lib/store/s3/s3-location.ts';
import type { UploadStore } from '../../lib/store/upload-store.ts';
import { describeWith, S3_PROGRAMS } from '../support/programs.ts';
import { useS3 } from '../support/s3.ts';
import { blobStoreContract } from './blob-store-contract.ts';
import type { Engine, Trial } from './harness.ts';
import { moveMarkContract } from './move-mark-contract.ts';
import { uploadStoreContract, type UploadTrial } from './upload-store-contract.ts';

interface S3Trial<S> extends Trial<S> {
  readonly end: () => void;
}

describeWith(S3_PROGRAMS, 'S3', () => {
  const server = useS3();

  const blobEngine: Engine<BlobStore & MoveMark, S3Trial<BlobStore & MoveMark>> = {
    name: 'S3',
    async setup() {
      const location = await freshLocation();
      const opened = [openS3(location)];
      return {
        store: opened[0]!.blobs,
        async reopen() {
          opened.push(openS3(location));
          return opened.at(-1)!.blobs;
        },
        leftovers: () => strays(location),
        end: () => opened.forEach((one) => one.close()),
      };
    },
    teardown: async ({ end }) => end(),
  };
  blobStoreContract(blobEngine);
  moveMarkContract(blobEngine);

  uploadStoreContract<S3Trial<UploadStore> & UploadTrial>({
    name: 'S3',
    async setup() {
      const location = await freshLocation();
      const opened = [openS3(location)];
      return {
        store: opened[0]!.uploads,
        blobs: opened[0]!.blobs,
        async reopen() {
          opened.push(openS3(location));
          return opened.at(-1)!.uploads;
        },
        end: () => opened.forEach((one) => one.close()),
      };
    },
    teardown: async ({ end }) => end(),
  });

  async function freshLocation(): Promise<S3Location> {
    return { bucket: await server.freshBucket(), prefix: 'some/where', endpoint: server.endpoint };
  }

  /** Objects that are no blob, and what was begun and never ended. */
  async function strays(location: S3Location): Promise<string[]> {
    const bucket = new Bucket(server.client, location);
    const layout = new S3Layout(location.prefix);
    const found: string[] = [];
    for await (const { key } of bucket.list('')) if (layout.digestAt(key) === undefined) found.push(key);
    for await (const { key } of listBegun(bucket, '')) found.push(`begun: ${key}`);
    return found;
  }
});
