import type { Digest, Sha256 } from '../encoding/digest.ts';
import type { Breather } from '../git/breather.ts';
import type { ObjectSource } from '../git/object-source.ts';
import type { Oid } from '../git/oid.ts';
import { OciError } from '../oci/oci-error.ts';
import type { Registry } from '../oci/registry.ts';
import { decodeJson, encodeJson } from '../store/json-value.ts';
import type { KeyedStore } from '../store/keyed-store.ts';
import { versionsOf } from '../store/key-ranges.ts';
import { refKey, versionKey } from '../store/keys.ts';
import type { Plan } from '../store/plan.ts';
import { BlobMemory, type Remembering } from './blob-memory.ts';
import { DefinitionError } from './definition-error.ts';
import { prepareEdition, withDigest, type Bytes, type Edition } from './edition.ts';
import type { Events } from './events.ts';
import { containerIndex, type ImageEntry } from './manifest-bytes.ts';
import { planNeed } from './removal.ts';
import type { VersionRecord } from './version-record.ts';
import type { Actor, Kind, Source } from './wire.ts';

/** What is known of a publish beside its content. */
export interface Circumstances {
  readonly commit: Oid;
  readonly by: Actor;
  readonly with: 'publish' | 'git push';
  readonly source: Source;
}

/** The image of a container, as it was found in the family. */
export interface Image {
  readonly digest: Sha256;
  readonly entries: readonly ImageEntry[];
}

/** An edition with the image, if there is one, and the digest by which the version will be known. */
export interface Whole {
  readonly edition: Edition;
  readonly image?: Image;
  readonly index?: Bytes;
  readonly digest: Sha256;
}

export function wholeOf(edition: Edition, image?: Image): Whole {
  if (image === undefined) return { edition, digest: edition.manifest.digest };
  const parts = { ...edition, name: edition.metadata.name };
  const index = withDigest(containerIndex(parts, edition.manifest, image.entries));
  return { edition, image, index, digest: index.digest };
}

/** Makes editions of trees, and puts them into the plan of the commit that publishes them. */
export class Editions {
  readonly #keys: KeyedStore;
  readonly #registry: Registry;
  readonly #events: Events;
  readonly #memory = new BlobMemory();

  constructor(keys: KeyedStore, registry: Registry, events: Events) {
    this.#keys = keys;
    this.#registry = registry;
    this.#events = events;
  }

  /** For who inflates the files of a tree before it is judged. */
  remember(): Remembering {
    return this.#memory.begin();
  }

  /** Judges a tree, whose objects are checked, as a version that is to be. */
  prepare(
    { family, version, tree }: Pick<Edition, 'family' | 'version' | 'tree'>,
    source: ObjectSource,
    breather: Breather,
    memory: Remembering = this.remember(),
  ): Promise<Edition> {
    return prepareEdition(family, version, tree, source, { memory, breather });
  }

  /** Adds all that makes a version. Rejects where its name, in any dialect, is something else already. */
  async plan(whole: Whole, circumstances: Circumstances, plan: Plan): Promise<void> {
    const { edition, digest } = whole;
    const { family, version } = edition;
    await this.checkKind(edition);
    await planNeed(this.#keys, family, version, plan);
    await this.#planParts(whole, plan);
    this.#registry.tags.planMove(family, version, await this.checkTag(whole), digest, plan);
    const { quota } = await this.#registry.families.plan(family, plan);
    await this.#registry.quotas.admitVersion(family, quota);
    const { tree } = edition;
    const at = await this.#events.plan(family, { what: 'published', version, digest, tree }, circumstances.by, plan);
    const key = versionKey(family, version);
    plan.check({ key, value: undefined }).put({ key, value: encodeJson(recordOf(whole, circumstances, at)) });
  }

  /** A family is a line of definitions of one kind. */
  async checkKind({ family, kind }: Edition): Promise<void> {
    const [first] = await this.#keys.list({ ...versionsOf(family), limit: 1 });
    if (first === undefined) return;
    const there = decodeJson<VersionRecord>(first.value).kind;
    if (there !== kind) throw kindMismatch(family, there, kind);
  }

  /** Rejects where the version's OCI tag names something else; what it names already, if anything, is the version. */
  async checkTag({ edition: { family, version }, digest }: Whole): Promise<Digest | undefined> {
    const tag = await this.#registry.tags.find(family, version);
    if (tag !== undefined && tag !== digest) throw taken(family, version, `an OCI tag of ${tag}`);
    return tag;
  }

  /** A Git tag of that name that was pushed before there was a definition in it. */
  async checkNameFree(family: string, version: string): Promise<void> {
    const ref = await this.#keys.get(refKey(family, `refs/tags/${version}`));
    if (ref !== undefined) throw taken(family, version, 'a Git tag');
    const tag = await this.#registry.tags.find(family, version);
    if (tag !== undefined) throw taken(family, version, `an OCI tag of ${tag}`);
  }

  async #planParts({ edition, image, index }: Whole, plan: Plan): Promise<void> {
    const { family, version, layer, config, manifest, tree } = edition;
    const { blobs, manifests } = this.#registry;
    await blobs.planPublished(family, config.digest, config.bytes, version, plan);
    await blobs.planTree(family, layer.digest, { size: layer.size, tree, published: version }, plan);
    await manifests.planPublished(family, manifest.digest, manifest.bytes, version, plan);
    if (index === undefined || image === undefined) return;
    const named = image.entries.map(({ digest, size }, at) => {
      return { digest: digest as Digest, size, kind: 'manifest' as const, needed: true, path: `manifests[${at}]` };
    });
    await manifests.planParts(family, named, version, plan).catch((error: unknown) => {
      throw error instanceof OciError ? new DefinitionError('image-invalid', error.message, error.detail) : error;
    });
    await manifests.planPublished(family, index.digest, index.bytes, version, plan);
  }
}

function recordOf({ edition, image, digest }: Whole, circumstances: Circumstances, at: string): VersionRecord {
  const { kind, tree, files, layer, config, metadata } = edition;
  const { commit, by, with: how, source } = circumstances;
  return {
    kind,
    digest,
    tree,
    commit,
    layer: { digest: layer.digest, size: layer.size },
    config: { digest: config.digest, size: config.size },
    ...(image === undefined ? {} : { image: image.digest }),
    ...(metadata.name === undefined ? {} : { name: metadata.name }),
    files,
    published: { at, by, with: how },
    source,
  };
}

export function kindMismatch(family: string, there: Kind, kind: Kind): DefinitionError {
  return new DefinitionError(
    'kind-mismatch',
    `${family} holds definitions of the kind ${there}, and this is a ${kind}`,
  );
}

function taken(family: string, version: string, what: string): DefinitionError {
  return new DefinitionError('name-taken', `${family} has ${version} as ${what} already; publish another version`);
}
