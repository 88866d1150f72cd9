/**
 * What an engine of blobs offers beside its port: a word in the place itself that something is being moved there. Whoever serves finds it,
 * whatever keys it has, and by whatever name it knows the place.
 */
export interface MoveMark {
  /** Undefined only where there truly is none. */
  readMark(): Promise<Uint8Array | undefined>;

  /** When this resolves with true, the mark is durable. False, and nothing was changed, where there is one. */
  makeMark(bytes: Uint8Array): Promise<boolean>;

  /** When this resolves, the mark is gone for good. Absent already is no error. */
  removeMark(): Promise<void>;
}
