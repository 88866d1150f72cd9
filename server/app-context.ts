import type { Definitions } from '../lib/definition/definitions.ts';
import type { PackLimits } from '../lib/git/pack-limits.ts';
import type { OpenSpool } from '../lib/git/spool.ts';
import type { KeptPacks } from '../lib/git/upload-pack/kept-packs.ts';
import type { Log as PublicLog } from '../lib/log/log-store.ts';
import type { Registry, Stores } from '../lib/oci/registry.ts';
import type { BlobLinks } from '../lib/store/blob-links.ts';
import type { Runs } from '../lib/record/runs.ts';
import type { ContentStore } from '../lib/store/content-store.ts';
import type { Identities } from './actor.ts';
import type { HostRules } from './host-check.ts';
import type { Log } from './log.ts';
import type { Metrics } from './metrics.ts';
import type { Publication } from './publication.ts';
import type { Readiness } from './readiness.ts';
import type { Turns } from './turns.ts';
import type { Tracer } from './trace/tracer.ts';

/** What routes work with. */
export interface AppContext {
  readonly registry: Registry;
  readonly definitions: Definitions;
  /** Where pushes wait until they are checked, and how large they may be. */
  readonly openSpool: OpenSpool;
  readonly packLimits: PackLimits;
  readonly keptPacks: KeptPacks;
  readonly content: ContentStore;
  readonly publicLog: PublicLog;
  /** Where clients are sent for blobs, if they are. */
  readonly blobLinks: BlobLinks | undefined;
  readonly runs: Runs;
  /** Undefined where nothing is published. */
  readonly publication: Publication | undefined;
  readonly stores: Stores;
  readonly metrics: Metrics;
  /** Of all processes of this server. */
  readonly metricsText: () => Promise<string>;
  readonly log: Log;
  readonly hosts: HostRules;
  readonly identities: Identities;
  readonly turns: Turns;
  readonly logRequests: boolean;
  /** Undefined where nobody looks at traces. */
  readonly tracer: Tracer | undefined;
  readonly bodyTimeoutMs: number;
  readonly readiness: Readiness;
}
