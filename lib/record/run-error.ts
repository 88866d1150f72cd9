/** Everything that the domain of runs refuses. The server has the one table from these to answers. */
export type RunErrorCode =
  | 'media-invalid' // bytes of another digest, or no digest at all
  | 'media-too-large'
  | 'media-unknown'
  | 'review-moved' // a review, or a record, is not what it was expected to be
  | 'run-conflict' // the id belongs to a run with other content
  | 'run-erased' // its bodies were deleted
  | 'run-full' // a run has as much history, or as many bytes, as it can
  | 'run-invalid' // faults in what is to be published
  | 'run-page-invalid' // a filter or a place in the list that is none
  | 'run-retracted' // a retracted run stays as it is
  | 'run-unknown';

/** The one error class of lib/record. Message and detail may be shown to the client. */
export class RunError extends Error {
  override readonly name = 'RunError';
  readonly code: RunErrorCode;
  /** What a program can act on. */
  readonly detail: unknown;

  constructor(code: RunErrorCode, message: string, detail?: unknown, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
    this.detail = detail;
  }
}
