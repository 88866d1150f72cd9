import type { Digest } from '../encoding/digest.ts';
import { isAwaited, type MediaLink } from '../record/media.ts';
import { mediaOf, type RunState } from '../record/run-state.ts';
import { decodeJson } from '../store/json-value.ts';
import { entriesOf, type Entry } from '../store/keyed-store.ts';
import { allMedia, allRuns } from '../store/key-ranges.ts';
import { mediaKey, onlyDigestOfKey } from '../store/keys.ts';
import type { Collection } from './collection.ts';
import { isDue, mark, remove, unmark, type Strike } from './two-strikes.ts';

/** Media that no run names: it was uploaded for a record that never came. */
export async function collectMedia(collection: Collection): Promise<void> {
  const { stores, breathe } = collection;
  // Read before the runs are: a run that comes later takes the mark off, and the removal then fails.
  const due: Entry[] = [];
  for await (const entry of entriesOf(stores.keys, allMedia)) {
    await breathe();
    if (isDue(decodeJson<MediaLink>(entry.value), collection)) due.push(entry);
  }
  const named = await namedMedia(collection);
  for (const entry of due) {
    await breathe();
    if (!named.has(onlyDigestOfKey(entry.key))) await remove(collection, strike(entry));
  }
  for await (const entry of entriesOf(stores.keys, allMedia)) {
    await breathe();
    if (named.has(onlyDigestOfKey(entry.key))) await unmark(collection, entry);
    else await mark(collection, strike(entry));
  }
}

/**
 * Some media that no run names, at once. A run that comes meanwhile takes the mark off, and the removal then fails. What
 * somebody has just uploaded again is left to the collections: a record that names it may be on its way.
 */
export async function eraseMedia(collection: Collection, digests: readonly Digest[]): Promise<void> {
  const { keys } = collection.stores;
  const marked: Entry[] = [];
  for (const digest of digests) {
    const key = mediaKey(digest);
    const value = await keys.get(key);
    if (value === undefined || isAwaited(decodeJson<MediaLink>(value), collection.now())) continue;
    await mark(collection, strike({ key, value }));
    const now = await keys.get(key);
    if (now !== undefined) marked.push({ key, value: now });
  }
  const named = await namedMedia(collection);
  for (const entry of marked) {
    await collection.breathe();
    if (named.has(onlyDigestOfKey(entry.key))) await unmark(collection, entry);
    else if (decodeJson<MediaLink>(entry.value).condemned !== undefined) await remove(collection, strike(entry));
  }
}

async function namedMedia({ stores, breathe }: Collection): Promise<Set<Digest>> {
  const named = new Set<Digest>();
  for await (const { value } of entriesOf(stores.keys, allRuns)) {
    await breathe();
    for (const digest of mediaOf(decodeJson<RunState>(value))) named.add(digest);
  }
  return named;
}

function strike(entry: Entry): Strike {
  return { entry, kind: 'media', name: onlyDigestOfKey(entry.key), alongside: [] };
}
