import { randomBytes } from 'node:crypto';
import { decodeJson, encodeJson } from '../store/json-value.ts';
import type { Entry, KeyedStore } from '../store/keyed-store.ts';
import { allAudit } from '../store/key-ranges.ts';
import { auditIdOfKey, auditKey, auditKeyOfId, auditSince } from '../store/keys.ts';
import type { Plan } from '../store/plan.ts';
import type { AuditEntry, AuditFilter, AuditPage, NewAuditEntry } from './audit-entry.ts';

/** So many entries one page looks at, whatever it finds. */
const MOST_LOOKED_AT = 5000;
const LOOK = 500;
const FORGET_AT_ONCE = 500;

/**
 * Who changed what and when. An entry is put together with the change that it tells of; its key is made of the time and of
 * random bytes, so that no two changes ever wait for each other because of it.
 */
export class Audit {
  readonly #keys: KeyedStore;
  readonly #now: () => number;
  /** Changes of one millisecond keep their order. */
  #count = 0;

  constructor(keys: KeyedStore, now: () => number) {
    this.#keys = keys;
    this.#now = now;
  }

  /** Adds to the plan of a change that it is told of; of a change that says when it was, at the same moment. */
  plan(entry: NewAuditEntry, plan: Plan, at?: number): void {
    plan.put(this.entry(entry, at));
  }

  /** Tells of a change that is made already, in a commit of its own. */
  async note(entry: NewAuditEntry): Promise<void> {
    await this.#keys.commit({ puts: [this.entry(entry)] });
  }

  /** What is to be put for a change, for who makes a commit by other means than a plan. */
  entry(entry: NewAuditEntry, now: number = this.#now()): Entry {
    this.#count = (this.#count + 1) % 2 ** 32;
    const at = Math.max(0, now);
    const key = auditKey(at, this.#count, randomBytes(4));
    return { key, value: encodeJson({ at: new Date(at).toISOString(), ...entry }) };
  }

  /** From before the entry that `last` names. */
  async page(filter: AuditFilter, last: string | undefined, limit: number): Promise<AuditPage> {
    const start = filter.since === undefined ? allAudit.start : auditSince(filter.since);
    let end: Uint8Array = last === undefined ? allAudit.end : auditKeyOfId(last);
    const found: AuditEntry[] = [];
    for (let looked = 0; looked < MOST_LOOKED_AT && Buffer.compare(start, end) < 0; looked += LOOK) {
      const entries = await this.#keys.list({ start, end, limit: LOOK, reverse: true });
      for (const { key, value } of entries) {
        const entry = { id: auditIdOfKey(key), ...decodeJson<Omit<AuditEntry, 'id'>>(value) };
        if (!isMeant(entry, filter)) continue;
        if (found.length === limit) return { entries: found, next: found.at(-1)?.id ?? auditIdOfKey(end) };
        found.push(entry);
      }
      const oldest = entries.at(-1);
      if (oldest === undefined || entries.length < LOOK) return { entries: found };
      end = oldest.key;
    }
    return Buffer.compare(start, end) < 0 ? { entries: found, next: auditIdOfKey(end) } : { entries: found };
  }

  /** Forgets what is older; returns how much that was. */
  async forgetBefore(time: number, breathe: () => Promise<void> | undefined): Promise<number> {
    const range = { start: allAudit.start, end: auditSince(time), limit: FORGET_AT_ONCE };
    let forgotten = 0;
    for (;;) {
      await breathe();
      const entries = await this.#keys.list(range);
      if (entries.length > 0) await this.#keys.commit({ deletes: entries.map(({ key }) => key) });
      forgotten += entries.length;
      if (entries.length < FORGET_AT_ONCE) return forgotten;
    }
  }
}

function isMeant({ action, by, family }: NewAuditEntry, filter: AuditFilter): boolean {
  if (filter.action !== undefined && action !== filter.action) return false;
  if (filter.actor !== undefined && by.name !== filter.actor && by.address !== filter.actor) return false;
  if (filter.family === undefined) return true;
  return filter.family.endsWith('/') ? family?.startsWith(filter.family) === true : family === filter.family;
}
