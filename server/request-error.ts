/** What the server itself refuses, before any domain is asked. */
export type RequestErrorCode =
  | 'body-incomplete'
  | 'body-too-large'
  | 'body-too-slow'
  | 'headers-too-large'
  | 'json-invalid'
  | 'method-not-allowed'
  | 'path-unknown'
  | 'request-malformed';

export class RequestError extends Error {
  override readonly name = 'RequestError';
  readonly code: RequestErrorCode;

  constructor(code: RequestErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}
