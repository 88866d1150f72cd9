import type { Sha256 } from '../encoding/digest.ts';

/** What a write that was cut off has left, by a name of the target's own. */
export type LeftOver = `.writing-${string}`;

/** What lies at the target beside the pointer, as its list tells. */
export interface TargetItem {
  readonly name: Sha256 | LeftOver;
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

/** In place of how fresh an object must be: it is written, whatever is there, since that may be damaged. */
export const ANEW = -1;

/**
 * Where snapshots are published to, for readers who never meet the server: objects at `o/<sha256>` that never change,
 * and one pointer, `current`, that is all that ever does. Rejects with a PublicationError: `target-busy` where trying
 * again may help, `target-refused` where it will not. A call whose signal is aborted is cut as soon as that can be done;
 * what it was to change may be changed all the same.
 */
export interface Target {
  /**
   * When this resolves the object is there, durable and whole, and was written just now or no longer ago than `freshMs`:
   * an older one may be in the hands of a sweep, and is written again. What lies there is told by its size alone; with
   * `ANEW` it is written over in any case.
   */
  put(object: NewObject, freshMs: number, signal?: AbortSignal): Promise<void>;

  /** Undefined only where it is truly absent. Whoever reads checks the bytes against the digest. */
  read(digest: Sha256, signal?: AbortSignal): Promise<Uint8Array | undefined>;

  /** The same in pieces, for objects of any size. */
  open(digest: Sha256, signal?: AbortSignal): Promise<AsyncIterable<Uint8Array> | undefined>;

  pointer(signal?: AbortSignal): Promise<ReadPointer | undefined>;

  /** True: the pointer now says this, durably, and said what the mark stands for just before (undefined: there was none). */
  swap(bytes: Uint8Array, mark: string | undefined, signal?: AbortSignal): Promise<boolean>;

  list(signal?: AbortSignal): AsyncIterable<TargetItem>;

  /** Absent already is no error. */
  remove(name: TargetItem['name'], signal?: AbortSignal): Promise<void>;
}
