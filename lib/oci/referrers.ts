import { setImmediate } from 'node:timers/promises';
import type { Digest } from '../encoding/digest.ts';
import { decodeJson, encodeJson } from '../store/json-value.ts';
import type { ContentStore } from '../store/content-store.ts';
import type { KeyedStore } from '../store/keyed-store.ts';
import { after, referrersOf } from '../store/key-ranges.ts';
import { manifestKey, referrerKey } from '../store/keys.ts';
import type { Plan } from '../store/plan.ts';
import { locate, type ManifestLink } from './link.ts';
import { parseManifest, type Manifest } from './manifest.ts';

/** What the referrers list tells of a manifest that names a subject. */
export interface ReferrerDescriptor {
  readonly mediaType: string;
  readonly digest: Digest;
  readonly size: number;
  readonly artifactType?: string;
  readonly annotations?: Readonly<Record<string, string>>;
}

/** What is kept of a referrer. Where its annotations are too large for the keys, they are read from the manifest. */
interface KeptReferrer extends ReferrerDescriptor {
  readonly elsewhere?: true;
}

/** With more than this, a descriptor is kept without its annotations. */
const MAX_KEPT_BYTES = 8 * 1024;

/** Clients refuse indexes of more than 4 MB, so a page ends well before that. */
const MAX_PAGE_BYTES = 2 * 1024 * 1024;
const READ_AT_ONCE = 100;

export interface ReferrersPage {
  readonly descriptors: readonly ReferrerDescriptor[];
  /** The digest to go on behind, when there is more. */
  readonly next?: Digest;
}

/** Who refers to a manifest, whether or not that is there. */
export class Referrers {
  readonly #keys: KeyedStore;
  readonly #content: ContentStore;

  constructor(keys: KeyedStore, content: ContentStore) {
    this.#keys = keys;
    this.#content = content;
  }

  async list(
    family: string,
    subject: Digest,
    { artifactType, last, limit }: { artifactType?: string; last?: Digest; limit: number },
  ): Promise<ReferrersPage> {
    let range = referrersOf(family, subject);
    if (last !== undefined) range = after(range, referrerKey(family, subject, last));
    const descriptors: ReferrerDescriptor[] = [];
    let bytes = 0;
    for (;;) {
      const page = await this.#keys.list({ ...range, limit: READ_AT_ONCE });
      for (const { key, value } of page) {
        const kept = decodeJson<KeptReferrer>(value);
        if (artifactType !== undefined && kept.artifactType !== artifactType) continue;
        const end = descriptors.at(-1);
        if (end !== undefined && descriptors.length === limit) return { descriptors, next: end.digest };
        const descriptor = kept.elsewhere === true ? await this.#whole(family, kept) : kept;
        bytes += descriptor === kept ? value.length : encodeJson(descriptor).length;
        if (end !== undefined && bytes > MAX_PAGE_BYTES) return { descriptors, next: end.digest };
        descriptors.push(descriptor);
        range = after(range, key);
      }
      await setImmediate();
      const lastRead = page.at(-1);
      if (lastRead === undefined || page.length < READ_AT_ONCE) return { descriptors };
      range = after(range, lastRead.key);
    }
  }

  /** Adds to a plan that a manifest refers to its subject, if it names one. */
  plan(family: string, digest: Digest, size: number, manifest: Manifest, plan: Plan): void {
    const { subject, mediaType, artifactType, annotations } = manifest;
    if (subject === undefined) return;
    const descriptor: ReferrerDescriptor = {
      mediaType,
      digest,
      size,
      ...(artifactType === undefined ? {} : { artifactType }),
      ...(annotations === undefined ? {} : { annotations }),
    };
    const whole = encodeJson(descriptor);
    const { annotations: _elsewhere, ...rest } = descriptor;
    const value = whole.length <= MAX_KEPT_BYTES ? whole : encodeJson({ ...rest, elsewhere: true });
    plan.put({ key: referrerKey(family, subject, digest), value });
  }

  /** A descriptor with what only its manifest has; without it, if the manifest is just going. */
  async #whole(family: string, { elsewhere: _elsewhere, ...kept }: KeptReferrer): Promise<ReferrerDescriptor> {
    const value = await this.#keys.get(manifestKey(family, kept.digest));
    if (value === undefined) return kept;
    const bytes = await this.#content.readAll(locate(kept.digest, decodeJson<ManifestLink>(value)));
    const { annotations } = parseManifest(bytes, kept.mediaType);
    return annotations === undefined ? kept : { ...kept, annotations };
  }
}
