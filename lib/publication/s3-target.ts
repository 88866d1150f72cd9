import { Readable } from 'node:stream';
import {
  DeleteObjectCommand,
  GetObjectCommand,
  type GetObjectCommandOutput,
  HeadObjectCommand,
  ListObjectsV2Command,
  PutObjectCommand,
  type S3Client,
} from '@aws-sdk/client-s3';
import type { Sha256 } from '../encoding/digest.ts';
import { PublicationError } from './publication-error.ts';
import type { NewObject, ReadPointer, Target, TargetObject } from './target.ts';

const POINTER = 'current';
const OBJECTS = 'o/';
const HEX = /^[0-9a-f]{64}$/;
/** What an object says is told by the document that names it; nothing of it is for a browser to show by itself. */
const TYPE = 'application/octet-stream';
const IMMUTABLE = 'public, max-age=31536000, immutable';
/** A reader asks each time whether the pointer still stands. */
const REVALIDATE = 'no-cache';

/** The client's own answers to trouble that may pass; the SDK has tried a few times by then. */
const PASSING: ReadonlySet<string> = new Set([
  'SlowDown',
  'TooManyRequests',
  'ServiceUnavailable',
  'RequestTimeout',
  'InternalError',
  'TimeoutError',
  'AbortError',
]);

export interface S3TargetOptions {
  readonly client: S3Client;
  readonly bucket: string;
  /** Empty, or ends in a slash. */
  readonly prefix: string;
}

/** A bucket that readers see, with conditional writes: R2, S3 or another that keeps its promises. */
export class S3Target implements Target {
  readonly #options: S3TargetOptions;

  constructor(options: S3TargetOptions) {
    this.#options = options;
  }

