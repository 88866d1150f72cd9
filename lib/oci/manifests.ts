import type { AuditActor } from '../audit/audit-entry.ts';
import type { Audit } from '../audit/audit.ts';
import { algorithmOf, digestWith, sha256, type Digest } from '../encoding/digest.ts';
import { AGAIN, commitUntilHeld } from '../store/commit-until-held.ts';
import type { ContentStore, Located } from '../store/content-store.ts';
import { decodeJson, encodeJson } from '../store/json-value.ts';
import { entriesOf, type KeyedStore } from '../store/keyed-store.ts';
import { tagsOfManifest } from '../store/key-ranges.ts';
import { blobKey, manifestKey, referrerKey, tagKey, tagOfManifestKey, digestsOfKey } from '../store/keys.ts';
import { makePace } from '../store/pace.ts';
import { Plan } from '../store/plan.ts';
import type { Families } from './families.ts';
import { checkMayGo, linkTo, locate, rescue, withoutMark, type BlobLink, type ManifestLink } from './link.ts';
import { parseManifest, type Manifest, type Named } from './manifest.ts';
import type { Reference } from './name.ts';
import { OciError } from './oci-error.ts';
import { removedManifest } from './removed-manifest.ts';
import type { Quotas } from './quotas.ts';
import type { Referrers } from './referrers.ts';
import type { Tags } from './tags.ts';

export interface FoundManifest {
  readonly digest: Digest;
  readonly mediaType: string;
  readonly located: Located;
  /** The version that it is a part of. */
  readonly published?: string;
}

export interface PushedManifest {
  readonly digest: Digest;
  readonly tags: readonly string[];
  readonly subject?: Digest;
}

/** The first so many missing things are named; more would not help anybody. */
const MAX_MISSING_NAMED = 20;

export interface ManifestParts {
  readonly keys: KeyedStore;
  readonly content: ContentStore;
  readonly families: Families;
  readonly tags: Tags;
  readonly referrers: Referrers;
  readonly quotas: Quotas;
  readonly audit: Audit;
}

/** The manifests of families, with the tags that name them and the subjects that they name. */
export class Manifests {
  readonly #keys: KeyedStore;
  readonly #content: ContentStore;
  readonly #families: Families;
  readonly #tags: Tags;
  readonly #referrers: Referrers;
  readonly #quotas: Quotas;
  readonly #audit: Audit;

  constructor({ keys, content, families, tags, referrers, quotas, audit }: ManifestParts) {
    this.#keys = keys;
    this.#content = content;
    this.#families = families;
    this.#tags = tags;
    this.#referrers = referrers;
    this.#quotas = quotas;
    this.#audit = audit;
  }

  async find(family: string, reference: Reference): Promise<FoundManifest> {
    const digest = 'digest' in reference ? reference.digest : await this.#tags.find(family, reference.tag);
    const value = digest === undefined ? undefined : await this.#keys.get(manifestKey(family, digest));
    if (digest === undefined || value === undefined) throw await this.#unknown(family, reference);
    const link = decodeJson<ManifestLink>(value);
    if (link.condemned !== undefined) {
      await rescue(this.#keys, manifestKey(family, digest));
      return this.find(family, reference);
    }
    const { mediaType, published } = link;
    return { digest, mediaType, located: locate(digest, link), ...(published === undefined ? {} : { published }) };
  }

  async #unknown(family: string, reference: Reference): Promise<OciError> {
    const removed = await removedManifest(this.#keys, family, 'digest' in reference ? reference.digest : reference.tag);
    return removed === undefined ? unknownManifest(reference) : new OciError('manifest-unknown', removed, reference);
  }

  /** Keeps a manifest to the byte, once everything that it names is there, and points the tags at it. */
  async push(
    family: string,
    reference: Reference,
    bytes: Uint8Array,
    contentType: string | undefined,
    moreTags: readonly string[] = [],
    by?: AuditActor,
  ): Promise<PushedManifest> {
    const digest = digestOf(reference, bytes);
    const manifest = parseManifest(bytes, contentType);
    const tags = [...new Set('tag' in reference ? [reference.tag, ...moreTags] : moreTags)];
    await commitUntilHeld(this.#keys, async () => {
      const plan = new Plan();
      const { quota } = await this.#families.plan(family, plan);
      await this.planNamed(family, manifest.named, plan);
      const isNew = await this.#planBytes(family, digest, bytes, manifest, plan);
      for (const tag of tags) await this.#tags.plan(family, tag, digest, plan);
      if (plan.changesNothing) return { result: undefined };
      if (isNew) await this.#quotas.admit(family, quota, bytes.length);
      if (by !== undefined)
        this.#audit.plan({ action: 'manifest-pushed', by, family, subject: digest, detail: { tags } }, plan);
      return { commit: plan.commit, result: undefined };
    });
    return { digest, tags, ...(manifest.subject === undefined ? {} : { subject: manifest.subject }) };
  }

