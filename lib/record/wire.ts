import type { Actor } from '../definition/wire.ts';
import type { Sha256 } from '../encoding/digest.ts';

/**
 * The JSON of runs, as runners write it, the server keeps it and the client reads it. Records and reviews are kept as
 * canonical JSON, named by its SHA-256. Fields that are not known here are kept, at every depth; a field that is added
 * later is optional, and one that is not there is not known. A change that this cannot hold is a new `format`, beside
 * which this one stays readable.
 */
export interface RunRecord {
  readonly format: 1;
  /** Chosen by the runner, for good: letters, digits, `.`, `_` and `-`, at most 100. */
  readonly id: string;
  /** ISO 8601 in UTC: `2025-06-01T12:00:00Z`, with up to nine digits of a second. */
  readonly startedAt: string;
  readonly endedAt?: string;
  readonly subject: Subject;
  readonly tooling?: { readonly commit?: string };
  readonly environment?: Environment;
  readonly metrics?: Metrics;
  readonly validation?: Validation;
  readonly links?: Links;
  readonly status: Status;
  readonly media?: readonly Media[];
  /** What the subject's test case was when the record came in. A server puts it there; who sends it must be right. */
  readonly definition?: RunDefinition;
}

/** A record as it is kept: it always says which definition it is of. */
export interface KeptRecord extends RunRecord {
  readonly definition: RunDefinition;
}

export interface RunDefinition {
  readonly family: string;
  readonly version: string;
  readonly digest: Sha256;
}

/** What was run, with what. */
export interface Subject {
  /** The family of the test case. */
  readonly testCase: string;
  /** A version or a pin of it; this or the digest, or both where they agree. */
  readonly version?: string;
  readonly digest?: string;
  readonly variant?: string;
  readonly harness: { readonly name: string; readonly version?: string };
  readonly orchestrator?: string;
  readonly model: string;
}

export interface Environment {
  readonly os?: string;
  /** `name@sha256:…`, or the digest alone. A tag does not say what ran. */
  readonly container?: string;
  /** How the harness was signed in: `api-key`, `subscription`, … */
  readonly auth?: string;
}

/** Of what was measured. null: it is unknown, which is not nothing. */
export interface Metrics {
  readonly runTimeMs?: number | null;
  /** By class: `input`, `output`, `cacheRead`, … */
  readonly tokens?: Readonly<Record<string, number | null>>;
  /** By currency, `USD`: decimal numbers as text, since sums of money are exact. */
  readonly costs?: Readonly<Record<string, string | null>>;
}

/** What was found out by programs. null: it was not tried. */
export interface Validation {
  /** The result could be loaded at all. */
  readonly loaded?: boolean | null;
  readonly install?: boolean | null;
  readonly build?: boolean | null;
  readonly checks?: readonly CheckResult[];
  readonly proofs?: readonly Proof[];
}

export interface CheckResult {
  readonly id: string;
  readonly passed: boolean | null;
  /** From 0 to 1. */
  readonly similarity?: number | null;
}

/** What a run has to show for itself: one of its media. */
export interface Proof {
  readonly id: string;
  /** Name of the media. */
  readonly media: string;
}

/** Addresses, http or https, without passwords. */
export interface Links {
  /** Where the code is that the run made. */
  readonly source?: string;
  /** Where the build can be played. */
  readonly build?: string;
}

/** Bytes that belong to a run: screenshots, logs. They are uploaded before the record. */
export interface Media {
  /** Unique in the record: a relative path, `proofs/opening.png`. */
  readonly name: string;
  readonly digest: Sha256;
  readonly size: number;
  readonly mediaType: string;
}

/** How a run ended, for those that may be published. */
export type Status =
  | 'completed' // the subject said that it was done
  | 'failed' // it gave up, or its harness fell over it
  | 'timed-out' // its time was over
  | 'hung' // it gave no sign of life until it was ended
  | 'exhausted' // its turns, tokens or money were used up
  | 'declined'; // the model would not do it

/** A person's judgement of a run. */
export interface Review {
  readonly format: 1;
  /** Who judges; the same name stands in the address of the review. */
  readonly reviewer: string;
  /** By domain, from 0 to 100. */
  readonly ratings: Readonly<Record<string, number>>;
  /** By item of the checklist. */
  readonly verdicts?: Readonly<Record<string, Verdict>>;
  readonly text?: string;
}

export type Verdict = 'pass' | 'partial' | 'fail' | 'n/a';

/** What `POST /api/v1/runs` takes. Links may stand here or in the record, in which they are kept. */
export interface RunSubmission {
  readonly record: RunRecord;
  readonly review: Review;
  readonly links?: Links;
}

