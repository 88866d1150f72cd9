import { join } from 'node:path';
import { hexOf, type Sha256 } from '../../encoding/digest.ts';

/**
 * Every path below the root of the files engine:
 *
 *     blobs/ab/abcdef…    a blob, named by the hex of its SHA-256
 *     uploads/<uuid>      the bytes of an upload that has not ended
 *     writing/<uuid>      a blob on its way to its name
 *     moving.json         says that something is being moved here, as long as it is not all there
 */
export class FileLayout {
  readonly blobs: string;
  readonly uploads: string;
  readonly writing: string;
  readonly mark: string;

  constructor(root: string) {
    this.blobs = join(root, 'blobs');
    this.uploads = join(root, 'uploads');
    this.writing = join(root, 'writing');
    this.mark = join(root, 'moving.json');
  }

  blob(digest: Sha256): string {
    const hex = hexOf(digest);
    return join(this.blobs, hex.slice(0, 2), hex);
  }

  upload(id: string): string {
    return join(this.uploads, id);
  }
}
