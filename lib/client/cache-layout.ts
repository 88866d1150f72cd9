import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { hexOf, type Sha256 } from '../encoding/digest.ts';

/**
 * Every path of the cache:
 *
 *     content/ab/<sha256>         a file's bytes, by the hex of their SHA-256
 *     definitions/<sha256>.json   manifest and list of files, by the digest of the version
 *     refs/<hash>.json            where a version, a pin or a digest of a server stood when it was last seen
 *     pulled/<hash>.json          what a directory was pulled from, by its real path
 *
 * `<name>.new-…` is a file on its way to its name.
 */
export class CacheLayout {
  readonly folder: string;

  constructor(folder: string) {
    this.folder = folder;
  }

  content(digest: Sha256): string {
    const hex = hexOf(digest);
    return join(this.folder, 'content', hex.slice(0, 2), hex);
  }

  definition(digest: Sha256): string {
    return join(this.folder, 'definitions', `${hexOf(digest)}.json`);
  }

  ref(server: string, family: string, ref: string): string {
    return join(this.folder, 'refs', `${hashed(server, family, ref)}.json`);
  }

  pulled(directory: string): string {
    return join(this.folder, 'pulled', `${hashed(directory)}.json`);
  }
}

/** One name for texts that may hold anything. */
function hashed(...texts: readonly string[]): string {
  return createHash('sha256').update(JSON.stringify(texts)).digest('hex');
}
