/** Everything that can go wrong with an image on its way to a server. */
export type ImageErrorCode =
  | 'archive-damaged' // a tar or gzip that ends too early or follows no format
  | 'content-mismatch' // bytes that are not those that their descriptor names
  | 'content-missing' // a blob or manifest that the image names is not in its source
  | 'family-invalid' // no family can have this name
  | 'image-ambiguous' // several images, and none was chosen
  | 'image-not-found' // the chosen image is not in the source
  | 'manifest-invalid' // a manifest, index or config that cannot be read
  | 'not-an-image' // the file or folder is neither an OCI layout nor a Docker archive
  | 'refused' // a registry answered what was not expected; `status` has it
  | 'server-invalid' // the address of the server is none
  | 'source-invalid' // the text that names the source follows none of the forms
  | 'source-missing' // no such file or folder
  | 'source-unreadable' // the file system refuses to read it
  | 'unauthorized' // a registry wants a login, or another one
  | 'unreachable'; // nobody answers, or connections keep breaking

export interface ImageErrorOptions extends ErrorOptions {
  readonly status?: number;
  readonly retryAfterMs?: number | undefined;
}

/** The one error class of the transport of images. Its message may be shown as it is. */
export class ImageError extends Error {
  override readonly name = 'ImageError';
  readonly code: ImageErrorCode;
  /** What the registry answered. */
  readonly status: number | undefined;
  readonly retryAfterMs: number | undefined;

  constructor(code: ImageErrorCode, message: string, options: ImageErrorOptions = {}) {
    super(message, options);
    this.code = code;
    this.status = options.status;
    this.retryAfterMs = options.retryAfterMs;
  }
}

/** Text that others chose, for one line of a message: a terminal obeys control characters, and so do logs. */
export function plain(text: string, limit = 200): string {
  const clean = text.replaceAll(/\p{C}/gu, ' ');
  return clean.length > limit ? `${clean.slice(0, limit)}…` : clean;
}
