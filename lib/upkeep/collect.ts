import type { Registry, Stores } from '../oci/registry.ts';
import { systemClock } from '../store/clock.ts';
import { entriesOf } from '../store/keyed-store.ts';
import { allFamilies } from '../store/key-ranges.ts';
import { nameOfKey } from '../store/keys.ts';
import { withLease } from '../store/lease.ts';
import { collectBlobs } from './collect-blobs.ts';
import { collectContent } from './collect-content.ts';
import { collectGitObjects } from './collect-git.ts';
import { collectManifests } from './collect-manifests.ts';
import { collectMedia } from './collect-media.ts';
import { collectUploads } from './collect-uploads.ts';
import {
  UnreadableManifest,
  UnreadableRepository,
  type CollectOptions,
  type Collection,
  type CollectReport,
  type Removed,
} from './collection.ts';
import { familiesUnder } from './families-under.ts';
import { makePace } from '../store/pace.ts';
import { totalFor } from './total.ts';

/** The letter of keys.ts under which they lie. */
const GIT_OBJECTS = 'j';

/**
 * Removes what nothing names, beside pushes (docs/decisions/collection.md): a thing is marked in one run and removed
 * in a later one, when the grace period has passed and it is still unnamed; whoever needs it in between takes the mark
 * off. With no grace both happen in one run.
 */
export async function collect(stores: Stores, registry: Registry, options: CollectOptions): Promise<CollectReport> {
  return withLease(stores.keys, 'garbage collection', { ...systemClock, now: options.now }, async (lease) => {
    const removed: Removed = { uploads: 0, manifests: 0, blobs: 0, objects: 0, media: 0, content: 0 };
    const marked: Removed = { uploads: 0, manifests: 0, blobs: 0, objects: 0, media: 0, content: 0 };
    const skipped: { family: string; why: string }[] = [];
    let freedBytes = 0;
    const collection: Collection = {
      ...options,
      stores,
      registry,
      lease,
      breathe: makePace(options.signal),
      report(item) {
        (item.action === 'removed' ? removed : marked)[item.kind] += 1;
        if (item.action === 'removed' && item.kind === 'content') freedBytes += item.bytes ?? 0;
        options.onItem?.(item);
      },
    };
    await collectUploads(collection);
    await collectFamilies(collection, skipped);
    for (const _round of roundsOf(collection)) await collectMedia(collection);
    await collectContent(collection);
    await tellAudit(collection, { ...removed, freedBytes });
    return { dryRun: options.dryRun === true, removed, marked, freedBytes, skipped };
  });
}

/** What is too old to be told goes, and that this was done is told. */
async function tellAudit(collection: Collection, detail: Readonly<Record<string, unknown>>): Promise<void> {
  const { registry, by, auditRetentionMs = 0, dryRun, now, breathe } = collection;
  if (dryRun === true) return;
  if (auditRetentionMs > 0) await registry.audit.forgetBefore(now() - auditRetentionMs, breathe);
  if (by !== undefined) await registry.audit.note({ action: 'garbage-collected', by, detail });
}

async function collectFamilies(collection: Collection, skipped: { family: string; why: string }[]): Promise<void> {
  let done = 0;
  const families = await totalFor(collection, allFamilies);
  for await (const { key } of entriesOf(collection.stores.keys, allFamilies)) {
    await collection.breathe();
    const family = nameOfKey(key);
    collection.onProgress?.('repositories', done, families);
    done += 1;
    await orSkipped(skipped, family, async () => {
      const rounds = roundsOf(collection);
      for (const _round of rounds) if (collection.untagged === true) await collectManifests(collection, family);
      for (const _round of rounds) await collectBlobs(collection, family);
    });
  }
  // A first push that did not end has left objects, and no record of the family.
  for await (const { family } of familiesUnder(collection.stores.keys, GIT_OBJECTS)) {
    await collection.breathe();
    await orSkipped(skipped, family, async () => {
      for (const _round of roundsOf(collection)) await collectGitObjects(collection, family);
    });
  }
}

async function orSkipped(
  skipped: { family: string; why: string }[],
  family: string,
  work: () => Promise<void>,
): Promise<void> {
  try {
    await work();
  } catch (error) {
    if (!(error instanceof UnreadableManifest || error instanceof UnreadableRepository)) throw error;
    skipped.push({ family, why: error.message });
  }
}

/** The first round marks and the second removes, where nothing is to be waited for in between. */
function roundsOf({ graceMs, dryRun }: Collection): readonly number[] {
  return graceMs === 0 && dryRun !== true ? [1, 2] : [1];
}
