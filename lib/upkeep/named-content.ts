import type { Sha256 } from '../encoding/digest.ts';
import { decodeObject } from '../git/stored/object-record.ts';
import { locate, type BlobLink } from '../oci/link.ts';
import type { MediaLink } from '../record/media.ts';
import { bodiesOf, type RunState } from '../record/run-state.ts';
import { decodeJson } from '../store/json-value.ts';
import { entriesOf, type KeyedStore } from '../store/keyed-store.ts';
import { allMedia, allRuns, type KeyRange } from '../store/key-ranges.ts';
import { digestOfKey, onlyDigestOfKey } from '../store/keys.ts';

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
      const link = decodeJson<BlobLink>(entry.value);
      // A blob that is made of a tree has no bytes of its own; the tree's objects name theirs.
      if (link.place !== 'tree') yield locate(digestOfKey(entry.key), link).content;
    }
  }
  for await (const { value } of entriesOf(keys, GIT_OBJECTS)) yield decodeObject(value).located.content;
  for await (const { key, value } of entriesOf(keys, allMedia)) {
    yield locate(onlyDigestOfKey(key), decodeJson<MediaLink>(value)).content;
  }
  // Records and reviews have no links: what a run ever said stays as long as the run.
  for await (const { value } of entriesOf(keys, allRuns)) yield* bodiesOf(decodeJson<RunState>(value));
}
