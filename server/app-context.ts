import type { Repositories } from '../lib/definition/repositories.ts';
import type { PackLimits } from '../lib/git/pack-limits.ts';
import type { OpenSpool } from '../lib/git/spool.ts';
import type { Registry } from '../lib/oci/registry.ts';
import type { ContentStore } from '../lib/store/content-store.ts';
import type { Log } from './log.ts';
import type { Metrics } from './metrics.ts';

/** What routes work with. */
export interface AppContext {
  readonly registry: Registry;
  readonly repositories: Repositories;
  /** Where pushes wait until they are checked, and how large they may be. */
  readonly openSpool: OpenSpool;
  readonly packLimits: PackLimits;
  readonly content: ContentStore;
  readonly metrics: Metrics;
  readonly log: Log;
  readonly bodyTimeoutMs: number;
  /** Resolves when the stores answer; rejects with what is wrong. */
  readonly ready: () => Promise<void>;
}
