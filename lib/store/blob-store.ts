import type { Sha256 } from '../encoding/digest.ts';

/** Bytes from `start` (included) to `end` (not included). */
export interface ByteRange {
  readonly start: number;
  readonly end: number;
}

export interface StoredBlob {
  readonly digest: Sha256;
  readonly size: number;
}

/**
 * Bytes under the digest of the content that they stand for: content of more than 64 KiB. The store neither checks nor
 * knows what the bytes say; `size` is that of the stored bytes.
 */
export interface BlobStore {
  /** Undefined only when the bytes are truly absent; every other trouble rejects. */
  stat(digest: Sha256): Promise<{ readonly size: number } | undefined>;

  /** In pieces of at most 1 MiB, each its own memory. Rejects with code `missing` where nothing is stored. */
  read(digest: Sha256, range?: ByteRange): AsyncIterable<Uint8Array>;

  /**
   * When this resolves, the bytes are durable and readable under the digest, in place of any that were there. A source
   * that fails, or the signal, leaves everything as it was before: a reader sees all of the bytes or none.
   */
  write(digest: Sha256, source: AsyncIterable<Uint8Array>, signal?: AbortSignal): Promise<void>;

  /** When this resolves, the bytes are gone for good. Absent already is no error. */
  delete(digest: Sha256): Promise<void>;

  /** Every stored blob in some order, without what is being written. */
  list(): AsyncIterable<StoredBlob>;
}
