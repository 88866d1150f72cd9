import { withoutMark, type BlobLink } from '../oci/link.ts';
import { decodeJson, encodeJson } from '../store/json-value.ts';
import type { Entry } from '../store/keyed-store.ts';
import type { CollectedItem, Collection } from './collection.ts';

/** What is to be done about a thing that nothing names any more, or again: of a family, or media of runs. */
export interface Strike {
  readonly entry: Entry;
  readonly kind: 'blobs' | 'manifests' | 'media';
  readonly family?: string;
  readonly name: string;
  /** Keys that go with it. */
  readonly alongside: readonly Uint8Array[];
}

/** Marked long enough ago to be removed, as of when its value was read. */
export function isDue(link: BlobLink, { graceMs, now }: Collection): boolean {
  return link.condemned !== undefined && now() - link.condemned >= graceMs;
}

/**
 * Removes what was marked, unless somebody has taken the mark off since the value was read. The value must have been
 * read before it was found out that nothing names the thing.
 */
export async function remove(collection: Collection, strike: Strike): Promise<boolean> {
  const { entry, alongside } = strike;
  const { size } = decodeJson<BlobLink>(entry.value);
  const held =
    collection.dryRun === true ||
    (await collection.stores.keys.commit({ checks: [entry], deletes: [entry.key, ...alongside] }));
  if (held) collection.report({ action: 'removed', ...itemOf(strike, size) });
  return held;
}

/**
 * Marks what is not marked. Nothing is lost by it, so it needs no order. A mark of a time to come was made before the
 * clock was set back; it is made anew, so that the thing waits for one grace period and not until that time.
 */
export async function mark(collection: Collection, strike: Strike): Promise<void> {
  const { entry } = strike;
  const link = decodeJson<BlobLink>(entry.value);
  const now = collection.now();
  if (link.condemned !== undefined && link.condemned <= now) return;
  const value = encodeJson({ ...link, condemned: now });
  const held =
    collection.dryRun === true ||
    (await collection.stores.keys.commit({ checks: [entry], puts: [{ key: entry.key, value }] }));
  // Without grace a mark is only the first half of the removal that follows it.
  const action = collection.graceMs > 0 ? 'marked' : 'removed';
  if (held && (action === 'marked' || collection.dryRun === true)) {
    collection.report({ action, ...itemOf(strike, link.size) });
  }
}

/** Takes the mark off what is named again. */
export async function unmark({ stores, dryRun }: Collection, entry: Entry): Promise<void> {
  const link = decodeJson<BlobLink>(entry.value);
  if (link.condemned === undefined || dryRun === true) return;
  await stores.keys.commit({ checks: [entry], puts: [{ key: entry.key, value: encodeJson(withoutMark(link)) }] });
}

function itemOf({ kind, name, family }: Strike, bytes: number): Omit<CollectedItem, 'action'> {
  return { kind, name, ...(family === undefined ? {} : { family }), bytes };
}
