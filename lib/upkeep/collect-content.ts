import { asBuffer } from '../encoding/as-buffer.ts';
import type { Sha256 } from '../encoding/digest.ts';
import { marked, type ContentRecord } from '../store/content-record.ts';
import { decodeJson, encodeJson } from '../store/json-value.ts';
import { entriesOf, type Entry } from '../store/keyed-store.ts';
import { allAliases, allContent } from '../store/key-ranges.ts';
import { contentKey, contentOfKey, inlineKey, oidKey } from '../store/keys.ts';
import type { Collection } from './collection.ts';
import { DigestSet } from './digest-set.ts';
import { namedContent } from './named-content.ts';
import { totalFor } from './total.ts';

/** A blob that has been arriving for at least so long was left by a process that died. */
const STALE_ARRIVAL_MS = 60 * 60 * 1000;

/**
 * Content that no family has. First it is condemned, then looked for once more among all that is named: a push that
 * needed it before the mark is seen, and one that comes after changes the record, so that the removal fails.
 */
export async function collectContent(collection: Collection): Promise<void> {
  const named = new DigestSet();
  for await (const content of namedContent(collection.stores.keys)) {
    await collection.breathe();
    named.add(content);
  }
  await removeUnnamed(collection, await condemn(collection, named, withProgress(collection)));
  await collectStrayBlobs(collection);
  await collectAliases(collection);
}

/** The same of some content alone. */
export async function eraseContent(collection: Collection, contents: readonly Sha256[]): Promise<void> {
  const { keys } = collection.stores;
  async function* found(): AsyncGenerator<Entry> {
    for (const content of contents) {
      const value = await keys.get(contentKey(content));
      if (value !== undefined) yield { key: contentKey(content), value };
    }
  }
  await removeUnnamed(collection, await condemn(collection, new DigestSet(), found()));
}

/** Removes what is condemned, but for what is named by now. */
async function removeUnnamed(collection: Collection, condemned: Map<Sha256, Entry>): Promise<void> {
  if (condemned.size > 0) {
    for await (const content of namedContent(collection.stores.keys)) {
      await collection.breathe();
      condemned.delete(content);
    }
  }
  for (const [content, entry] of condemned) {
    await collection.breathe();
    await removeContent(collection, content, entry);
  }
}

async function* withProgress(collection: Collection): AsyncGenerator<Entry> {
  const contents = await totalFor(collection, allContent);
  let done = 0;
  for await (const entry of entriesOf(collection.stores.keys, allContent)) {
    done += 1;
    collection.onProgress?.('content', done, contents);
    yield entry;
  }
}

/** Marks what is not named, and returns all that is marked, with the value that a removal must still find. */
async function condemn(
  { stores, now, dryRun, breathe }: Collection,
  named: DigestSet,
  entries: AsyncIterable<Entry>,
): Promise<Map<Sha256, Entry>> {
  const condemned = new Map<Sha256, Entry>();
  for await (const entry of entries) {
    await breathe();
    const content = contentOfKey(entry.key);
    const record = decodeJson<ContentRecord>(entry.value);
    if (record.state === 'arriving') {
      if (now() - (record.since ?? 0) >= STALE_ARRIVAL_MS) condemned.set(content, entry);
    } else if (record.state !== undefined) {
      condemned.set(content, entry);
    } else if (!named.has(content)) {
      const mark = { key: entry.key, value: encodeJson(marked(record, 'condemned', now())) };
      if (dryRun === true || (await stores.keys.commit({ checks: [entry], puts: [mark] })))
        condemned.set(content, mark);
    }
  }
  return condemned;
}

async function removeContent(collection: Collection, content: Sha256, entry: Entry): Promise<void> {
  const { stores, dryRun } = collection;
  const record = decodeJson<ContentRecord>(entry.value);
  if (dryRun !== true) {
    const held =
      record.place === 'inline'
        ? await stores.keys.commit({ checks: [entry], deletes: [entry.key, inlineKey(content), ...oidKeys(record)] })
        : await deleteBlob(collection, content, entry, record);
    if (!held) return;
  }
  collection.report({ action: 'removed', kind: 'content', name: content, bytes: record.size });
}

/** Bytes outside the keys go in three steps, so that nobody counts on them while they may be half gone. */
async function deleteBlob(
  { stores, now, lease }: Collection,
  content: Sha256,
  found: Entry | undefined,
  record: ContentRecord,
): Promise<boolean> {
  const key = contentKey(content);
  const deleting = { key, value: encodeJson(marked(record, 'deleting', now())) };
  const checks = [{ key, value: found?.value }];
  if (!(await stores.keys.commit({ checks, puts: [deleting] }))) return false;
  lease.check();
  await stores.blobs.delete(content);
  return stores.keys.commit({ checks: [deleting], deletes: [key, ...oidKeys(record)] });
}

/** What is found by its Git object id is found as long as it is there. */
function oidKeys({ oids = [] }: ContentRecord): Uint8Array[] {
  return oids.map((oid) => oidKey(oid));
}

/** Blobs without a record: whoever writes one makes the record first, so these are leftovers. */
async function collectStrayBlobs(collection: Collection): Promise<void> {
  const { stores, dryRun, breathe } = collection;
  for await (const { digest, size } of stores.blobs.list()) {
    await breathe();
    if ((await stores.keys.get(contentKey(digest))) !== undefined) continue;
    const removed = dryRun === true || (await deleteBlob(collection, digest, undefined, { size, place: 'blob' }));
    if (removed) collection.report({ action: 'removed', kind: 'content', name: digest, bytes: size });
  }
}

/** Other digests of content that is gone. One that comes back with its content before this commit is only not found by it. */
async function collectAliases({ stores, dryRun, breathe }: Collection): Promise<void> {
  for await (const entry of entriesOf(stores.keys, allAliases)) {
    await breathe();
    const key = contentKey(asBuffer(entry.value).toString('latin1') as Sha256);
    if (dryRun === true || (await stores.keys.get(key)) !== undefined) continue;
    await stores.keys.commit({ checks: [entry, { key, value: undefined }], deletes: [entry.key] });
  }
}
