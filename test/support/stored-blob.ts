import type { Digest } from '../../lib/encoding/digest.ts';
import type { Registry } from '../../lib/oci/registry.ts';
import type { Located } from '../../lib/store/content-store.ts';

/** Where the bytes of a blob are that was pushed as one. */
export async function storedBlob({ blobs }: Pick<Registry, 'blobs'>, family: string, digest: Digest): Promise<Located> {
  const found = await blobs.find(family, digest);
  if (found.place === 'tree') throw new Error(`${digest} is made of a tree`);
  return found;
}
