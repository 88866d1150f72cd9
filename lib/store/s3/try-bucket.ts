import { Bucket } from './bucket.ts';
import { checkBucket } from './check-bucket.ts';
import { makeS3Client } from './s3-client.ts';
import { S3Layout } from './s3-layout.ts';
import type { S3Location } from './s3-location.ts';

/** Finds out whether a bucket can be worked with, and leaves nothing in it. Rejects with what is wrong. */
export async function tryBucket(location: S3Location): Promise<void> {
  const client = makeS3Client(location);
  try {
    await checkBucket(new Bucket(client, location), new S3Layout(location.prefix));
  } finally {
    client.destroy();
  }
}
