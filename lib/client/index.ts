/** What a runner imports: `import { AssayClient, pull } from 'assay/client'`. */
export { AssayClient, type CallOptions, type PageOptions } from './assay-client.ts';
export { ClientError, isClientError, type ClientErrorCode } from './client-error.ts';
export { ContentCache } from './content-cache.ts';
export type { Fetched, OnProgress } from './fetch-content.ts';
export type { PartWanted } from './part-answer.ts';
export {
  formatLock,
  LOCK_FILE,
  parseLock,
  readLock,
  writeLock,
  type LockedDefinition,
  type LockFile,
} from './lock-file.ts';
export { lock, lockedAs, type LockChange, type Locked } from './lock.ts';
export { pull, type Pulled, type PullOptions } from './pull.ts';
export { parseReference, type Reference } from './reference.ts';
export { resolveRef, type Resolved, type ResolvePlace } from './resolve-ref.ts';
export { saidOf } from './said-of.ts';
export { readDocument } from './run-directory.ts';
export { RunClient } from './run-client.ts';
export { submitRun, type SubmitOptions, type SubmittedRun } from './submit-run.ts';
export { amendRun, type AmendOptions } from './amend-run.ts';
export { Transport, type TransportOptions } from './transport.ts';
export { publishAll, type PublishAllOptions, type Refusal } from './publish/publish-all.ts';
export type { PublishOutcome } from './publish/publish.ts';
export { compareVersions } from './version-order.ts';
export { verify, type Verified, type VerifyOptions } from './verify.ts';
export type { AuditAction, AuditActor, AuditEntry, AuditPage } from '../audit/audit-entry.ts';
export type * from '../definition/wire.ts';
export type { Quota, QuotaAnswer } from '../oci/family-record.ts';
export type * from '../publication/wire.ts';
export type * from '../record/wire.ts';
