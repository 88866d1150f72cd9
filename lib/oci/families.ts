import type { AuditAction, AuditActor } from '../audit/audit-entry.ts';
import type { Audit } from '../audit/audit.ts';
import { commitUntilHeld } from '../store/commit-until-held.ts';
import { decodeJson, encodeJson } from '../store/json-value.ts';
import type { KeyedStore } from '../store/keyed-store.ts';
import { after, allFamilies, familiesBelow } from '../store/key-ranges.ts';
import { familyKey, nameOfKey } from '../store/keys.ts';
import { Plan } from '../store/plan.ts';
import type { FamilyRecord, Quota } from './family-record.ts';
import { OciError } from './oci-error.ts';
import { parseQuota } from './quota.ts';
import { parseRules, type TagRules } from './tag-rules.ts';

/** The families that something was ever pushed to or declared for, with what they declare. */
export class Families {
  readonly #keys: KeyedStore;
  readonly #audit: Audit;

  constructor(keys: KeyedStore, audit: Audit) {
    this.#keys = keys;
    this.#audit = audit;
  }

  async exists(family: string): Promise<boolean> {
    return (await this.#keys.get(familyKey(family))) !== undefined;
  }

  /** All that is declared of a family; undefined where there is none. */
  async find(family: string): Promise<FamilyRecord | undefined> {
    const value = await this.#keys.get(familyKey(family));
    return value === undefined ? undefined : decodeJson<FamilyRecord>(value);
  }

  async rules(family: string): Promise<TagRules> {
    const record = await this.find(family);
    if (record === undefined) throw familyUnknown(family);
    return rulesOf(record);
  }

  /** Declares rules, for a family that may not have anything yet. */
  async declare(family: string, rules: unknown, by?: AuditActor): Promise<TagRules> {
    const parsed = parseRules(rules);
    await this.#change(family, 'rules-declared', by, parsed, ({ immutable: _immutable, ...rest }) => {
      return { ...rest, ...parsed };
    });
    return parsed;
  }

  /** Says how much a family may hold; with nothing, as much as there is room for. */
  async setQuota(family: string, quota: unknown, by?: AuditActor): Promise<Quota> {
    const parsed = parseQuota(quota);
    await this.#change(family, 'quota-set', by, parsed, ({ quota: _quota, ...rest }) => {
      return Object.keys(parsed).length === 0 ? rest : { ...rest, quota: parsed };
    });
    return parsed;
  }

  /** Adds to a plan that the family exists, and with `checked` that its rules stay as they were read. */
  async plan(family: string, plan: Plan, checked: 'rules' | 'existence' = 'existence'): Promise<FamilyRecord> {
    const key = familyKey(family);
    const value = await this.#keys.get(key);
    if (value === undefined) {
      plan.check({ key, value }).put({ key, value: encodeJson({} satisfies FamilyRecord) });
      return {};
    }
    if (checked === 'rules') plan.check({ key, value });
    return decodeJson<FamilyRecord>(value);
  }

  /** Those whose names begin so, behind `last`. */
  async list(last: string | undefined, limit: number, prefix = ''): Promise<string[]> {
    // A key would hold half of such a letter, which may be another.
    if (/[^ -~]/.test(prefix)) return [];
    const all = prefix === '' ? allFamilies : familiesBelow(prefix);
    const range = last === undefined || last < prefix ? all : after(all, familyKey(last));
    return (await this.#keys.list({ ...range, limit })).map(({ key }) => nameOfKey(key));
  }

  async #change(
    family: string,
    action: AuditAction,
    by: AuditActor | undefined,
    declared: object,
    change: (record: FamilyRecord) => FamilyRecord,
  ): Promise<void> {
    const key = familyKey(family);
    await commitUntilHeld(this.#keys, async () => {
      const value = await this.#keys.get(key);
      const record = value === undefined ? {} : decodeJson<FamilyRecord>(value);
      const plan = new Plan().check({ key, value }).put({ key, value: encodeJson(change(record)) });
      if (by !== undefined) this.#audit.plan({ action, by, family, detail: { ...declared } }, plan);
      return { commit: plan.commit, result: undefined };
    });
  }
}

function rulesOf({ immutable }: FamilyRecord): TagRules {
  return immutable === undefined ? {} : { immutable };
}

export function familyUnknown(family: string): OciError {
  return new OciError('name-unknown', `there is no repository ${family}`, { name: family });
}
