import type { Sha256 } from '../encoding/digest.ts';

export interface StagedUpload {
  readonly id: string;
  readonly size: number;
  /** When bytes last arrived, in milliseconds since 1970. */
  readonly modified: number;
}

/**
 * Where bytes wait whose digest is not known yet. An id is a UUID. What is staged survives a restart and can become a
 * blob without being copied; an engine offers this beside its BlobStore.
 */
export interface UploadStore {
  /** How many bytes wait under the id; 0 when none ever came. */
  size(id: string): Promise<number>;

  /**
   * Adds bytes behind the first `at`, which must be the size. When this resolves, with the new size, they are durable.
   * When the source fails, what had arrived stays, to be continued. One call at a time for an id.
   */
  append(id: string, at: number, source: AsyncIterable<Uint8Array>): Promise<number>;

  /** What waits, from its beginning, in pieces of at most 1 MiB. */
  read(id: string): AsyncIterable<Uint8Array>;

  /** When this resolves, the staged bytes are the blob of that digest, durable, and no longer staged. The caller has checked them. */
  publish(id: string, digest: Sha256): Promise<void>;

  /** Absent already is no error. */
  discard(id: string): Promise<void>;

  /** Every upload that has staged bytes. */
  list(): AsyncIterable<StagedUpload>;
}
