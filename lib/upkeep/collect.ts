import type { Digest } from '../encoding/digest.ts';
import type { Registry, Stores } from '../oci/registry.ts';
import { entriesOf } from '../store/keyed-store.ts';
import { allFamilies, nameOfKey } from '../store/keys.ts';
import { withLease, type Lease } from '../store/lease.ts';
import { collectBlobs } from './collect-blobs.ts';
import { collectContent } from './collect-content.ts';
import { collectManifests } from './collect-manifests.ts';
import { collectUploads } from './collect-uploads.ts';
import { makePace } from './pace.ts';

export interface CollectOptions {
  /** How long what nothing names is kept after a run has found it so. */
  readonly graceMs: number;
  /** How long an upload may rest. */
  readonly uploadExpiryMs: number;
  readonly now: () => number;
  /** Finds out and reports, but changes nothing. */
  readonly dryRun?: boolean;
  /** Manifests that no tag reaches are garbage, too. */
  readonly untagged?: boolean;
  readonly signal?: AbortSignal;
  readonly onItem?: (item: CollectedItem) => void;
  readonly onProgress?: (doing: string, done: number, of?: number) => void;
}

/** One thing that was removed, or that was marked to be removed when the grace period is over. */
export interface CollectedItem {
  readonly action: 'removed' | 'marked';
  readonly kind: keyof Removed;
  readonly name: string;
  readonly family?: string;
  readonly bytes?: number;
}

export interface Removed {
  uploads: number;
  manifests: number;
  blobs: number;
  content: number;
}

export interface CollectReport {
  readonly dryRun: boolean;
  readonly removed: Removed;
  readonly marked: Removed;
  /** What the removed content took. */
  readonly freedBytes: number;
  /** Families that were left alone, since something in them could not be read. */
  readonly skipped: readonly { readonly family: string; readonly why: string }[];
}

/** What the steps of a collection share. */
export interface Collection extends CollectOptions {
  readonly stores: Stores;
  readonly registry: Registry;
  readonly lease: Lease;
  readonly breathe: () => Promise<void> | undefined;
  report(item: CollectedItem): void;
}

/**
 * Removes what nothing names, beside pushes (docs/decisions/collection.md): a thing is marked in one run and removed
 * in a later one, when the grace period has passed and it is still unnamed; whoever needs it in between takes the mark
 * off. With no grace both happen in one run.
 */
export async function collect(stores: Stores, registry: Registry, options: CollectOptions): Promise<CollectReport> {
  return withLease(stores.keys, 'garbage collection', options.now, async (lease) => {
    const removed: Removed = { uploads: 0, manifests: 0, blobs: 0, content: 0 };
    const marked: Removed = { uploads: 0, manifests: 0, blobs: 0, content: 0 };
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
    const rounds = options.graceMs === 0 && options.dryRun !== true ? 2 : 1;
    for (let round = 0; round < rounds; round += 1) await collectFamilies(collection, skipped);
    await collectContent(collection);
    return { dryRun: options.dryRun === true, removed, marked, freedBytes, skipped };
  });
}

async function collectFamilies(collection: Collection, skipped: { family: string; why: string }[]): Promise<void> {
  let done = 0;
  for await (const { key } of entriesOf(collection.stores.keys, allFamilies)) {
    await collection.breathe();
    const family = nameOfKey(key);
    collection.onProgress?.('repositories', done);
    done += 1;
    if (skipped.some((one) => one.family === family)) continue;
    try {
      if (collection.untagged === true) await collectManifests(collection, family);
      await collectBlobs(collection, family);
    } catch (error) {
      if (!(error instanceof UnreadableManifest)) throw error;
      skipped.push({ family, why: error.message });
    }
  }
}

/** A manifest whose bytes are not what they should be: what it names cannot be known, so nothing of its family is removed. */
export class UnreadableManifest extends Error {
  override readonly name = 'UnreadableManifest';

  constructor(digest: Digest, cause: unknown) {
    super(`manifest ${digest} cannot be read`, { cause });
  }
}
