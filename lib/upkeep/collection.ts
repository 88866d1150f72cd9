import type { AuditActor } from '../audit/audit-entry.ts';
import type { Digest } from '../encoding/digest.ts';
import type { Registry, Stores } from '../oci/registry.ts';
import type { Lease } from '../store/lease.ts';

export interface CollectOptions {
  /** How long what nothing names is kept after a run has found it so. */
  readonly graceMs: number;
  /** How long an upload may rest. */
  readonly uploadExpiryMs: number;
  readonly now: () => number;
  /** Who has it done, for the audit; without anybody it is not told of. */
  readonly by?: AuditActor;
  /** How long the audit tells of a change; without it, for ever. */
  readonly auditRetentionMs?: number;
  /** Finds out and reports, but changes nothing. */
  readonly dryRun?: boolean;
  /** Manifests that no tag reaches are garbage, too. */
  readonly untagged?: boolean;
  readonly signal?: AbortSignal;
  readonly onItem?: (item: CollectedItem) => void;
  readonly onProgress?: (doing: string, done: number, of: number | undefined) => void;
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
  /** Of Git repositories. */
  objects: number;
  media: number;
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

/** A manifest whose bytes are not what they should be: what it names cannot be known, so nothing of its family is removed. */
export class UnreadableManifest extends Error {
  override readonly name = 'UnreadableManifest';

  constructor(digest: Digest, cause: unknown) {
    super(`manifest ${digest} cannot be read`, { cause });
  }
}

/** A Git repository of which something is missing: what it leads to cannot be known, so no object of it is removed. */
export class UnreadableRepository extends Error {
  override readonly name = 'UnreadableRepository';

  constructor(what: string, cause: unknown) {
    super(`its Git repository cannot be read: ${what}`, { cause });
  }
}
