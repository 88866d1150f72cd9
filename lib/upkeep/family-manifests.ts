import type { Digest } from '../encoding/digest.ts';
import { locate, type ManifestLink } from '../oci/link.ts';
import { parseManifest, type Manifest } from '../oci/manifest.ts';
import type { ContentStore } from '../store/content-store.ts';
import { decodeJson } from '../store/json-value.ts';
import { entriesOf, type Entry, type KeyedStore } from '../store/keyed-store.ts';
import { manifestsOf } from '../store/key-ranges.ts';
import { digestOfKey, manifestKey } from '../store/keys.ts';
import { UnreadableManifest } from './collection.ts';

export interface StoredManifest {
  readonly digest: Digest;
  readonly entry: Entry;
  readonly link: ManifestLink;
  readonly manifest: Manifest;
}

/** The manifests of a family, read whole. Throws an UnreadableManifest for one that is not what it should be. */
export async function* storedManifests(
  keys: KeyedStore,
  content: ContentStore,
  family: string,
): AsyncGenerator<StoredManifest> {
  for await (const entry of entriesOf(keys, manifestsOf(family))) {
    const digest = digestOfKey(entry.key);
    const link = decodeJson<ManifestLink>(entry.value);
    try {
      const bytes = await content.readAll(locate(digest, link));
      yield { digest, entry, link, manifest: parseManifest(bytes, link.mediaType) };
    } catch (cause) {
      // Deleted since it was listed: then it names nothing.
      if ((await keys.get(manifestKey(family, digest))) === undefined) continue;
      throw new UnreadableManifest(digest, cause);
    }
  }
}
