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
import { ANEW, type NewObject, type ReadPointer, type Target, type TargetItem } from './target.ts';
import { withPieces } from './with-pieces.ts';

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

  put({ bytes, ...ref }: NewObject, freshMs: number, signal?: AbortSignal): Promise<void> {
    return withPieces(bytes, (pieces) => this.#put({ ...ref, bytes: pieces }, freshMs, signal));
  }

  async #put(object: NewObject, freshMs: number, signal: AbortSignal | undefined): Promise<void> {
    if (freshMs === ANEW) return this.#write(object, signal);
    // Pieces come once: nothing of them may be spent on a condition that does not hold.
    if (object.bytes instanceof Uint8Array && (await this.#create(object, signal))) return;
    const there = await this.#head(object.digest, signal);
    // It went between the two, or is not what its name says, or a sweep may have its eye on it.
    const isFresh = there !== undefined && there.size === object.size && Date.now() - there.writtenAt < freshMs;
    if (!isFresh) await this.#write(object, signal);
  }

  async read(digest: Sha256, signal?: AbortSignal): Promise<Uint8Array | undefined> {
    return (await this.#read(this.#objectKey(digest), signal))?.bytes;
  }

  async open(digest: Sha256, signal?: AbortSignal): Promise<AsyncIterable<Uint8Array> | undefined> {
    const body = (await this.#get(this.#objectKey(digest), signal))?.Body as Readable | undefined;
    return body === undefined ? undefined : this.#translatedPieces(body);
  }

  pointer(signal?: AbortSignal): Promise<ReadPointer | undefined> {
    return this.#read(this.#key(POINTER), signal);
  }

  async swap(bytes: Uint8Array, mark: string | undefined, signal?: AbortSignal): Promise<boolean> {
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
      await this.#options.client.send(new PutObjectCommand(put), cutBy(signal));
      return true;
    } catch (error) {
      if (isConflict(error) || isAbsent(error)) return this.#isThere(bytes, signal);
      // Its answer may have been lost on the way.
      if (isPassing(error) && (await this.#isThere(bytes, signal))) return true;
      throw this.#translated(error, 'swap the pointer');
    }
  }

  async *list(signal?: AbortSignal): AsyncGenerator<TargetItem> {
    const { client, bucket } = this.#options;
    const prefix = this.#key(OBJECTS);
    for (let token: string | undefined; ;) {
      const page = { Bucket: bucket, Prefix: prefix, ...(token === undefined ? {} : { ContinuationToken: token }) };
      const { Contents = [], NextContinuationToken: next } = await client
        .send(new ListObjectsV2Command(page), cutBy(signal))
        .catch((error: unknown) => Promise.reject(this.#translated(error, 'list objects')));
      for (const { Key = '', LastModified } of Contents) {
        const hex = Key.slice(prefix.length);
        if (HEX.test(hex)) yield { name: `sha256:${hex}`, writtenAt: LastModified?.getTime() ?? 0 };
      }
      if (next === undefined) return;
      token = next;
    }
  }

  async remove(name: TargetItem['name'], signal?: AbortSignal): Promise<void> {
    const { client, bucket } = this.#options;
    const Key = this.#key(OBJECTS + name.slice('sha256:'.length));
    await client
      .send(new DeleteObjectCommand({ Bucket: bucket, Key }), cutBy(signal))
      .catch((error: unknown) => Promise.reject(this.#translated(error, 'remove an object')));
  }

  /** False where it is there already. */
  async #create(object: NewObject, signal: AbortSignal | undefined): Promise<boolean> {
    const put = new PutObjectCommand({ ...this.#objectOf(object), IfNoneMatch: '*' });
    try {
      await this.#options.client.send(put, cutBy(signal));
      return true;
    } catch (error) {
      if (isConflict(error)) return false;
      throw this.#translated(error, 'put an object');
    }
  }

  async #write(object: NewObject, signal: AbortSignal | undefined): Promise<void> {
    const put = this.#objectOf(object);
    const cut = new AbortController();
    // The client waits for pieces that never come.
    if (put.Body instanceof Readable) put.Body.on('error', () => cut.abort());
    const either = signal === undefined ? cut.signal : AbortSignal.any([cut.signal, signal]);
    await this.#options.client
      .send(new PutObjectCommand(put), cutBy(either))
      .catch((error: unknown) => Promise.reject(this.#translated(error, 'put an object')));
  }

  async #head(
    digest: Sha256,
    signal: AbortSignal | undefined,
  ): Promise<{ size: number; writtenAt: number } | undefined> {
    const { client, bucket } = this.#options;
    const head = new HeadObjectCommand({ Bucket: bucket, Key: this.#objectKey(digest) });
    try {
      const found = await client.send(head, cutBy(signal));
      return { size: found.ContentLength ?? -1, writtenAt: found.LastModified?.getTime() ?? 0 };
    } catch (error) {
      if (isAbsent(error)) return undefined;
      throw this.#translated(error, 'look at an object');
    }
  }

  async #read(key: string, signal: AbortSignal | undefined): Promise<ReadPointer | undefined> {
    const found = await this.#get(key, signal);
    if (found === undefined) return undefined;
    try {
      return { bytes: (await found.Body?.transformToByteArray()) ?? new Uint8Array(), mark: found.ETag ?? '' };
    } catch (error) {
      throw this.#translated(error, 'read');
    }
  }

  /** What breaks off in the middle of an object is told like what breaks off before. */
  async *#translatedPieces(body: Readable): AsyncGenerator<Uint8Array> {
    try {
      yield* body as AsyncIterable<Uint8Array>;
    } catch (error) {
      throw this.#translated(error, 'read');
    }
  }

  async #get(key: string, signal: AbortSignal | undefined): Promise<GetObjectCommandOutput | undefined> {
    const { client, bucket } = this.#options;
    try {
      return await client.send(new GetObjectCommand({ Bucket: bucket, Key: key }), cutBy(signal));
    } catch (error) {
      if (isAbsent(error)) return undefined;
      throw this.#translated(error, 'read');
    }
  }

  /** Whether the pointer says just this: a swap that was told of as lost may have been ours. */
  async #isThere(bytes: Uint8Array, signal: AbortSignal | undefined): Promise<boolean> {
    const now = await this.pointer(signal);
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
    const retryAfterMs = retryAfterOf(error);
    return new PublicationError(code, `the bucket ${bucket} did not let us ${what} (${why})`, {
      cause: error,
      ...(retryAfterMs === undefined ? {} : { retryAfterMs }),
    });
  }
}

function cutBy(signal: AbortSignal | undefined): { abortSignal?: AbortSignal } {
  return signal === undefined ? {} : { abortSignal: signal };
}

function hexOf(digest: Sha256): string {
  return digest.slice('sha256:'.length);
}

function statusOf(error: unknown): number | undefined {
  return (error as { $metadata?: { httpStatusCode?: number } } | undefined)?.$metadata?.httpStatusCode;
}

/** RFC 9110, 10.2.3, in seconds. A date, which is compared with a clock that may be wrong, is left to the back-off. */
function retryAfterOf(error: unknown): number | undefined {
  const { headers } = (error as { $response?: { headers?: Record<string, string> } } | undefined)?.$response ?? {};
  const seconds = headers?.['retry-after'];
  return seconds !== undefined && /^\d{1,9}$/.test(seconds) ? Number(seconds) * 1000 : undefined;
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