  /**
   * Removes a manifest and every tag that names it. First the link is marked, which makes every push that has read it
   * before fail and begin again, and a push takes the mark off; so the tags that are read then are all there are.
   */
  async remove(family: string, digest: Digest, by?: AuditActor): Promise<void> {
    const key = manifestKey(family, digest);
    await commitUntilHeld(this.#keys, async () => {
      const value = await this.#keys.get(key);
      if (value === undefined) throw unknownManifest({ digest });
      const link = decodeJson<ManifestLink>(value);
      checkMayGo(digest, link);
      const plan = new Plan().check({ key, value });
      const tags = await this.#tagsOf(family, digest);
      for (const tag of tags) await this.#tags.checkMayLeave(family, tag, digest, undefined, plan);
      if (link.removing !== true) {
        await this.#keys.commit(plan.put({ key, value: encodeJson({ ...link, removing: true }) }).commit);
        return AGAIN;
      }
      plan.delete(key);
      if (link.subject !== undefined) plan.delete(referrerKey(family, link.subject, digest));
      for (const tag of tags) this.#planUntag(family, tag, digest, plan);
      if (by !== undefined)
        this.#audit.plan({ action: 'manifest-deleted', by, family, subject: digest, detail: { tags } }, plan);
      return { commit: plan.commit, result: undefined };
    });
  }

  /** Adds a manifest to a plan as a part of a published version, whose other parts are in the plan already. */
  async planPublished(family: string, digest: Digest, bytes: Uint8Array, version: string, plan: Plan): Promise<void> {
    await this.#planBytes(family, digest, bytes, parseManifest(bytes, undefined), plan, version);
  }

  /** Adds to a plan that manifests which the family has, and all that they lead to, are parts of a published version. */
  async planParts(family: string, manifests: readonly Named[], version: string, plan: Plan): Promise<void> {
    await this.planNamed(family, manifests, plan);
    const seen = new Set<Digest>();
    const open = [...manifests];
    const breathe = makePace();
    for (let named = open.pop(); named !== undefined; named = open.pop()) {
      await breathe();
      const { digest, kind } = named;
      if (seen.has(digest)) continue;
      seen.add(digest);
      const key = kind === 'blob' ? blobKey(family, digest) : manifestKey(family, digest);
      const value = await this.#keys.get(key);
      // What may be elsewhere, and is.
      if (value === undefined) continue;
      const link = decodeJson<ManifestLink>(value);
      plan.check({ key, value }).put({ key, value: encodeJson(asPart(link, version)) });
      if (kind === 'blob') continue;
      const bytes = await this.#content.readAll(locate(digest, link));
      const below = parseManifest(bytes, link.mediaType).named;
      await this.planNamed(family, below, plan);
      open.push(...below);
    }
  }

  async #planBytes(
    family: string,
    digest: Digest,
    bytes: Uint8Array,
    manifest: Manifest,
    plan: Plan,
    published?: string,
  ): Promise<boolean> {
    const located = await this.#content.plan(sha256(bytes), bytes, plan);
    this.#referrers.plan(family, digest, bytes.length, manifest, plan);
    return this.#planLink(family, digest, { ...linkTo(digest, located), ...described(manifest) }, plan, published);
  }

  #planUntag(family: string, tag: string, digest: Digest, plan: Plan): void {
    plan.check({ key: tagKey(family, tag), value: Buffer.from(digest, 'latin1') });
    plan.delete(tagKey(family, tag), tagOfManifestKey(family, digest, tag));
  }

  async #tagsOf(family: string, digest: Digest): Promise<string[]> {
    const tags: string[] = [];
    for await (const { key } of entriesOf(this.#keys, tagsOfManifest(family, digest)))
      tags.push(digestsOfKey(key).rest);
    return tags;
  }

  /** Adds to a plan that everything named is there and stays; a mark of the collector comes off. */
  async planNamed(family: string, named: readonly Named[], plan: Plan): Promise<void> {
    const missing: Named[] = [];
    // A manifest of 4 MiB names some 20,000 things.
    const breathe = makePace();
    for (const one of named) {
      await breathe();
      const key = one.kind === 'blob' ? blobKey(family, one.digest) : manifestKey(family, one.digest);
      const value = await this.#keys.get(key);
      if (value === undefined) {
        if (one.needed) missing.push(one);
        continue;
      }
      const link = decodeJson<BlobLink>(value);
      checkSize(one, link);
      plan.check({ key, value });
      if (link.condemned !== undefined) plan.put({ key, value: encodeJson(withoutMark(link)) });
    }
    if (missing.length > 0) throw unknownNamed(missing);
  }

  async #planLink(
    family: string,
    digest: Digest,
    link: ManifestLink,
    plan: Plan,
    published?: string,
  ): Promise<boolean> {
    const key = manifestKey(family, digest);
    const old = await this.#keys.get(key);
    const version = old === undefined ? published : (decodeJson<ManifestLink>(old).published ?? published);
    const value = encodeJson({ ...link, ...(version === undefined ? {} : { published: version }) });
    plan.check({ key, value: old });
    if (old === undefined || Buffer.compare(old, value) !== 0) plan.put({ key, value });
    return old === undefined;
  }
}

