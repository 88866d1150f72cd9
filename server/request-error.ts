/** What the server itself refuses, before any domain is asked. */
export type RequestErrorCode =
  | 'audit-page-invalid'
  | 'body-too-large'
  | 'body-too-slow'
  | 'coding-unsupported'
  | 'headers-too-large'
  | 'host-foreign'
  | 'json-invalid'
  | 'media-type-unsupported'
  | 'method-not-allowed'
  | 'oids-invalid'
  | 'origin-foreign'
  | 'path-unknown'
  | 'range-unsatisfiable'
  | 'reference-invalid'
  | 'request-malformed'
  | 'service-unknown'
  | 'too-many-requests';

export class RequestError extends Error {
  override readonly name = 'RequestError';
  readonly code: RequestErrorCode;
  /** What the answer says in its head besides. */
  readonly headers: Readonly<Record<string, string>>;

  constructor(
    code: RequestErrorCode,
    message: string,
    options: ErrorOptions & { readonly headers?: Readonly<Record<string, string>> } = {},
  ) {
    super(message, options);
    this.code = code;
    this.headers = options.headers ?? {};
  }
}

/** The client went away in mid-request. Nobody is left to be told. */
export class DisconnectError extends Error {
  override readonly name = 'DisconnectError';

  constructor() {
    super('the client went away');
  }
}
