import type { Sha256 } from '../encoding/digest.ts';

/** What a BlobStore offers beside its port whose blobs can be had elsewhere, without passing through the server. */
export interface BlobLinks {
  /** An address at which whoever has it gets the stored bytes for so long. Whether there are any is not looked at. */
  linkTo(digest: Sha256, seconds: number): Promise<string>;
}