/** The link of a thing that is nobody's to take away any more. */
function asPart({ condemned: _condemned, removing: _removing, ...link }: ManifestLink, version: string): ManifestLink {
  return { ...link, published: link.published ?? version };
}

function digestOf(reference: Reference, bytes: Uint8Array): Digest {
  if (!('digest' in reference)) return sha256(bytes);
  const actual = digestWith(algorithmOf(reference.digest), bytes);
  if (actual === reference.digest) return actual;
  throw new OciError('digest-mismatch', `the manifest's digest is ${actual}, not ${reference.digest}`, {
    expected: reference.digest,
    actual,
  });
}

function described({ mediaType, subject }: Manifest): Pick<ManifestLink, 'mediaType' | 'subject'> {
  return { mediaType, ...(subject === undefined ? {} : { subject }) };
}

function checkSize({ digest, size, path }: Named, link: BlobLink): void {
  if (size === link.size) return;
  throw new OciError(
    'manifest-invalid',
    `the manifest is invalid: ${path}.size is ${size}, but ${digest} has ${link.size} bytes`,
  );
}

function unknownNamed(missing: readonly Named[]): OciError {
  const named = missing.slice(0, MAX_MISSING_NAMED).map(({ digest, kind, path }) => ({ digest, kind, path }));
  const first = named[0];
  const others = missing.length > 1 ? ` and ${missing.length - 1} more` : '';
  return new OciError(
    'manifest-blob-unknown',
    `the manifest names a ${first?.kind} that this repository has not: ${first?.path} ${first?.digest}${others}`,
    named,
  );
}

function unknownManifest(reference: Reference): OciError {
  const text = 'digest' in reference ? reference.digest : `tag ${reference.tag}`;
  return new OciError('manifest-unknown', `this repository has no manifest ${text}`, reference);
}
