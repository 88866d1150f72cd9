import type { Sha256 } from '../encoding/digest.ts';
import { decodeObject } from '../git/stored/object-record.ts';
import { locate, type Link } from '../oci/link.ts';
import { decodeJson } from '../store/json-value.ts';
import { entriesOf, type KeyedStore } from '../store/keyed-store.ts';
import { digestOfKey, type KeyRange } from '../store/keys.ts';

/**
 * The blobs, the manifests and the Git objects of all families (letters b, m and j of keys.ts), whether or not a family
 * has its record: what is named under a lost record is still somebody's.
 */
const LINKS: readonly KeyRange[] = [
  { start: Buffer.from('b'), end: Buffer.from('c') },
  { start: Buffer.from('m'), end: Buffer.from('n') },
];
const GIT_OBJECTS: KeyRange = { start: Buffer.from('j'), end: Buffer.from('k') };

/** All content that anything names, many times over where many name it. Every domain that names content stands here. */
export async function* namedContent(keys: KeyedStore): AsyncGenerator<Sha256> {
  for (const range of LINKS) {
    for await (const entry of entriesOf(keys, range)) {
      yield locate(digestOfKey(entry.key), decodeJson<Link>(entry.value)).content;
    }
  }
  for await (const { value } of entriesOf(keys, GIT_OBJECTS)) yield decodeObject(value).located.content;
}
