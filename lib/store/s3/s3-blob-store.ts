import { GetObjectCommand } from '@aws-sdk/client-s3';
import { getSignedUrl } from '@aws-sdk/s3-request-presigner';
import type { Sha256 } from '../../encoding/digest.ts';
import { gather } from '../../encoding/gather.ts';
import type { BlobLinks } from '../blob-links.ts';
import type { BlobStore, ByteRange, StoredBlob } from '../blob-store.ts';
import type { MoveMark } from '../move-mark.ts';
import { StoreError } from '../store-error.ts';
import { fromSource, SourceFailed } from '../from-source.ts';
import type { Bucket } from './bucket.ts';
import type { ByteBudget } from './byte-budget.ts';
import { readObject } from './read-object.ts';
import type { S3Layout } from './s3-layout.ts';
import { writeObject } from './write-object.ts';

const MAX_MARK_BYTES = 64 * 1024;

/** Blobs as objects, which S3 shows whole or not at all. */
export class S3BlobStore implements BlobStore, BlobLinks, MoveMark {
  readonly #bucket: Bucket;
  readonly #layout: S3Layout;
  readonly #budget: ByteBudget;

  constructor(bucket: Bucket, layout: S3Layout, budget: ByteBudget) {
    this.#bucket = bucket;
    this.#layout = layout;
    this.#budget = budget;
  }

  stat(digest: Sha256): Promise<{ readonly size: number } | undefined> {
    return this.#bucket.stat(this.#layout.blob(digest));
  }

  read(digest: Sha256, range?: ByteRange): AsyncIterable<Uint8Array> {
    return readObject(this.#bucket, this.#layout.blob(digest), range);
  }

  async write(digest: Sha256, source: AsyncIterable<Uint8Array>, signal?: AbortSignal): Promise<void> {
    try {
      await writeObject(this.#bucket, this.#layout.blob(digest), fromSource(source, signal), this.#budget);
    } catch (error) {
      throw error instanceof SourceFailed ? error.cause : error;
    }
  }

  delete(digest: Sha256): Promise<void> {
    return this.#bucket.delete(this.#layout.blob(digest));
  }

  async *list(): AsyncGenerator<StoredBlob> {
    for await (const { key, size } of this.#bucket.list(this.#layout.blobs)) {
      const digest = this.#layout.digestAt(key);
      if (digest !== undefined) yield { digest, size };
    }
  }

  async readMark(): Promise<Uint8Array | undefined> {
    try {
      return await gather(readObject(this.#bucket, this.#layout.mark), MAX_MARK_BYTES);
    } catch (error) {
      if (error instanceof StoreError && error.code === 'missing') return undefined;
      throw error;
    }
  }

  makeMark(bytes: Uint8Array): Promise<boolean> {
    return this.#bucket.create(this.#layout.mark, bytes);
  }

  removeMark(): Promise<void> {
    return this.#bucket.delete(this.#layout.mark);
  }

  linkTo(digest: Sha256, seconds: number): Promise<string> {
    const command = new GetObjectCommand(this.#bucket.named(this.#layout.blob(digest)));
    return this.#bucket.attempt('GetObject', getSignedUrl(this.#bucket.client, command, { expiresIn: seconds }));
  }
}
