import { randomUUID } from 'node:crypto';
import { DeleteObjectCommand, PutObjectCommand, type S3Client } from '@aws-sdk/client-s3';
import { Bucket } from './bucket.ts';
import { checkBucket, UnusableBucket } from './check-bucket.ts';
import { makeS3Client } from './s3-client.ts';
import { isConditionFailed } from './s3-error.ts';
import { S3Layout } from './s3-layout.ts';
import { nameOf, type S3Location } from './s3-location.ts';

/** What a bucket is for: blobs come in parts as well, and snapshots have a pointer that is swapped. */
export type BucketUse = 'blobs' | 'snapshots';

/** No object has this tag. */
const FOREIGN_TAG = '0'.repeat(32);

/** Finds out whether a bucket can be worked with, and leaves nothing in it. Rejects with what is wrong. */
export async function tryBucket(location: S3Location, use: BucketUse): Promise<void> {
  const client = makeS3Client(location);
  const layout = new S3Layout(location.prefix);
  try {
    await checkBucket(new Bucket(client, location), layout, use === 'blobs' ? 'in parts' : 'whole');
    if (use === 'snapshots') await checkSwap(client, location, layout.probe(randomUUID()));
  } finally {
    client.destroy();
  }
}

/** A put on the condition that the object is another one must not be made. */
async function checkSwap(client: S3Client, location: S3Location, Key: string): Promise<void> {
  const object = { Bucket: location.bucket, Key };
  await client.send(new PutObjectCommand({ ...object, Body: 'first' }));
  try {
    await client.send(new PutObjectCommand({ ...object, Body: 'second', IfMatch: FOREIGN_TAG }));
  } catch (error) {
    if (isConditionFailed(error)) return;
    throw error;
  } finally {
    await client.send(new DeleteObjectCommand(object));
  }
  throw new UnusableBucket(`${nameOf(location)}: conditional writes (If-Match) are not held there`);
}
