/** Everything that the OCI domain refuses. The server's table gives each its status and its code in the OCI envelope. */
export type OciErrorCode =
  | 'blob-unknown'
  | 'digest-invalid'
  | 'digest-mismatch'
  | 'digest-unsupported'
  | 'manifest-blob-unknown'
  | 'manifest-invalid'
  | 'manifest-too-large'
  | 'manifest-unknown'
  | 'name-invalid'
  | 'name-unknown'
  | 'page-invalid'
  | 'published'
  | 'quota-exceeded'
  | 'quota-invalid'
  | 'rule-invalid'
  | 'size-mismatch'
  | 'tag-immutable'
  | 'tag-invalid'
  | 'upload-busy'
  | 'upload-out-of-order'
  | 'upload-range-invalid'
  | 'upload-too-large'
  | 'upload-unknown';

export class OciError extends Error {
  override readonly name = 'OciError';
  readonly code: OciErrorCode;
  /** For the `detail` member of the envelope: what a program can act on. */
  readonly detail: unknown;

  constructor(code: OciErrorCode, message: string, detail?: unknown) {
    super(message);
    this.code = code;
    this.detail = detail;
  }
}
