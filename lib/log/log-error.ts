/** Everything that the domain of the log refuses. The server has the one table from these to answers. */
export type LogErrorCode =
  | 'checkpoint-invalid' // text that is no checkpoint, or not of this log
  | 'entry-invalid' // an entry that is too large, or no canonical JSON
  | 'index-unknown' // the log is not that long
  | 'key-invalid' // a file or text that holds no key
  | 'key-missing' // the log is signed with a key that is not there
  | 'key-other' // the log is signed with another key
  | 'key-readable' // others can read the key
  | 'note-invalid' // text that is no signed note, or a signature that does not hold
  | 'proof-invalid' // a proof that proves nothing
  | 'tile-unknown'; // no such tile, or not that wide yet

/** The one error class of lib/log. The message may be shown to the client. */
export class LogError extends Error {
  override readonly name = 'LogError';
  readonly code: LogErrorCode;

  constructor(code: LogErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}
