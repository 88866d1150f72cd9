/** What the client itself finds wrong. A server's refusals come with codes of the server's own. */
export type ClientErrorCode =
  | 'aborted' // the caller's signal fired
  | 'another-family' // a digest that is there, but of another family
  | 'bad-answer' // an answer that the API does not promise
  | 'bad-definition' // faults in what is to be published
  | 'bad-lock' // a lock file that cannot be read, or that does not know what was asked for
  | 'bad-record' // a run that no server would take
  | 'bad-reference' // not `family@ref`
  | 'changed-meanwhile' // the folder did not stay as it was while it was worked on
  | 'git-failed' // the author's git could not do what was asked of it
  | 'name-clash' // two names that this file system takes for one
  | 'no-definition' // nothing at this path is a definition
  | 'no-folder' // what should be a folder is none
  | 'no-name' // neither folders nor metadata nor the caller say which version it is
  | 'no-repository' // no Git repository that can be published from
  | 'not-cached' // asked for without a server, and not in the cache
  | 'not-committed' // it is not in the last commit as it lies in the folder
  | 'occupied' // the folder holds what Assay did not put there
  | 'stalled' // the server stopped sending
  | 'unreachable' // no server answers
  | 'version-changed' // a server says of a version what it did not say before
  | 'wrong-bytes'; // bytes that are not what their digest says

/** The one error class of lib/client: what the client found, or what a server refused, in its own words. */
export class ClientError extends Error {
  override readonly name = 'ClientError';
  /** A `ClientErrorCode`, or the stable code of a problem that the server told. */
  readonly code: string;
  /** Of the server's answer, where there was one. */
  readonly status: number | undefined;
  /** What the problem is about, as the server told it. */
  readonly about: unknown;

  constructor(
    code: ClientErrorCode | (string & {}),
    message: string,
    { status, about, cause }: { status?: number; about?: unknown; cause?: unknown } = {},
  ) {
    super(message, cause === undefined ? undefined : { cause });
    this.code = code;
    this.status = status;
    this.about = about;
  }
}

export function isClientError(error: unknown, ...codes: (ClientErrorCode | (string & {}))[]): error is ClientError {
  return error instanceof ClientError && (codes.length === 0 || codes.includes(error.code));
}

/** Throws what the caller's signal asks for. */
export function throwIfAborted(signal: AbortSignal | undefined): void {
  if (signal?.aborted === true) throw new ClientError('aborted', 'interrupted', { cause: signal.reason });
}
