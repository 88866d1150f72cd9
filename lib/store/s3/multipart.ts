import {
  AbortMultipartUploadCommand,
  CompleteMultipartUploadCommand,
  CreateMultipartUploadCommand,
  ListMultipartUploadsCommand,
  UploadPartCommand,
  UploadPartCopyCommand,
  type CompletedPart,
  type ListMultipartUploadsCommandInput,
  type ListMultipartUploadsCommandOutput,
} from '@aws-sdk/client-s3';
import type { Bucket } from './bucket.ts';
import { isNoSuchUpload } from './s3-error.ts';

/** What S3 allows: parts of one object, and the least bytes of each but the last. R2 wants them all of one size, too. */
export const MAX_PARTS = 10_000;
export const MIN_PART_BYTES = 5 * 1024 * 1024;

/** An object that is written in parts. Nothing of it is seen before `complete`, and nothing is left of it after `abort`. */
export class Multipart {
  readonly #bucket: Bucket;
  readonly #key: string;
  readonly #id: string;
  readonly #parts: CompletedPart[] = [];
  #size = 0;

  private constructor(bucket: Bucket, key: string, id: string) {
    this.#bucket = bucket;
    this.#key = key;
    this.#id = id;
  }

  /** Whatever `write` does of parts becomes the object when it resolves; otherwise nothing of it stays. */
  static async write(bucket: Bucket, key: string, write: (parts: Multipart) => Promise<void>): Promise<void> {
    const id = await begin(bucket, key);
    const parts = new Multipart(bucket, key, id);
    try {
      await write(parts);
      await parts.#complete();
    } catch (error) {
      // What cannot be taken away now goes with what others abandoned.
      await abort(bucket, key, id).catch(() => {});
      throw error;
    }
  }

  /** Part numbers begin at 1 and may come in any order. */
  async put(number: number, bytes: Uint8Array): Promise<void> {
    const command = new UploadPartCommand({ ...this.#part(number), Body: bytes });
    const { ETag } = await this.#bucket.attempt('UploadPart', this.#bucket.taking(bytes).send(command));
    this.#note(number, ETag, bytes.length);
  }

  /** Takes an object of the same bucket as a part, without its bytes passing through here. */
  async copy(number: number, from: string, size: number): Promise<void> {
    const source = [this.#bucket.location.bucket, ...from.split('/')].map(encodeURIComponent).join('/');
    const command = new UploadPartCopyCommand({ ...this.#part(number), CopySource: source });
    const { CopyPartResult } = await this.#bucket.attempt('UploadPartCopy', this.#bucket.patient.send(command));
    this.#note(number, CopyPartResult?.ETag, size);
  }

  #part(number: number): { Bucket: string; Key: string; UploadId: string; PartNumber: number } {
    return { ...this.#bucket.named(this.#key), UploadId: this.#id, PartNumber: number };
  }

  #note(number: number, etag: string | undefined, size: number): void {
    this.#parts.push({ PartNumber: number, ETag: etag });
    this.#size += size;
  }

  async #complete(): Promise<void> {
    const Parts = this.#parts.sort((a, b) => (a.PartNumber ?? 0) - (b.PartNumber ?? 0));
    const whole = { ...this.#bucket.named(this.#key), UploadId: this.#id, MultipartUpload: { Parts } };
    try {
      await this.#bucket.patient.send(new CompleteMultipartUploadCommand(whole));
    } catch (error) {
      // Asked again after a lost answer, the S3 no longer knows what it has completed.
      if (isNoSuchUpload(error) && (await this.#bucket.stat(this.#key))?.size === this.#size) return;
      throw this.#bucket.translated('CompleteMultipartUpload', error);
    }
  }
}

interface Begun {
  readonly key: string;
  readonly id: string;
  readonly since: number;
}

/** Takes away what was begun below a prefix before a time and never came to its end. Returns how many. */
export async function abortAbandoned(bucket: Bucket, prefix: string, before: number): Promise<number> {
  let aborted = 0;
  for await (const { key, id, since } of listBegun(bucket, prefix)) {
    if (since >= before) continue;
    await abort(bucket, key, id);
    aborted += 1;
  }
  return aborted;
}

export async function* listBegun(bucket: Bucket, prefix: string): AsyncGenerator<Begun> {
  let at: Pick<ListMultipartUploadsCommandInput, 'KeyMarker' | 'UploadIdMarker'> | undefined = {};
  while (at !== undefined) {
    const command = new ListMultipartUploadsCommand({ Bucket: bucket.location.bucket, Prefix: prefix, ...at });
    const page: ListMultipartUploadsCommandOutput = await bucket.attempt(
      'ListMultipartUploads',
      bucket.asking.send(command),
    );
    for (const { Key = '', UploadId = '', Initiated } of page.Uploads ?? []) {
      yield { key: Key, id: UploadId, since: Initiated?.getTime() ?? Infinity };
    }
    at =
      page.IsTruncated === true
        ? { KeyMarker: page.NextKeyMarker, UploadIdMarker: page.NextUploadIdMarker }
        : undefined;
  }
}

export async function begin(bucket: Bucket, key: string): Promise<string> {
  const answer = bucket.asking.send(new CreateMultipartUploadCommand(bucket.named(key)));
  return (await bucket.attempt('CreateMultipartUpload', answer)).UploadId ?? '';
}

export async function abort(bucket: Bucket, key: string, id: string): Promise<void> {
  try {
    await bucket.asking.send(new AbortMultipartUploadCommand({ ...bucket.named(key), UploadId: id }));
  } catch (error) {
    if (!isNoSuchUpload(error)) throw bucket.translated('AbortMultipartUpload', error);
  }
}
