import type { Digest } from '../encoding/digest.ts';
import type { BlobLink } from '../oci/link.ts';
import { decodeJson } from '../store/json-value.ts';
import { entriesOf, type Entry } from '../store/keyed-store.ts';
import { blobsOf } from '../store/key-ranges.ts';
import { digestOfKey } from '../store/keys.ts';
import type { Collection } from './collection.ts';
import { storedManifests } from './family-manifests.ts';
import { isDue, mark, remove, unmark, type Strike } from './two-strikes.ts';

/** Blobs of a family that none of its manifests names. */
export async function collectBlobs(collection: Collection, family: string): Promise<void> {
  const { stores, breathe } = collection;
  // Read before the manifests are: a manifest that comes later takes the mark off, and the removal then fails.
  const due: Entry[] = [];
  for await (const entry of entriesOf(stores.keys, blobsOf(family))) {
    await breathe();
    if (isDue(decodeJson<BlobLink>(entry.value), collection)) due.push(entry);
  }
  const named = await namedBlobs(collection, family);
  for (const entry of due) {
    await breathe();
    if (!named.has(digestOfKey(entry.key))) await remove(collection, strike(family, entry));
  }
  for await (const entry of entriesOf(stores.keys, blobsOf(family))) {
    await breathe();
    if (named.has(digestOfKey(entry.key))) await unmark(collection, entry);
    else await mark(collection, strike(family, entry));
  }
}

async function namedBlobs({ stores, registry, breathe }: Collection, family: string): Promise<Set<Digest>> {
  const named = new Set<Digest>();
  const manifests = storedManifests(stores.keys, registry.content, family);
  for await (const { manifest } of manifests) {
    await breathe();
    for (const { digest, kind } of manifest.named) if (kind === 'blob') named.add(digest);
  }
  return named;
}

function strike(family: string, entry: Entry): Strike {
  return { entry, kind: 'blobs', family, name: digestOfKey(entry.key), alongside: [] };
}
