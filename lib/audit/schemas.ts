import { anything, list, mapOf, named, object, oneOf, optional, text, type Schema } from '../encoding/schema.ts';
import { AUDIT_ACTIONS, type AuditActor, type AuditEntry, type AuditPage } from './audit-entry.ts';

export const AUDIT_ACTION: Schema<AuditEntry['action']> = oneOf(...AUDIT_ACTIONS);

const ENTRY = named(
  'AuditEntry',
  object<AuditEntry>({
    id: text({ description: 'its place: later changes have larger ones' }),
    at: text({ description: 'a time in UTC, such as 2025-06-01T12:00:00.000Z' }),
    action: AUDIT_ACTION,
    by: object<AuditActor>({ address: text(), name: optional(text()) }),
    family: optional(text()),
    subject: optional(text({ description: 'what it was done to: a version, a pin, a tag, a digest, a run' })),
    detail: optional(mapOf(anything('what else there is to say'))),
  }),
  'one change, and who made it',
);

export const AUDIT_PAGE: Schema<AuditPage> = named(
  'AuditPage',
  object<AuditPage>({
    entries: list(ENTRY),
    next: optional(text({ description: 'what to give as last for the next page' })),
  }),
  'the newest first; a page may be short, or empty, and still have a next one',
);
