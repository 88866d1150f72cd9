/** Everything that the audit tells of. */
export const AUDIT_ACTIONS = [
  'published',
  'pinned',
  'erratum',
  'retired',
  'restored',
  'removed',
  'git-pushed',
  'manifest-pushed',
  'manifest-deleted',
  'tag-deleted',
  'blob-deleted',
  'rules-declared',
  'quota-set',
  'submitted',
  'reviewed',
  'amended',
  'retracted',
  'erased',
  'published-now',
  'rolled-back',
  'garbage-collected',
  'log-key-rotated',
  'data-migrated',
] as const;

export type AuditAction = (typeof AUDIT_ACTIONS)[number];

/** Who did it; the address is empty where it was done on the data itself, without a server. */
export interface AuditActor {
  readonly address: string;
  readonly name?: string;
}

/** What is told of a change, before it has its place. */
export interface NewAuditEntry {
  readonly action: AuditAction;
  readonly by: AuditActor;
  readonly family?: string;
  /** What it was done to: a version, a pin, a tag, a digest, a run. */
  readonly subject?: string;
  /** What else there is to say, in a few words. */
  readonly detail?: Readonly<Record<string, unknown>>;
}

/** One change. */
export interface AuditEntry extends NewAuditEntry {
  /** Its place: later changes have larger ones. */
  readonly id: string;
  readonly at: string;
}

/** Entries of which all that is given holds. */
export interface AuditFilter {
  /** A name or an address. */
  readonly actor?: string;
  readonly action?: AuditAction;
  /** A family, or with a slash at its end all below it. */
  readonly family?: string;
  /** Not before this moment, in milliseconds. */
  readonly since?: number;
}

/** The newest first. A page may be short, or empty, and still have a next one: so many entries are looked at and no more. */
export interface AuditPage {
  readonly entries: readonly AuditEntry[];
  readonly next?: string;
}
