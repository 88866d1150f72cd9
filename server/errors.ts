import { DefinitionError, type DefinitionErrorCode } from '../lib/definition/definition-error.ts';
import { GitError, type GitErrorCode } from '../lib/git/error.ts';
import { LogError, type LogErrorCode } from '../lib/log/log-error.ts';
import { OciError, type OciErrorCode } from '../lib/oci/oci-error.ts';
import { RunError, type RunErrorCode } from '../lib/record/run-error.ts';
import { StoreError, type StoreErrorCode } from '../lib/store/store-error.ts';
import { TOLD_OF_STORE } from '../lib/store/told-of-store.ts';
import { PublicationError, type PublicationErrorCode } from '../lib/publication/publication-error.ts';
import { RequestError, type RequestErrorCode } from './request-error.ts';

/** An error as the outside sees it. */
export interface Answer {
  readonly status: number;
  /** For problem+json: stable, lower case with hyphens. */
  readonly code: string;
  /** For the OCI envelope: one of the specification's codes. */
  readonly ociCode: string;
  readonly message: string;
  readonly detail?: unknown;
  readonly retryAfter?: number;
  readonly headers?: Readonly<Record<string, string>>;
}

type Row = readonly [status: number, ociCode: string];

/** What a client may be told by its code. */
export type TellableCode =
  | OciErrorCode
  | RequestErrorCode
  | GitErrorCode
  | DefinitionErrorCode
  | LogErrorCode
  | RunErrorCode
  | PublicationErrorCode;

/** The one table from code to status. */
const TABLE: Readonly<Record<TellableCode | StoreErrorCode, Row>> = {
  aborted: [500, 'UNKNOWN'],
  'audit-page-invalid': [400, 'UNSUPPORTED'],
  'bad-object': [400, 'UNSUPPORTED'],
  'bad-pack': [400, 'UNSUPPORTED'],
  'bad-request': [400, 'UNSUPPORTED'],
  'blob-unknown': [404, 'BLOB_UNKNOWN'],
  'body-too-large': [413, 'SIZE_INVALID'],
  'body-too-slow': [408, 'BLOB_UPLOAD_INVALID'],
  busy: [503, 'UNAVAILABLE'],
  'checkpoint-invalid': [500, 'UNKNOWN'],
  closed: [503, 'UNAVAILABLE'],
  'coding-unsupported': [415, 'UNSUPPORTED'],
  collision: [409, 'UNSUPPORTED'],
  damaged: [500, 'UNKNOWN'],
  'definition-invalid': [422, 'UNSUPPORTED'],
  'delta-base-missing': [400, 'UNSUPPORTED'],
  'digest-invalid': [400, 'DIGEST_INVALID'],
  'digest-mismatch': [400, 'DIGEST_INVALID'],
  'digest-unsupported': [400, 'DIGEST_INVALID'],
  'entry-invalid': [422, 'UNSUPPORTED'],
  'event-page-invalid': [400, 'UNSUPPORTED'],
  failed: [500, 'UNKNOWN'],
  'file-unknown': [404, 'UNSUPPORTED'],
  'forbidden-content': [422, 'UNSUPPORTED'],
  full: [507, 'UNAVAILABLE'],
  'headers-too-large': [431, 'UNSUPPORTED'],
  'host-foreign': [421, 'DENIED'],
  'hook-failed': [409, 'UNSUPPORTED'],
  'image-invalid': [422, 'UNSUPPORTED'],
  'index-unknown': [404, 'UNSUPPORTED'],
  'json-invalid': [400, 'UNSUPPORTED'],
  'key-invalid': [500, 'UNKNOWN'],
  'key-missing': [500, 'UNKNOWN'],
  'key-other': [500, 'UNKNOWN'],
  'key-readable': [500, 'UNKNOWN'],
  'kind-mismatch': [409, 'UNSUPPORTED'],
  'limit-exceeded': [413, 'UNSUPPORTED'],
  'manifest-blob-unknown': [404, 'MANIFEST_BLOB_UNKNOWN'],
  'manifest-invalid': [400, 'MANIFEST_INVALID'],
  'manifest-too-large': [413, 'MANIFEST_INVALID'],
  'manifest-unknown': [404, 'MANIFEST_UNKNOWN'],
  'media-invalid': [400, 'UNSUPPORTED'],
  'media-too-large': [413, 'UNSUPPORTED'],
  'media-type-unsupported': [415, 'UNSUPPORTED'],
  'media-unknown': [404, 'UNSUPPORTED'],
  'method-not-allowed': [405, 'UNSUPPORTED'],
  missing: [500, 'UNKNOWN'],
  'name-invalid': [400, 'NAME_INVALID'],
  'name-taken': [409, 'DENIED'],
  'name-unknown': [404, 'NAME_UNKNOWN'],
  'note-invalid': [500, 'UNKNOWN'],
  'object-missing': [404, 'UNSUPPORTED'],
  'objects-removed': [409, 'UNSUPPORTED'],
  'oids-invalid': [400, 'UNSUPPORTED'],
  'origin-foreign': [403, 'DENIED'],
  'page-invalid': [400, 'UNSUPPORTED'],
  'path-unknown': [404, 'UNSUPPORTED'],
  'pin-invalid': [422, 'UNSUPPORTED'],
  'pin-moved': [409, 'UNSUPPORTED'],
  'pin-unknown': [404, 'UNSUPPORTED'],
  'pointer-invalid': [409, 'UNSUPPORTED'],
  'proof-invalid': [500, 'UNKNOWN'],
  'publish-invalid': [422, 'UNSUPPORTED'],
  published: [409, 'DENIED'],
  'quota-exceeded': [413, 'DENIED'],
  'quota-invalid': [422, 'UNSUPPORTED'],
  'range-unsatisfiable': [416, 'UNSUPPORTED'],
  'read-only': [503, 'UNAVAILABLE'],
  'ref-moved': [409, 'UNSUPPORTED'],
  'ref-refused': [409, 'UNSUPPORTED'],
  'reference-invalid': [400, 'UNSUPPORTED'],
  'request-malformed': [400, 'UNSUPPORTED'],
  'retention-invalid': [422, 'UNSUPPORTED'],
  'review-moved': [409, 'UNSUPPORTED'],
  'rule-invalid': [422, 'UNSUPPORTED'],
  'run-conflict': [409, 'UNSUPPORTED'],
  'run-erased': [410, 'UNSUPPORTED'],
  'run-full': [409, 'UNSUPPORTED'],
  'run-invalid': [422, 'UNSUPPORTED'],
  'run-page-invalid': [400, 'UNSUPPORTED'],
  'run-retracted': [409, 'UNSUPPORTED'],
  'run-unknown': [404, 'UNSUPPORTED'],
  'secret-found': [422, 'UNSUPPORTED'],
  'service-unknown': [403, 'UNSUPPORTED'],
  'size-mismatch': [400, 'SIZE_INVALID'],
  'snapshot-unknown': [404, 'UNSUPPORTED'],
  'statement-invalid': [422, 'UNSUPPORTED'],
  'tag-immutable': [409, 'DENIED'],
  'tag-invalid': [400, 'MANIFEST_INVALID'],
  'target-backwards': [409, 'UNSUPPORTED'],
  'target-busy': [503, 'UNAVAILABLE'],
  'target-refused': [409, 'UNSUPPORTED'],
  'tile-unknown': [404, 'UNSUPPORTED'],
  'too-many-requests': [429, 'TOOMANYREQUESTS'],
  truncated: [400, 'UNSUPPORTED'],
  'upload-busy': [409, 'BLOB_UPLOAD_INVALID'],
  'upload-out-of-order': [416, 'BLOB_UPLOAD_INVALID'],
  'upload-range-invalid': [416, 'BLOB_UPLOAD_INVALID'],
  'upload-too-large': [413, 'SIZE_INVALID'],
  'upload-unknown': [404, 'BLOB_UPLOAD_UNKNOWN'],
  'version-conflict': [409, 'DENIED'],
  'version-invalid': [422, 'UNSUPPORTED'],
  'version-removed': [410, 'DENIED'],
  'version-unknown': [404, 'UNSUPPORTED'],
};

