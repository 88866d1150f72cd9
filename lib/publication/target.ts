import type { Sha256 } from '../encoding/digest.ts';

/** An object of a snapshot that lies at the target, as its list tells. */
export interface TargetObject {
  readonly digest: Sha256;
  /** When it was last written, by the target's own clock. */
  readonly writtenAt: number;
}

/** What the pointer said when it was read, and the mark by which a swap tells that it still does. */
export interface ReadPointer {
  readonly bytes: Uint8Array;
  readonly mark: string;
}

export interface NewObject {
  readonly digest: Sha256;
  readonly size: number;
  /** In pieces, once, where it is large. */
  readonly bytes: Uint8Array | AsyncIterable<Uint8Array>;
}

/**
 * Where snapshots are published to, for readers who never meet the server: objects at `o/<sha256>` that never change,
 * and one pointer, `current`, that is all that ever does. Rejects with a PublicationError: `target-busy` where trying
 * again may help, `target-refused` where it will not.
 */
export interface Target {
  /**
   * When this resolves the object is there, durable and whole, and was written just now or no longer ago than `freshMs`:
   * an older one may be in the hands of a sweep, and is written again.
   */
  put(object: NewObject, freshMs: number): Promise<void>;

  /** Undefined only where it is truly absent. Whoever reads checks the bytes against the digest. */
  read(digest: Sha256): Promise<Uint8Array | undefined>;

  /** The same in pieces, for objects of any size. */
  open(digest: Sha256): Promise<AsyncIterable<Uint8Array> | undefined>;

  pointer(): Promise<ReadPointer | undefined>;

  /** True: the pointer now says this, durably, and said what the mark stands for just before (undefined: there was none). */
  swap(bytes: Uint8Array, mark: string | undefined): Promise<boolean>;

  list(): AsyncIterable<TargetObject>;

  /** Absent already is no error. */
  remove(digest: Sha256): Promise<void>;
}
