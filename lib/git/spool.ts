/**
 * Bytes put aside for the time of one request: written once from front to back, read anywhere. Nothing of it outlives
 * `close`, and nothing needs to survive a crash.
 */
export interface Spool {
  /** How many bytes were appended. */
  readonly size: number;

  /** The caller may reuse its memory when this resolves. */
  append(bytes: Uint8Array): Promise<void>;

  /** Exactly these bytes, which must have been appended. The memory stays as it is, and must not be written to. */
  read(at: number, length: number): Promise<Uint8Array>;

  /** Lets go of memory and files. */
  close(): Promise<void>;
}

/** Opens a fresh spool; a push needs two. */
export type OpenSpool = () => Spool;
