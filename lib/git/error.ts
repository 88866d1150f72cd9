/** Everything that lib/git refuses, by cause. The server has the one table from these to answers. */
export type GitErrorCode =
  | 'aborted' // the caller's signal fired
  | 'bad-object' // an object does not follow its own format
  | 'bad-pack' // a pack does not follow gitformat-pack(5), or its checksum is wrong
  | 'bad-request' // a request does not follow gitprotocol-common(5), -pack(5) or -v2(5)
  | 'collision' // one oid, two contents
  | 'delta-base-missing' // a delta whose base is neither in the pack nor in the repository
  | 'forbidden-content' // well formed, but refused by the checker
  | 'limit-exceeded' // larger, deeper or more than the limits allow
  | 'object-missing' // an object that should be there is not in this repository
  | 'objects-removed' // objects were removed from the repository while a push was judged by what it had
  | 'ref-moved' // a ref no longer has the value that the update expected
  | 'ref-refused' // an update that the repository does not allow
  | 'truncated'; // the input ended too early

/** The one error class of lib/git. Its message may be shown to the client: it tells nothing of the server. */
export class GitError extends Error {
  override readonly name = 'GitError';
  readonly code: GitErrorCode;

  constructor(code: GitErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}
