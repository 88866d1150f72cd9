import type { Sha256 } from '../encoding/digest.ts';
import type { Kind, PinTarget, Statement } from '../definition/wire.ts';

/**
 * What the log says: one public fact an entry, as canonical JSON of less than 64 KiB. Bodies are blobs, named by digest,
 * so that a body can be erased by law while the log still verifies. A field that is added later is optional; a reader
 * that meets an unknown type or format passes it on and shows nothing of it.
 */
export type LogEntry = EntryHead & EntryFact;

export interface EntryHead {
  /** Format of this entry. */
  readonly v: 1;
  /** When it happened, as the server's clock said, or the time of the entry before: ISO 8601 in UTC, to the millisecond. The only time that a snapshot knows. */
  readonly at: string;
  /** The name that whoever did it gave; never an address. */
  readonly by?: string;
}

export type EntryFact =
  DefinitionFact | PinFact | StatementFact | RemovalFact | RunFact | ReviewFact | AmendFact | RetractFact | EraseFact;

export interface DefinitionFact {
  readonly type: 'definition';
  readonly family: string;
  readonly version: string;
  readonly kind: Kind;
  readonly digest: Sha256;
  /** Git object ids. */
  readonly tree: string;
  readonly commit: string;
  readonly layer: Sha256;
  readonly config: Sha256;
  readonly image?: Sha256;
}

export interface PinFact {
  readonly type: 'pin';
  readonly family: string;
  readonly pin: string;
  readonly from: PinTarget | null;
  readonly to: PinTarget | null;
  readonly note?: string;
}

export interface StatementFact {
  readonly type: 'statement';
  readonly family: string;
  readonly version: string;
  readonly kind: Statement['kind'];
  readonly text: string;
}

/** A version was taken away, by what rule or for what reason. No run names it, and its name is never used again. */
export interface RemovalFact {
  readonly type: 'removal';
  readonly family: string;
  readonly version: string;
  readonly digest: Sha256;
  readonly reason: string;
}

/** A run is published with its record and its first review. */
export interface RunFact {
  readonly type: 'run';
  readonly id: string;
  /** Of the record's canonical JSON. */
  readonly record: Sha256;
  readonly review: Sha256;
  readonly reviewer: string;
  /** Resolved when it came in. */
  readonly definition: { readonly family: string; readonly version: string; readonly digest: Sha256 };
  readonly status: string;
}

/** Another reviewer's judgement, or an edit of one's own, which then says why. */
export interface ReviewFact {
  readonly type: 'review';
  readonly id: string;
  readonly reviewer: string;
  readonly review: Sha256;
  readonly supersedes?: Sha256;
  readonly note?: string;
}

/** A corrected record in place of the one before. */
export interface AmendFact {
  readonly type: 'amend';
  readonly id: string;
  readonly record: Sha256;
  readonly supersedes: Sha256;
  readonly reason: string;
  /** As the corrected record says; entries of the first release name neither. */
  readonly definition?: RunFact['definition'];
  readonly status?: string;
}

export interface RetractFact {
  readonly type: 'retract';
  readonly id: string;
  readonly reason: string;
}

/** The bodies of a run were deleted: its records, reviews and media. It may have been retracted before; it is not relied on since. */
export interface EraseFact {
  readonly type: 'erase';
  readonly id: string;
  readonly reason: string;
}
