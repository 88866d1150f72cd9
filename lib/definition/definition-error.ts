/** Everything that the domain of definitions refuses. The server has the one table from these to answers. */
export type DefinitionErrorCode =
  | 'definition-invalid' // faults in what is to be published
  | 'event-page-invalid' // a place in a family's history that is no number
  | 'file-unknown' // a version has no such file
  | 'image-invalid' // what is named as a container's image is none
  | 'kind-mismatch' // a family is of one kind
  | 'name-taken' // a Git or OCI tag of that name is something else already
  | 'pin-invalid' // no name for a pin
  | 'pin-moved' // a pin does not stand where it was expected
  | 'pin-unknown'
  | 'publish-invalid' // a request to publish that says nothing sensible
  | 'retention-invalid' // rules that say nothing, or nothing sensible
  | 'secret-found' // in a text that is to go into the public log
  | 'statement-invalid'
  | 'version-conflict' // a published version has other content
  | 'version-invalid' // no name for a version
  | 'version-removed' // there was one, and its name is not used again
  | 'version-unknown';

/** The one error class of lib/definition. Message and detail may be shown to the client. */
export class DefinitionError extends Error {
  override readonly name = 'DefinitionError';
  readonly code: DefinitionErrorCode;
  /** What a program can act on. */
  readonly detail: unknown;

  constructor(code: DefinitionErrorCode, message: string, detail?: unknown, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
    this.detail = detail;
  }
}