/** The code of what a client learns of trouble on this side. */
const TOLD: Readonly<Partial<Record<StoreErrorCode, string>>> = {
  busy: 'unavailable',
  closed: 'unavailable',
  full: 'no-room',
  'read-only': 'read-only',
};

/** Every answer that there is to trouble on this side. */
export const TROUBLES: readonly (readonly [status: number, code: string])[] = [
  [500, 'internal'],
  [503, 'unavailable'],
  [503, 'read-only'],
  [507, 'no-room'],
];

const RETRY_AFTER_SECONDS = 1;

export function answerTo(error: unknown): Answer {
  if (error instanceof PublicationError) return tellable(error.code, error.message);
  if (error instanceof DefinitionError) return tellable(error.code, error.message, error.detail);
  if (error instanceof RunError) return tellable(error.code, error.message, error.detail);
  if (error instanceof OciError) return tellable(error.code, error.message, error.detail);
  if (error instanceof GitError && error.code !== 'aborted') return tellable(error.code, error.message);
  if (error instanceof RequestError) return { ...tellable(error.code, error.message), headers: error.headers };
  if (error instanceof LogError && TABLE[error.code][0] < 500) return tellable(error.code, error.message);
  if (error instanceof StoreError) return internal(error.code);
  return internal('failed');
}

export function statusOf(code: TellableCode): number {
  return TABLE[code][0];
}

function tellable(code: TellableCode, message: string, detail?: unknown): Answer {
  const [status, ociCode] = TABLE[code];
  return { status, code, ociCode, message, ...(detail === undefined ? {} : { detail }), ...retryOf(status) };
}

function internal(code: StoreErrorCode): Answer {
  const [status, ociCode] = TABLE[code];
  return {
    status,
    code: TOLD[code] ?? 'internal',
    ociCode,
    message: TOLD_OF_STORE[code] ?? 'the server failed; its log says why',
    ...retryOf(status),
  };
}

function retryOf(status: number): Pick<Answer, 'retryAfter'> {
  return status === 503 ? { retryAfter: RETRY_AFTER_SECONDS } : {};
}
