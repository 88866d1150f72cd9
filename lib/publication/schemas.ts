import { COUNT, DIGEST, TIME } from '../definition/schemas.ts';
import type { Sha256 } from '../encoding/digest.ts';
import { flag, list, named, object, optional, text, type Schema } from '../encoding/schema.ts';
import type { LiveSnapshot, PublicationStatus } from './wire.ts';

const LIVE = named(
  'LiveSnapshot',
  object<LiveSnapshot>({ publication: COUNT, snapshot: DIGEST, size: COUNT, at: TIME }),
  'a snapshot that was live once, or is; its size is that of the log which it is rendered from',
);

type Hook = NonNullable<PublicationStatus['hook']>;

export const PUBLICATION_STATUS: Schema<PublicationStatus> = named(
  'PublicationStatus',
  object<PublicationStatus>({
    target: text({ description: 'where to, without secrets' }),
    logSize: COUNT,
    live: optional(LIVE),
    waiting: COUNT,
    held: flag('true after a rollback: nothing is published until somebody says so'),
    failures: COUNT,
    lastError: optional(text()),
    lastAttemptAt: optional(TIME),
    nextAttemptAt: optional(TIME),
    hook: optional(object<Hook>({ snapshot: DIGEST, attempts: COUNT, nextAt: TIME, lastError: optional(text()) })),
    snapshots: list(LIVE),
  }),
);

export interface RollbackRequest {
  readonly snapshot: Sha256;
}
export const ROLLBACK_REQUEST: Schema<RollbackRequest> = named(
  'RollbackRequest',
  object<RollbackRequest>({
    snapshot: { ...DIGEST, description: 'the id of a snapshot, sha256: and 64 hex digits' },
  }),
);
