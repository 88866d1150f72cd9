import type { Sha256 } from '../encoding/digest.ts';
import { decodeObject } from '../git/stored/object-record.ts';
import { locate, type Link } from '../oci/link.ts';
import { decodeJson } from '../store/json-value.ts';
import { entriesOf, type KeyedStore } from '../store/keyed-store.ts';
import { allFamilies, blobsOf, digestOfKey, gitObjectsOf, manifestsOf, nameOfKey } from '../store/keys.ts';

/** All content that anything names, many times over where many name it. Every domain that names content stands here. */
export async function* namedContent(keys: KeyedStore): AsyncGenerator<Sha256> {
  for await (const { key } of entriesOf(keys, allFamilies)) {
    const family = nameOfKey(key);
    for (const range of [blobsOf(family), manifestsOf(family)]) {
      for await (const entry of entriesOf(keys, range)) {
        yield locate(digestOfKey(entry.key), decodeJson<Link>(entry.value)).content;
      }
    }
    for await (const { value } of entriesOf(keys, gitObjectsOf(family))) yield decodeObject(value).located.content;
  }
}
