export type PublicationErrorCode =
  | 'hook-failed' // the deploy hook did not answer with a success
  | 'pointer-invalid' // what lies at the target as its pointer is none
  | 'snapshot-unknown' // no snapshot of that id is kept at the target
  | 'target-backwards' // the target shows a later publication than this store knows
  | 'target-busy' // the target throttles, hangs or is out of reach
  | 'target-refused'; // the target does not allow it

/** The one error class of lib/publication. Its message names no secret, and is shown to operators. */
export class PublicationError extends Error {
  override readonly name = 'PublicationError';
  readonly code: PublicationErrorCode;
  /** How long the target wants to be left alone. */
  readonly retryAfterMs: number | undefined;

  constructor(code: PublicationErrorCode, message: string, options: ErrorOptions & { retryAfterMs?: number } = {}) {
    super(message, options);
    this.code = code;
    this.retryAfterMs = options.retryAfterMs;
  }
}
