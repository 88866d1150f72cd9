import type { Registry } from '../lib/oci/registry.ts';
import type { ContentStore } from '../lib/store/content-store.ts';
import type { Log } from './log.ts';
import type { Metrics } from './metrics.ts';

/** What routes work with. */
export interface AppContext {
  readonly registry: Registry;
  readonly content: ContentStore;
  readonly metrics: Metrics;
  readonly log: Log;
  readonly bodyTimeoutMs: number;
  /** Resolves when the stores answer; rejects with what is wrong. */
  readonly ready: () => Promise<void>;
}
