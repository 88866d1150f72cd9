import { asBuffer } from '../encoding/as-buffer.ts';
import type { Digest } from '../encoding/digest.ts';
import { commitUntilHeld } from '../store/commit-until-held.ts';
import type { KeyedStore } from '../store/keyed-store.ts';
import { after, tagKey, tagOfKey, tagOfManifestKey, tagsOf } from '../store/keys.ts';
import { Plan } from '../store/plan.ts';
import type { Families } from './families.ts';
import { OciError } from './oci-error.ts';
import { isImmutable } from './tag-rules.ts';

/** Tags: a name in a family for a digest. The value under a tag's key is the digest as text. */
export class Tags {
  readonly #keys: KeyedStore;
  readonly #families: Families;

  constructor(keys: KeyedStore, families: Families) {
    this.#keys = keys;
    this.#families = families;
  }

  async find(family: string, tag: string): Promise<Digest | undefined> {
    const value = await this.#keys.get(tagKey(family, tag));
    return value === undefined ? undefined : digestIn(value);
  }

  /** In the order of their bytes, from behind `last`. `more` tells whether the list goes on. */
  async list(family: string, last: string | undefined, limit: number): Promise<{ tags: string[]; more: boolean }> {
    if (!(await this.#families.exists(family))) {
      throw new OciError('name-unknown', `there is no repository ${family}`, { name: family });
    }
    if (limit === 0) return { tags: [], more: false };
    const range = last === undefined ? tagsOf(family) : after(tagsOf(family), tagKey(family, last));
    const page = await this.#keys.list({ ...range, limit: limit + 1 });
    return { tags: page.slice(0, limit).map(({ key }) => tagOfKey(key)), more: page.length > limit };
  }

  async remove(family: string, tag: string): Promise<void> {
    const key = tagKey(family, tag);
    await commitUntilHeld(this.#keys, async () => {
      const value = await this.#keys.get(key);
      if (value === undefined) throw new OciError('manifest-unknown', `this repository has no tag ${tag}`, { tag });
      const plan = new Plan().check({ key, value }).delete(key, tagOfManifestKey(family, digestIn(value), tag));
      await this.checkMayLeave(family, tag, digestIn(value), undefined, plan);
      return { commit: plan.commit, result: undefined };
    });
  }

  /** Adds to a plan that the tag names the digest, in place of what it named. */
  async plan(family: string, tag: string, digest: Digest, plan: Plan): Promise<void> {
    const key = tagKey(family, tag);
    const value = await this.#keys.get(key);
    plan.check({ key, value });
    if (value !== undefined) {
      const old = digestIn(value);
      if (old === digest) return;
      await this.checkMayLeave(family, tag, old, digest, plan);
      plan.delete(tagOfManifestKey(family, old, tag));
    }
    plan.put({ key, value: Buffer.from(digest, 'latin1') });
    plan.put({ key: tagOfManifestKey(family, digest, tag), value: Buffer.alloc(0) });
  }

  /** Refuses to take an immutable tag off its manifest. */
  async checkMayLeave(family: string, tag: string, old: Digest, to: Digest | undefined, plan: Plan): Promise<void> {
    const rules = await this.#families.plan(family, plan, 'rules');
    if (!isImmutable(rules, tag)) return;
    const instead = to === undefined ? 'and cannot be deleted' : `and cannot move to ${to}`;
    throw new OciError('tag-immutable', `${family} declares ${tag} immutable: it names ${old} ${instead}`, {
      tag,
      digest: old,
      ...(to === undefined ? {} : { refused: to }),
    });
  }
}

function digestIn(value: Uint8Array): Digest {
  return asBuffer(value).toString('latin1') as Digest;
}
