import type { AuditActor } from '../audit/audit-entry.ts';
import type { Audit } from '../audit/audit.ts';
import { asBuffer } from '../encoding/as-buffer.ts';
import { isSha256, type Digest, type Sha256 } from '../encoding/digest.ts';
import { commitUntilHeld } from '../store/commit-until-held.ts';
import type { ContentStore, Kept, Located } from '../store/content-store.ts';
import { decodeJson, encodeJson } from '../store/json-value.ts';
import type { KeyedStore } from '../store/keyed-store.ts';
import { aliasKey, blobKey } from '../store/keys.ts';
import { Plan } from '../store/plan.ts';
import type { Families } from './families.ts';
import { checkMayGo, linkTo, locate, rescue, withoutMark, type BlobLink, type TreeLink } from './link.ts';
import { OciError } from './oci-error.ts';
import type { Quotas } from './quotas.ts';

/** A blob whose bytes are those of a tree's canonical tar. */
export interface TreeBlob {
  readonly place: 'tree';
  readonly tree: string;
  readonly size: number;
}

export interface BlobParts {
  readonly keys: KeyedStore;
  readonly content: ContentStore;
  readonly families: Families;
  readonly quotas: Quotas;
  readonly audit: Audit;
}

/** The blobs of families. */
export class Blobs {
  readonly #keys: KeyedStore;
  readonly #content: ContentStore;
  readonly #families: Families;
  readonly #quotas: Quotas;
  readonly #audit: Audit;

  constructor({ keys, content, families, quotas, audit }: BlobParts) {
    this.#keys = keys;
    this.#content = content;
    this.#families = families;
    this.#quotas = quotas;
    this.#audit = audit;
  }

  /** Who is told that a blob is there counts on it: a mark of the collector comes off before the answer. */
  async find(family: string, digest: Digest): Promise<Located | TreeBlob> {
    const value = await this.#keys.get(blobKey(family, digest));
    if (value === undefined) throw unknownBlob(digest);
    const link = decodeJson<BlobLink>(value);
    if (link.condemned === undefined) return link.place === 'tree' ? link : locate(digest, link);
    await rescue(this.#keys, blobKey(family, digest));
    return this.find(family, digest);
  }

  /** Gives the family a blob of another family, or, with none named, one that is stored at all. False: upload it. */
  async mount(family: string, digest: Digest, from: string | undefined): Promise<boolean> {
    return commitUntilHeld(this.#keys, async () => {
      const kept = await this.#keptOf(digest, from);
      if (kept === undefined) return { result: false };
      const plan = await this.link(family, digest, kept);
      return plan.changesNothing ? { result: true } : { commit: plan.commit, result: true };
    });
  }

  async remove(family: string, digest: Digest, by?: AuditActor): Promise<void> {
    const key = blobKey(family, digest);
    await commitUntilHeld(this.#keys, async () => {
      const value = await this.#keys.get(key);
      if (value === undefined) throw unknownBlob(digest);
      checkMayGo(digest, decodeJson<BlobLink>(value));
      const plan = new Plan().check({ key, value }).delete(key);
      if (by !== undefined) this.#audit.plan({ action: 'blob-deleted', by, family, subject: digest }, plan);
      return { commit: plan.commit, result: undefined };
    });
  }

  /** A plan by which the family has the blob. */
  async link(family: string, digest: Digest, kept: Kept): Promise<Plan> {
    const plan = new Plan().check(...kept.checks).put(...kept.puts);
    if (!isSha256(digest)) plan.put({ key: aliasKey(digest), value: Buffer.from(kept.located.content, 'latin1') });
    const { quota } = await this.#families.plan(family, plan);
    const isNew = await this.#planLink(family, digest, linkTo(digest, kept.located), plan);
    if (isNew) await this.#quotas.admit(family, quota, kept.located.size);
    return plan;
  }

  /** Adds to a plan that the family has these bytes as a blob that is a part of a published version. */
  async planPublished(family: string, digest: Sha256, bytes: Uint8Array, version: string, plan: Plan): Promise<void> {
    const located = await this.#content.plan(digest, bytes, plan);
    await this.#planLink(family, digest, linkTo(digest, located), plan, version);
  }

  /** Adds to a plan that the family has a tree's canonical tar as a blob. */
  async planTree(
    family: string,
    digest: Digest,
    { size, tree, published }: Omit<TreeLink, 'place'>,
    plan: Plan,
  ): Promise<void> {
    await this.#planLink(family, digest, { size, place: 'tree', tree }, plan, published);
  }

  /** What is a part of a version stays one, and what is made of a tree needs no bytes of its own. True: the family had none. */
  async #planLink(family: string, digest: Digest, link: BlobLink, plan: Plan, published?: string): Promise<boolean> {
    const key = blobKey(family, digest);
    const value = await this.#keys.get(key);
    plan.check({ key, value });
    const old = value === undefined ? undefined : decodeJson<BlobLink>(value);
    const version = old?.published ?? published;
    const wanted = old?.place === 'tree' ? withoutMark(old) : link;
    const next = encodeJson({ ...wanted, ...(version === undefined ? {} : { published: version }) });
    if (value === undefined || Buffer.compare(value, next) !== 0) plan.put({ key, value: next });
    return value === undefined;
  }

  async #keptOf(digest: Digest, from: string | undefined): Promise<Kept | undefined> {
    if (from === undefined) return this.#keptAnywhere(digest);
    const value = await this.#keys.get(blobKey(from, digest));
    if (value === undefined) return undefined;
    const link = decodeJson<BlobLink>(value);
    return link.place === 'tree' ? undefined : this.#content.keep(locate(digest, link).content);
  }

  async #keptAnywhere(digest: Digest): Promise<Kept | undefined> {
    if (isSha256(digest)) return this.#content.keep(digest);
    const content = await this.#keys.get(aliasKey(digest));
    return content === undefined ? undefined : this.#content.keep(asBuffer(content).toString('latin1') as Sha256);
  }
}

function unknownBlob(digest: Digest): OciError {
  return new OciError('blob-unknown', `this repository has no blob ${digest}`, { digest });
}
