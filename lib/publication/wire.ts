import type { Sha256 } from '../encoding/digest.ts';

/** A snapshot that was live once, or is. */
export interface LiveSnapshot {
  readonly publication: number;
  readonly snapshot: Sha256;
  /** How many entries of the log it is rendered from. */
  readonly size: number;
  readonly at: string;
}

/** The JSON of /api/v1/publication. */
export interface PublicationStatus {
  /** Where to, without secrets. */
  readonly target: string;
  readonly logSize: number;
  readonly live?: LiveSnapshot;
  /** Entries that the live snapshot has not. */
  readonly waiting: number;
  /** Rolled back: nothing is published until somebody says so. */
  readonly held: boolean;
  /** In a row. */
  readonly failures: number;
  readonly lastError?: string;
  readonly lastAttemptAt?: string;
  /** After a failure: when it is tried again. */
  readonly nextAttemptAt?: string;
  /** The deploy hook that has yet to be told. */
  readonly hook?: {
    readonly snapshot: Sha256;
    readonly attempts: number;
    readonly nextAt: string;
    readonly lastError?: string;
  };
  /** Those that are kept, the newest first; a thousand of them at most. */
  readonly snapshots: readonly LiveSnapshot[];
}
