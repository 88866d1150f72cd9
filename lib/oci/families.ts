import { decodeJson, encodeJson } from '../store/json-value.ts';
import type { KeyedStore } from '../store/keyed-store.ts';
import { after, allFamilies, familiesBelow, familyKey, nameOfKey } from '../store/keys.ts';
import type { Plan } from '../store/plan.ts';
import { OciError } from './oci-error.ts';
import { parseRules, type TagRules } from './tag-rules.ts';

/** The families that something was ever pushed to or declared for, with what they declare. */
export class Families {
  readonly #keys: KeyedStore;

  constructor(keys: KeyedStore) {
    this.#keys = keys;
  }

  async exists(family: string): Promise<boolean> {
    return (await this.#keys.get(familyKey(family))) !== undefined;
  }

  async rules(family: string): Promise<TagRules> {
    const value = await this.#keys.get(familyKey(family));
    if (value === undefined) throw familyUnknown(family);
    return decodeJson<TagRules>(value);
  }

  /** Declares rules, for a family that may not have anything yet. */
  async declare(family: string, rules: unknown): Promise<TagRules> {
    const parsed = parseRules(rules);
    await this.#keys.commit({ puts: [{ key: familyKey(family), value: encodeJson(parsed) }] });
    return parsed;
  }

  /** Adds to a plan that the family exists, and with `checked` that its rules stay as they were read. */
  async plan(family: string, plan: Plan, checked: 'rules' | 'existence' = 'existence'): Promise<TagRules> {
    const key = familyKey(family);
    const value = await this.#keys.get(key);
    if (value === undefined) {
      plan.check({ key, value }).put({ key, value: encodeJson({} satisfies TagRules) });
      return {};
    }
    if (checked === 'rules') plan.check({ key, value });
    return decodeJson<TagRules>(value);
  }

  /** Those whose names begin so, behind `last`. */
  async list(last: string | undefined, limit: number, prefix = ''): Promise<string[]> {
    // A key would hold half of such a letter, which may be another.
    if (/[^ -~]/.test(prefix)) return [];
    const all = prefix === '' ? allFamilies : familiesBelow(prefix);
    const range = last === undefined || last < prefix ? all : after(all, familyKey(last));
    return (await this.#keys.list({ ...range, limit })).map(({ key }) => nameOfKey(key));
  }
}

export function familyUnknown(family: string): OciError {
  return new OciError('name-unknown', `there is no repository ${family}`, { name: family });
}