/** What became of a request that changes a run: `unchanged` where it is just that already. */
export interface RunAnswer {
  readonly outcome: 'submitted' | 'reviewed' | 'amended' | 'retracted' | 'erased' | 'unchanged';
  readonly run: Run;
}

export interface ErasureAnswer extends RunAnswer {
  /** Records, reviews and media that are gone from the store. */
  readonly deleted: number;
  /** Those that stay, since something else names them: another run that shows the same media. */
  readonly kept: readonly Sha256[];
}

export interface ReviewRequest {
  readonly review: Review;
  /** Why one's own review is edited. */
  readonly note?: string;
  /** Digest of the review that this one takes the place of; null: there is none yet. */
  readonly expect?: string | null;
}

export interface Amendment {
  readonly record: RunRecord;
  readonly reason: string;
  /** Digest of the record that this one takes the place of. */
  readonly expect?: string;
}

/** What was uploaded, as `PUT /api/v1/media/<digest>` answers. */
export interface StoredMedia {
  readonly digest: Sha256;
  readonly size: number;
  /** What the bytes are, where a browser may show them; else `application/octet-stream`. */
  readonly mediaType: string;
}

export interface Retraction {
  readonly reason: string;
}

export interface Erasure {
  readonly reason: string;
}

/** What lists show of a run. */
export interface RunSummary {
  readonly id: string;
  /** Of its entry in the log: newer runs have higher ones. */
  readonly index: number;
  /** When it came in, as the log says. */
  readonly at: string;
  readonly by: Actor;
  /** Digest of the record as it is now. */
  readonly record: Sha256;
  readonly definition: RunDefinition;
  /** Of an erased run nothing of the record is left but what the log says. */
  readonly startedAt?: string;
  readonly endedAt?: string;
  readonly status: Status;
  readonly variant?: string;
  readonly harness?: { readonly name: string; readonly version?: string };
  readonly orchestrator?: string;
  readonly model?: string;
  readonly reviews: readonly ReviewSummary[];
  /** How often its record was corrected. */
  readonly amendments: number;
  readonly retracted?: { readonly at: string; readonly by: Actor; readonly reason: string };
  /** Record, reviews and media are deleted. */
  readonly erased?: { readonly at: string; readonly by: Actor; readonly reason: string };
}

export interface ReviewSummary {
  readonly reviewer: string;
  readonly review: Sha256;
  readonly ratings: Readonly<Record<string, number>>;
  readonly at: string;
}

/** All of a run. */
export interface Run extends RunSummary {
  /** The record as it is now; absent where it was erased. */
  readonly body?: KeptRecord;
  /** The reviews as they are now, in the order of their first coming. */
  readonly reviewed: readonly Review[];
  /** The oldest first. */
  readonly history: readonly RunEvent[];
}

/** One entry of the log about a run. */
export type RunEvent = { readonly index: number; readonly at: string; readonly by: Actor } & (
  | { readonly what: 'submitted'; readonly record: Sha256; readonly review: Sha256; readonly reviewer: string }
  | {
      readonly what: 'reviewed';
      readonly reviewer: string;
      readonly review: Sha256;
      readonly supersedes?: Sha256;
      readonly note?: string;
      /** What an edit changed. */
      readonly changes?: readonly Change[];
    }
  | {
      readonly what: 'amended';
      readonly record: Sha256;
      readonly supersedes: Sha256;
      /** Of a run that was erased, the log alone has the words. */
      readonly reason?: string;
      readonly changes?: readonly Change[];
    }
  | { readonly what: 'retracted'; readonly reason?: string }
  | { readonly what: 'erased'; readonly reason: string }
);

/** A place in a document where two versions of it differ. What is not there on one side is left out. */
export interface Change {
  /** `ratings.play`, `media[2].digest` */
  readonly path: string;
  readonly from?: unknown;
  readonly to?: unknown;
}

/** The newest first. A page may hold fewer than were asked for and still not be the last: `next` alone says so. */
export interface RunPage {
  readonly runs: readonly RunSummary[];
  /** What to give as `last` for the next page. */
  readonly next?: string;
}

/** What lists can be narrowed to; all that is given must hold. */
export interface RunFilter {
  /** A family, or with a `/` at its end all below it. */
  readonly testCase?: string;
  readonly version?: string;
  readonly variant?: string;
  readonly model?: string;
  readonly harness?: string;
  readonly status?: string;
  readonly reviewer?: string;
  /** Text in names and in reviews, in whichever case. */
  readonly search?: string;
  /** Retracted runs: with the others (as without this), alone, or not. */
  readonly retracted?: 'with' | 'only' | 'without';
}

/** What is wrong with a submission, and where. */
export interface RunFault {
  readonly document: 'record' | 'review' | 'links' | 'request';
  /** `subject.harness.name`; empty for the document itself. */
  readonly path: string;
  readonly message: string;
}
