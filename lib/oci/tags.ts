import type { AuditActor } from '../audit/audit-entry.ts';
import type { Audit } from '../audit/audit.ts';
import { asBuffer } from '../encoding/as-buffer.ts';
import type { Digest } from '../encoding/digest.ts';
import { commitUntilHeld } from '../store/commit-until-held.ts';
import type { KeyedStore } from '../store/keyed-store.ts';
import { after, tagsOf } from '../store/key-ranges.ts';
import { pinKey, tagKey, tagOfKey, tagOfManifestKey, versionKey } from '../store/keys.ts';
import { Plan } from '../store/plan.ts';
import { familyUnknown, type Families } from './families.ts';
import { OciError } from './oci-error.ts';
import { removedManifest } from './removed-manifest.ts';
import { isImmutable } from './tag-rules.ts';

/** Tags: a name in a family for a digest. The value under a tag's key is the digest as text. */
export class Tags {
  readonly #keys: KeyedStore;
  readonly #families: Families;
  readonly #audit: Audit;

  constructor(keys: KeyedStore, families: Families, audit: Audit) {
    this.#keys = keys;
    this.#families = families;
    this.#audit = audit;
  }

  async find(family: string, tag: string): Promise<Digest | undefined> {
    const value = await this.#keys.get(tagKey(family, tag));
    return value === undefined ? undefined : digestIn(value);
  }

  /** In the order of their bytes, from behind `last`. `more` tells whether the list goes on. */
  async list(family: string, last: string | undefined, limit: number): Promise<{ tags: string[]; more: boolean }> {
    if (!(await this.#families.exists(family))) {
      throw familyUnknown(family);
    }
    if (limit === 0) return { tags: [], more: false };
    const range = last === undefined ? tagsOf(family) : after(tagsOf(family), tagKey(family, last));
    const page = await this.#keys.list({ ...range, limit: limit + 1 });
    return { tags: page.slice(0, limit).map(({ key }) => tagOfKey(key)), more: page.length > limit };
  }

  async remove(family: string, tag: string, by?: AuditActor): Promise<void> {
    const key = tagKey(family, tag);
    await commitUntilHeld(this.#keys, async () => {
      const value = await this.#keys.get(key);
      if (value === undefined) throw new OciError('manifest-unknown', `this repository has no tag ${tag}`, { tag });
      const plan = new Plan().check({ key, value }).delete(key, tagOfManifestKey(family, digestIn(value), tag));
      await this.checkMayLeave(family, tag, digestIn(value), undefined, plan);
      const subject = { family, subject: tag, detail: { digest: digestIn(value) } };
      if (by !== undefined) this.#audit.plan({ action: 'tag-deleted', by, ...subject }, plan);
      return { commit: plan.commit, result: undefined };
    });
  }

  /** Adds to a plan that the tag names the digest, in place of what it named. */
  async plan(family: string, tag: string, digest: Digest, plan: Plan): Promise<void> {
    const old = await this.find(family, tag);
    if (old !== undefined && old !== digest) await this.checkMayLeave(family, tag, old, digest, plan);
    if (old === undefined) await this.#checkNotRemoved(family, tag, plan);
    this.planMove(family, tag, old, digest, plan);
  }

  /** Adds to a plan that the tag goes from one digest to another, for whoever has made sure that it may. */
  planMove(family: string, tag: string, from: Digest | undefined, to: Digest | undefined, plan: Plan): void {
    const key = tagKey(family, tag);
    plan.check({ key, value: from === undefined ? undefined : Buffer.from(from, 'latin1') });
    if (from === to) return;
    if (from !== undefined) plan.delete(tagOfManifestKey(family, from, tag));
    if (to === undefined) {
      plan.delete(key);
      return;
    }
    plan.put({ key, value: Buffer.from(to, 'latin1') });
    plan.put({ key: tagOfManifestKey(family, to, tag), value: Buffer.alloc(0) });
  }

  /** The tag of a published version never moves, and that of a pin only with the pin. */
  async #checkFree(family: string, tag: string, plan: Plan): Promise<void> {
    for (const [what, key] of [
      ['a published version, which stays as it is', versionKey(family, tag)],
      ['a pin, which only `assay pin` moves', pinKey(family, tag)],
    ] as const) {
      const value = await this.#keys.get(key);
      if (value !== undefined) throw new OciError('tag-immutable', `${family} has ${tag} as ${what}`, { tag });
      plan.check({ key, value });
    }
  }

  /** The name of a version that was removed never stands for anything else. */
  async #checkNotRemoved(family: string, tag: string, plan: Plan): Promise<void> {
    const removed = await removedManifest(this.#keys, family, tag, plan);
    if (removed !== undefined) throw new OciError('tag-immutable', `${removed}; its name is not used again`, { tag });
  }

  /** Refuses to take an immutable tag off its manifest. */
  async checkMayLeave(family: string, tag: string, old: Digest, to: Digest | undefined, plan: Plan): Promise<void> {
    await this.#checkFree(family, tag, plan);
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
