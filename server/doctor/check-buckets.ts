import type { BucketUse } from '../../lib/store/s3/try-bucket.ts';
import type { S3Location } from '../../lib/store/s3/s3-location.ts';
import type { Config } from '../config.ts';
import { fail, ok, reasonOf, type Finding } from './finding.ts';

const ADVICE =
  'docs/operating.md has the rights that are needed; look at the credentials, the region and the endpoint, too';

/** Of each bucket: the rights to put, get, list and delete, and that conditional writes are held. With objects that go again. */
export async function checkBuckets({ blobs, publish }: Config): Promise<Finding[]> {
  const findings: Finding[] = [];
  if (blobs.engine === 's3') findings.push(await checkOne('blobs', blobs.location));
  if (publish.engine === 's3') findings.push(await checkOne('snapshots', publish.location));
  return findings;
}

async function checkOne(use: BucketUse, location: S3Location): Promise<Finding> {
  const check = `${use} in S3`;
  const { tryBucket } = await import('../../lib/store/s3/try-bucket.ts');
  try {
    await tryBucket(location, use);
    return ok(check, 'objects can be written, read, listed and deleted, and conditional writes are held');
  } catch (error) {
    return fail(check, reasonOf(error), ADVICE);
  }
}