  async put(object: NewObject, freshMs: number): Promise<void> {
    // Pieces come once: nothing of them may be spent on a condition that does not hold.
    if (object.bytes instanceof Uint8Array && (await this.#create(object))) return;
    const there = await this.#head(object.digest);
    // It went between the two, or is not what its name says, or a sweep may have its eye on it.
    const isFresh = there !== undefined && there.size === object.size && Date.now() - there.writtenAt < freshMs;
    if (!isFresh) await this.#write(object);
  }

  async read(digest: Sha256): Promise<Uint8Array | undefined> {
    return (await this.#read(this.#objectKey(digest)))?.bytes;
  }

  async open(digest: Sha256): Promise<AsyncIterable<Uint8Array> | undefined> {
    return (await this.#get(this.#objectKey(digest)))?.Body as Readable | undefined;
  }

  pointer(): Promise<ReadPointer | undefined> {
    return this.#read(this.#key(POINTER));
  }

  async swap(bytes: Uint8Array, mark: string | undefined): Promise<boolean> {
    // Ceph's gateway compares the tag without its quotes, and others take either.
    const condition = mark === undefined ? { IfNoneMatch: '*' } : { IfMatch: mark.replaceAll('"', '') };
    const put = {
      ...this.#named(POINTER),
      Body: bytes,
      ContentType: 'application/json',
      CacheControl: REVALIDATE,
      ...condition,
    };
    try {
      await this.#options.client.send(new PutObjectCommand(put));
      return true;
    } catch (error) {
      if (isConflict(error) || isAbsent(error)) return this.#isThere(bytes);
      // Its answer may have been lost on the way.
      if (isPassing(error) && (await this.#isThere(bytes))) return true;
      throw this.#translated(error, 'swap the pointer');
    }
  }

  async *list(): AsyncGenerator<TargetObject> {
    const { client, bucket } = this.#options;
    const prefix = this.#key(OBJECTS);
    for (let token: string | undefined; ;) {
      const page = { Bucket: bucket, Prefix: prefix, ...(token === undefined ? {} : { ContinuationToken: token }) };
      const { Contents = [], NextContinuationToken: next } = await client
        .send(new ListObjectsV2Command(page))
        .catch((error: unknown) => Promise.reject(this.#translated(error, 'list objects')));
      for (const { Key = '', LastModified } of Contents) {
        const hex = Key.slice(prefix.length);
        if (HEX.test(hex)) yield { digest: `sha256:${hex}`, writtenAt: LastModified?.getTime() ?? 0 };
      }
      if (next === undefined) return;
      token = next;
    }
  }

  async remove(digest: Sha256): Promise<void> {
    const { client, bucket } = this.#options;
    await client
      .send(new DeleteObjectCommand({ Bucket: bucket, Key: this.#objectKey(digest) }))
      .catch((error: unknown) => Promise.reject(this.#translated(error, 'remove an object')));
  }

  /** False where it is there already. */
  async #create(object: NewObject): Promise<boolean> {
    try {
      await this.#options.client.send(new PutObjectCommand({ ...this.#objectOf(object), IfNoneMatch: '*' }));
      return true;
    } catch (error) {
      if (isConflict(error)) return false;
      throw this.#translated(error, 'put an object');
    }
  }

  async #write(object: NewObject): Promise<void> {
    await this.#options.client
      .send(new PutObjectCommand(this.#objectOf(object)))
      .catch((error: unknown) => Promise.reject(this.#translated(error, 'put an object')));
  }

  async #head(digest: Sha256): Promise<{ size: number; writtenAt: number } | undefined> {
    const { client, bucket } = this.#options;
    try {
      const found = await client.send(new HeadObjectCommand({ Bucket: bucket, Key: this.#objectKey(digest) }));
      return { size: found.ContentLength ?? -1, writtenAt: found.LastModified?.getTime() ?? 0 };
    } catch (error) {
      if (isAbsent(error)) return undefined;
      throw this.#translated(error, 'look at an object');
    }
  }

  async #read(key: string): Promise<ReadPointer | undefined> {
    const found = await this.#get(key);
    if (found === undefined) return undefined;
    try {
      return { bytes: (await found.Body?.transformToByteArray()) ?? new Uint8Array(), mark: found.ETag ?? '' };
    } catch (error) {
      throw this.#translated(error, 'read');
    }
  }

  async #get(key: string): Promise<GetObjectCommandOutput | undefined> {
    const { client, bucket } = this.#options;
    try {
      return await client.send(new GetObjectCommand({ Bucket: bucket, Key: key }));
    } catch (error) {
      if (isAbsent(error)) return undefined;
      throw this.#translated(error, 'read');
    }
  }

  /** Whether the pointer says just this: a swap that was told of as lost may have been ours. */
  async #isThere(bytes: Uint8Array): Promise<boolean> {
    const now = await this.pointer();
    return now !== undefined && Buffer.compare(now.bytes, bytes) === 0;
  }

  #objectOf({ digest, bytes, size }: NewObject) {
    const Body = bytes instanceof Uint8Array ? bytes : Readable.from(bytes);
    return {
      ...this.#named(OBJECTS + hexOf(digest)),
      Body,
      ContentLength: size,
      ContentType: TYPE,
      CacheControl: IMMUTABLE,
    };
  }

  #named(name: string): { Bucket: string; Key: string } {
    return { Bucket: this.#options.bucket, Key: this.#key(name) };
  }

  #objectKey(digest: Sha256): string {
    return this.#key(OBJECTS + hexOf(digest));
  }

  #key(name: string): string {
    return this.#options.prefix + name;
  }

  #translated(error: unknown, what: string): PublicationError {
    const { bucket } = this.#options;
    const code = isPassing(error) ? 'target-busy' : 'target-refused';
    const why = error instanceof Error ? error.name : 'unknown';
    return new PublicationError(code, `the bucket ${bucket} did not let us ${what} (${why})`, { cause: error });
  }
}

function hexOf(digest: Sha256): string {
  return digest.slice('sha256:'.length);
}

function statusOf(error: unknown): number | undefined {
  return (error as { $metadata?: { httpStatusCode?: number } } | undefined)?.$metadata?.httpStatusCode;
}

/** 412: the condition did not hold. 409: another conditional write of the same key was under way. */
function isConflict(error: unknown): boolean {
  const status = statusOf(error);
  return status === 412 || status === 409;
}

/** Of an object, or of a condition on one; a bucket that is not there is another trouble. */
function isAbsent(error: unknown): boolean {
  const { name } = error as { name?: string };
  return name === 'NoSuchKey' || (statusOf(error) === 404 && name !== 'NoSuchBucket');
}

function isPassing(error: unknown): boolean {
  const status = statusOf(error);
  if (status === undefined) return true;
  return status === 429 || status >= 500 || PASSING.has((error as Error).name);
}
