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

/** Digest and size of a tree's canonical tar, without making the tar. */
export async function hashLayer(entries: readonly TarEntry[], source: ObjectSource, breather: Breather): Promise<Part> {
  const hash = createHash('sha256');
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
  return { digest: digestOf('sha256', hash) as Sha256, size: size + end };
}

async function hashContent(hash: ReturnType<typeof createHash>, object: StoredObject): Promise<void> {
  const bytes = bareBytes(object);
  if (bytes instanceof Uint8Array) hash.update(bytes);
  else for await (const piece of bytes) hash.update(piece);
}
