import { randomUUID } from 'node:crypto';
import { StoreError } from '../store-error.ts';
import type { Bucket } from './bucket.ts';
import { abort, begin, listBegun } from './multipart.ts';
import { isForbidden } from './s3-error.ts';
import type { S3Layout } from './s3-layout.ts';
import { nameOf } from './s3-location.ts';

/** A bucket that Assay cannot work with, until somebody changes its settings or its rights. */
export class UnusableBucket extends Error {
  override readonly name = 'UnusableBucket';
}

const SAMPLE = Buffer.from('Assay tries what it may do here');

/** Tries all that the stores will need, with objects that go again, and names what is missing. */
export async function checkBucket(
  bucket: Bucket,
  layout: S3Layout,
  uploads: 'in parts' | 'whole' = 'in parts',
): Promise<void> {
  const key = layout.probe(randomUUID());
  const name = nameOf(bucket.location);
  const refused = new Set<string>();

  /** What some work gives; undefined where a right is missing for it, which is then noted. */
  async function allowed<T>(right: string, work: () => Promise<T>): Promise<T | undefined> {
    try {
      return await work();
    } catch (error) {
      if (!(error instanceof StoreError) || error.code !== 'failed') throw error;
      if (!isForbidden(error.cause)) throw new UnusableBucket(error.message, { cause: error });
      refused.add(right);
      return undefined;
    }
  }

  await allowed('s3:ListBucket', () => firstOf(bucket.list(key)));
  const created = await allowed('s3:PutObject', () => bucket.create(key, SAMPLE));
  const read = await allowed('s3:GetObject', () => contentOf(bucket, key));
  const again = created === undefined || read === undefined ? undefined : await bucket.create(key, SAMPLE);
  if (uploads === 'in parts') {
    await allowed('s3:ListBucketMultipartUploads', () => firstOf(listBegun(bucket, key)));
    const begun = await allowed('s3:PutObject', () => begin(bucket, key));
    if (begun !== undefined) await allowed('s3:AbortMultipartUpload', () => abort(bucket, key, begun));
  }
  await allowed('s3:DeleteObject', () => bucket.delete(key));
  if (refused.size > 0) throw new UnusableBucket(`${name}: the credentials lack ${[...refused].join(', ')}`);
  if (created !== true || read !== SAMPLE.toString('latin1', 1, 6)) {
    throw new UnusableBucket(`${name}: what is written there does not come back`);
  }
  if (again !== false) throw new UnusableBucket(`${name}: conditional writes (If-None-Match) are not held there`);
  if ((await bucket.open(key)) !== undefined) throw new UnusableBucket(`${name}: what is deleted there stays`);
}

async function firstOf(items: AsyncIterable<unknown>): Promise<void> {
  for await (const _ of items) return;
}

/** A range of it, as readers ask for. */
async function contentOf(bucket: Bucket, key: string): Promise<string> {
  const object = await bucket.open(key, { start: 1, end: 6 });
  if (object === undefined) return '';
  const pieces: Uint8Array[] = [];
  for await (const piece of object.body as AsyncIterable<Uint8Array>) pieces.push(piece);
  return Buffer.concat(pieces).toString('latin1');
}
