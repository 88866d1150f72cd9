import {
  DeleteObjectCommand,
  GetObjectCommand,
  HeadObjectCommand,
  ListObjectsV2Command,
  PutObjectCommand,
  type GetObjectCommandOutput,
  type S3Client,
} from '@aws-sdk/client-s3';
import { randomUUID } from 'node:crypto';
import { Readable } from 'node:stream';
import type { ByteRange } from '../blob-store.ts';
import { StoreError } from '../store-error.ts';
import {
  isBareNotFound,
  isConditionFailed,
  isNoSuchKey,
  isRangeUnsatisfiable,
  isSilence,
  s3Error,
} from './s3-error.ts';
import { nameOf, type S3Location } from './s3-location.ts';

export interface StoredObject {
  readonly key: string;
  readonly size: number;
  readonly modified: number;
}

/** An object that is being read: what comes of it, how much that should be, and by what to know it again. */
export interface OpenObject {
  readonly body: Readable;
  readonly length: number;
  readonly etag: string | undefined;
}

const WRITER = 'assay-writer';

/** For so long after a call that was given up, others are asked in haste. */
const HASTE_MS = 10_000;
const LARGE_BODY = 1024 * 1024;

/** Clients for calls that are to take longer, or less long, than usual. */
export interface OtherClients {
  readonly patient: S3Client;
  readonly hasty: S3Client;
}

/** The objects of one bucket. Every failure is a StoreError that names bucket and operation; only NoSuchKey is absence. */
export class Bucket {
  readonly client: S3Client;
  readonly location: S3Location;
  /** For what the S3 may do in silence. */
  readonly patient: S3Client;
  readonly #hasty: S3Client;
  #hasteUntil = -Infinity;

  constructor(client: S3Client, location: S3Location, { patient, hasty }: Partial<OtherClients> = {}) {
    this.client = client;
    this.location = location;
    this.patient = patient ?? client;
    this.#hasty = hasty ?? client;
  }

  /**
   * For what has no body. Where the S3 has just been silent for as long as a client can be left waiting, nobody waits as long
   * again to clear away what was begun.
   */
  get asking(): S3Client {
    return performance.now() < this.#hasteUntil ? this.#hasty : this.client;
  }

  async stat(key: string): Promise<{ readonly size: number } | undefined> {
    try {
      const { ContentLength } = await this.asking.send(new HeadObjectCommand(this.named(key)));
      return { size: ContentLength ?? 0 };
    } catch (error) {
      if (!isBareNotFound(error) && !isNoSuchKey(error)) throw this.translated('HeadObject', error);
    }
    // An answer to HEAD has no body that could tell a missing object from a missing bucket.
    const found = await this.open(key);
    found?.body.destroy();
    return found === undefined ? undefined : { size: found.length };
  }

  /** Undefined only where there is no such object. A range behind its end is empty, and gives nothing to read. */
  async open(key: string, range?: ByteRange, etag?: string): Promise<OpenObject | undefined> {
    const bytes = range === undefined ? {} : { Range: `bytes=${range.start}-${range.end - 1}` };
    const condition = etag === undefined ? {} : { IfMatch: etag };
    try {
      return opened(await this.asking.send(new GetObjectCommand({ ...this.named(key), ...bytes, ...condition })));
    } catch (error) {
      if (isNoSuchKey(error)) return undefined;
      if (isConditionFailed(error))
        throw new StoreError('busy', `${key} was replaced while it was read`, { cause: error });
      if (isRangeUnsatisfiable(error)) return { body: Readable.from([]), length: 0, etag };
      throw this.translated('GetObject', error);
    }
  }

  /** For so many bytes. The last of a large body lie in buffers for a while where the line is slow, and nothing is seen to move. */
  taking({ length }: Uint8Array): S3Client {
    return length < LARGE_BODY ? this.client : this.patient;
  }

  async put(key: string, bytes: Uint8Array): Promise<void> {
    await this.attempt('PutObject', this.taking(bytes).send(new PutObjectCommand({ ...this.named(key), Body: bytes })));
  }

  /** Whether the object is there by this call: false where somebody else's was there before. */
  async create(key: string, bytes: Uint8Array): Promise<boolean> {
    const writer = randomUUID();
    const said = { Body: bytes, IfNoneMatch: '*', Metadata: { [WRITER]: writer } };
    try {
      await this.taking(bytes).send(new PutObjectCommand({ ...this.named(key), ...said }));
      return true;
    } catch (error) {
      if (!isConditionFailed(error)) throw this.translated('PutObject', error);
    }
    // Where an answer was lost, what the client then finds in its way is its own.
    const { Metadata } = await this.attempt('HeadObject', this.asking.send(new HeadObjectCommand(this.named(key))));
    return Metadata?.[WRITER] === writer;
  }

  /** Absent already is no error. */
  async delete(key: string): Promise<void> {
    await this.attempt('DeleteObject', this.asking.send(new DeleteObjectCommand(this.named(key))));
  }

  /** In the order of their keys. */
  async *list(prefix: string): AsyncGenerator<StoredObject> {
    for (let token: string | undefined; ;) {
      const where = { Bucket: this.location.bucket, Prefix: prefix };
      const next = token === undefined ? {} : { ContinuationToken: token };
      const page = await this.attempt(
        'ListObjectsV2',
        this.asking.send(new ListObjectsV2Command({ ...where, ...next })),
      );
      for (const { Key = '', Size = 0, LastModified } of page.Contents ?? []) {
        yield { key: Key, size: Size, modified: LastModified?.getTime() ?? 0 };
      }
      token = page.IsTruncated === true ? page.NextContinuationToken : undefined;
      if (token === undefined) return;
    }
  }

  /** What an operation answers; what it fails with is translated. */
  async attempt<T>(operation: string, answer: Promise<T>): Promise<T> {
    try {
      return await answer;
    } catch (error) {
      throw this.translated(operation, error);
    }
  }

  translated(operation: string, error: unknown): unknown {
    // What was asked in haste says nothing of an S3 that is slow.
    if (isSilence(error) && this.asking === this.client) this.#hasteUntil = performance.now() + HASTE_MS;
    return s3Error(error, `${operation} in ${nameOf(this.location)}`);
  }

  named(key: string): { readonly Bucket: string; readonly Key: string } {
    return { Bucket: this.location.bucket, Key: key };
  }
}

function opened({ Body, ContentLength, ETag }: GetObjectCommandOutput): OpenObject {
  return { body: Body as Readable, length: ContentLength ?? 0, etag: ETag };
}
