import type { Sha256 } from '../encoding/digest.ts';
import type { Registry, Stores } from '../oci/registry.ts';
import type { ErasedBodies } from '../record/runs.ts';
import { systemClock } from '../store/clock.ts';
import { contentKey } from '../store/keys.ts';
import { withLease } from '../store/lease.ts';
import { eraseContent } from './collect-content.ts';
import { eraseMedia } from './collect-media.ts';
import type { Collection } from './collection.ts';
import { makePace } from '../store/pace.ts';

export interface Erased {
  readonly deleted: number;
  /** What something else names, and what came back meanwhile. */
  readonly kept: readonly Sha256[];
}

/**
 * Deletes the bodies of an erased run now, as far as nothing else names them, and not when the next collection finds
 * them. It reads all names that there are. Code `busy` where a collection is running: that one may not find them any more.
 */
export async function eraseBodies(
  stores: Stores,
  registry: Registry,
  { documents, media }: ErasedBodies,
  now: () => number,
): Promise<Erased> {
  const wanted = [...new Set([...documents, ...media])];
  const before = await keptOf(stores, wanted);
  if (before.length === 0) return { deleted: 0, kept: [] };
  await withLease(stores.keys, 'garbage collection', { ...systemClock, now }, async (lease) => {
    const collection: Collection = {
      graceMs: 1,
      uploadExpiryMs: Infinity,
      now,
      stores,
      registry,
      lease,
      breathe: makePace(),
      report() {},
    };
    await eraseMedia(collection, media);
    await eraseContent(collection, wanted);
  });
  const kept = await keptOf(stores, wanted);
  return { deleted: before.length - kept.length, kept };
}

async function keptOf({ keys }: Stores, digests: readonly Sha256[]): Promise<Sha256[]> {
  const kept: Sha256[] = [];
  for (const digest of digests) if ((await keys.get(contentKey(digest))) !== undefined) kept.push(digest);
  return kept;
}
