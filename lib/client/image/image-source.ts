import type { Digest } from '../../encoding/digest.ts';

/** What a manifest says of a blob or manifest before anybody has read it. */
export interface Described {
  readonly digest: Digest;
  readonly size: number;
}

/** The manifest or index that was chosen. */
export interface Root {
  readonly digest: Digest;
  readonly bytes: Buffer;
  readonly mediaType: string;
}

/**
 * Where an image is read from. Bytes come as they lie there: whoever reads them compares them with their digest. What is
 * not there is undefined; everything else that goes wrong is an ImageError.
 */
export interface ImageSource {
  /** For messages, without any password. */
  readonly label: string;
  root(): Promise<Root>;
  manifest(described: Described): Promise<Buffer | undefined>;
  /** From the first byte, each time that it is called. */
  blob(described: Described, signal?: AbortSignal): Promise<AsyncIterable<Uint8Array> | undefined>;
  close(): Promise<void>;
}
