import { StoreError } from '../store-error.ts';

/** Refused for want of room: by name, since several of them share a status with refusals of another kind. */
const NO_ROOM =
  /^(?:QuotaExceeded|InsufficientStorage|InsufficientCapacity|XMinioStorageFull|StorageFull|XAmzStorageFull)$/;
/** What an S3 says that cannot go on just now. */
const BUSY =
  /^(?:SlowDown|SlowDownRead|SlowDownWrite|ServiceUnavailable|InternalError|RequestTimeout|OperationAborted|ConditionalRequestConflict|TooManyRequests|Throttling\w*)$/;
const CREDENTIALS =
  /^(?:InvalidAccessKeyId|SignatureDoesNotMatch|InvalidToken|ExpiredToken|AuthorizationHeaderMalformed|RequestTimeTooSkewed)$/;
const NETWORK = /^E(?!RR_|PROTO)[A-Z_]+$/;

interface Answered {
  readonly name: string;
  readonly status: number | undefined;
  readonly code: string;
  readonly message: string;
}

function read(error: unknown): Answered {
  if (!(error instanceof Error)) return { name: '', status: undefined, code: '', message: String(error) };
  const { $metadata, code } = error as { $metadata?: { httpStatusCode?: number }; code?: unknown };
  const { name, message } = error;
  return { name, status: $metadata?.httpStatusCode, code: typeof code === 'string' ? code : '', message };
}

/** Only the S3's own word that there is no such object. A bare 404 may as well mean the bucket. */
export function isNoSuchKey(error: unknown): boolean {
  return read(error).name === 'NoSuchKey';
}

/** A 404 that does not say what is absent, as every answer to HEAD. */
export function isBareNotFound(error: unknown): boolean {
  const { name, status } = read(error);
  return status === 404 && (name === 'NotFound' || name === 'UnknownError' || name === '404');
}

export function isNoSuchUpload(error: unknown): boolean {
  return read(error).name === 'NoSuchUpload';
}

/** A condition (`If-Match`, `If-None-Match`) did not hold. */
export function isConditionFailed(error: unknown): boolean {
  return read(error).status === 412;
}

export function isRangeUnsatisfiable(error: unknown): boolean {
  return read(error).status === 416;
}

/** Nothing came or went for as long as the client waits. */
export function isSilence(error: unknown): boolean {
  return read(error).name === 'TimeoutError';
}

export function isForbidden(error: unknown): boolean {
  const { name, status } = read(error);
  return (status === 403 || name === 'AccessDenied') && !NO_ROOM.test(name) && !CREDENTIALS.test(name);
}

/** As a StoreError. `what` names bucket and operation, and never holds a secret; what the SDK said is kept as cause. */
export function s3Error(error: unknown, what: string): unknown {
  if (error instanceof StoreError) return error;
  const { name, status, code } = read(error);
  const message = messageOf(error);
  const cause = { cause: error };
  if (NO_ROOM.test(name) || status === 507) return new StoreError('full', `${what}: no room left (${name})`, cause);
  if (BUSY.test(name) || isAway(name, status, code)) {
    return new StoreError('busy', `${what}: the S3 does not answer as it should (${code || name}${message})`, cause);
  }
  if (name === 'NoSuchKey') return new StoreError('missing', `${what}: the object is gone`, cause);
  if (name === 'NoSuchBucket') return new StoreError('failed', `${what}: there is no such bucket`, cause);
  if (name === 'CredentialsProviderError') {
    return new StoreError(
      'failed',
      `${what}: no credentials; AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY give them`,
      cause,
    );
  }
  if (CREDENTIALS.test(name))
    return new StoreError('failed', `${what}: the credentials are refused (${name}${message})`, cause);
  if (isForbidden(error)) return new StoreError('failed', `${what}: not allowed (${name})`, cause);
  return new StoreError('failed', `${what}: ${name}${message}`, cause);
}

/** Not every S3 says more than a code. */
function messageOf(error: unknown): string {
  const { name, message } = read(error);
  return message === '' || message === name || message === 'UnknownError' ? '' : `: ${message}`;
}

function isAway(name: string, status: number | undefined, code: string): boolean {
  if (status !== undefined && (status === 429 || status >= 500)) return true;
  return name === 'TimeoutError' || (status === undefined && NETWORK.test(code));
}
