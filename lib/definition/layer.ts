import { createHash } from 'node:crypto';
import { digestOf, type Sha256 } from '../encoding/digest.ts';
import { tarEnd } from '../encoding/canonical-tar.ts';
import { contentSize, paddingOf, tarHeader, TAR_BLOCK, type TarEntry } from '../encoding/tar-header.ts';
import type { Breather } from '../git/breather.ts';
import { GitError } from '../git/error.ts';
import { bareBytes } from '../git/object-bytes.ts';
import type { ObjectSource, StoredObject } from '../git/object-source.ts';
import type { Part } from './wire.ts';

const PADDING = Buffer.alloc(TAR_BLOCK);
/** A hash is told of many small pieces at once: each call costs as much as some kilobytes. */
const GATHERED = 256 * 1024;

/** Digest and size of a tree's canonical tar, without making the tar. */
export async function hashLayer(entries: readonly TarEntry[], source: ObjectSource, breather: Breather): Promise<Part> {
  const hash = new GatheringHash();
  const files = entries.filter((entry) => contentSize(entry) > 0).map(({ oid }) => oid);
  const objects = source.read(files)[Symbol.asyncIterator]();
  let size = 0;
  for (const entry of entries) {
    const header = tarHeader(entry);
    const length = contentSize(entry);
    const padding = paddingOf(length);
    hash.update(header);
    if (length > 0) {
      const next = await objects.next();
      if (next.done === true) throw new GitError('object-missing', `object ${entry.oid} is not in this repository`);
      await hashContent(hash, next.value);
    }
    if (padding > 0) hash.update(PADDING.subarray(0, padding));
    size += header.length + length + padding;
    if (breather.due()) await breather.rest();
  }
  const end = tarEnd(size);
  hash.update(Buffer.alloc(end));
  return { digest: hash.digest(), size: size + end };
}

class GatheringHash {
  readonly #hash = createHash('sha256');
  readonly #gathered = Buffer.allocUnsafe(GATHERED);
  #filled = 0;

  update(bytes: Uint8Array): void {
    if (this.#filled + bytes.length > GATHERED) this.#flush();
    if (bytes.length > GATHERED) {
      this.#hash.update(bytes);
      return;
    }
    this.#gathered.set(bytes, this.#filled);
    this.#filled += bytes.length;
  }

  digest(): Sha256 {
    this.#flush();
    return digestOf('sha256', this.#hash) as Sha256;
  }

  #flush(): void {
    this.#hash.update(this.#gathered.subarray(0, this.#filled));
    this.#filled = 0;
  }
}

async function hashContent(hash: GatheringHash, object: StoredObject): Promise<void> {
  const bytes = bareBytes(object);
  if (bytes instanceof Uint8Array) hash.update(bytes);
  else for await (const piece of bytes) hash.update(piece);
}
