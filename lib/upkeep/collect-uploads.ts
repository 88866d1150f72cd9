import type { UploadSession } from '../oci/upload-sessions.ts';
import { decodeJson } from '../store/json-value.ts';
import { entriesOf } from '../store/keyed-store.ts';
import { allUploads } from '../store/key-ranges.ts';
import { nameOfKey, uploadKey } from '../store/keys.ts';
import type { Collection } from './collection.ts';

/** No write takes so long. */
const ABANDONED_MS = 24 * 3_600_000;

/** Uploads to which nothing came for too long, and staged bytes that belong to none. */
export async function collectUploads(collection: Collection): Promise<void> {
  const { stores, registry, uploadExpiryMs, dryRun, breathe } = collection;
  const now = collection.now();
  const oldest = now - uploadExpiryMs;
  // A time to come is of a clock that was set back, or of another machine's: nothing can have happened later than now.
  const modified = new Map<string, number>();
  for await (const staged of stores.uploads.list()) modified.set(staged.id, Math.min(staged.modified, now));
  for await (const entry of entriesOf(stores.keys, allUploads)) {
    await breathe();
    const id = nameOfKey(entry.key);
    const { family, started } = decodeJson<UploadSession>(entry.value);
    if (Math.max(Math.min(started, now), modified.get(id) ?? 0) > oldest || registry.uploads.isBusy(id)) continue;
    const held = dryRun === true || (await stores.keys.commit({ checks: [entry], deletes: [entry.key] }));
    if (held && dryRun !== true) await stores.uploads.discard(id);
    if (!held) continue;
    modified.delete(id);
    collection.report({ action: 'removed', kind: 'uploads', name: id, family });
  }
  for (const [id, at] of modified) {
    await breathe();
    if (at > oldest || registry.uploads.isBusy(id) || (await stores.keys.get(uploadKey(id))) !== undefined) continue;
    if (dryRun !== true) await stores.uploads.discard(id);
    collection.report({ action: 'removed', kind: 'uploads', name: id });
  }
  if (dryRun !== true) await stores.leftovers?.sweep(now - ABANDONED_MS);
}
