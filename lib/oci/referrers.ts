import type { Digest } from '../encoding/digest.ts';
import { decodeJson, encodeJson } from '../store/json-value.ts';
import type { KeyedStore } from '../store/keyed-store.ts';
import { after, referrerKey, referrersOf } from '../store/keys.ts';
import type { Plan } from '../store/plan.ts';
import type { Manifest } from './manifest.ts';

/** What the referrers list tells of a manifest that names a subject. */
export interface ReferrerDescriptor {
  readonly mediaType: string;
  readonly digest: Digest;
  readonly size: number;
  readonly artifactType?: string;
  readonly annotations?: Readonly<Record<string, string>>;
}

/** Clients refuse indexes of more than 4 MB, so a page ends well before that. */
const MAX_PAGE_BYTES = 2 * 1024 * 1024;
const READ_AT_ONCE = 200;

export interface ReferrersPage {
  readonly descriptors: readonly ReferrerDescriptor[];
  /** The digest to go on behind, when there is more. */
  readonly next?: Digest;
}

/** Who refers to a manifest, whether or not that is there. */
export class Referrers {
  readonly #keys: KeyedStore;

  constructor(keys: KeyedStore) {
    this.#keys = keys;
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
        const descriptor = decodeJson<ReferrerDescriptor>(value);
        if (artifactType !== undefined && descriptor.artifactType !== artifactType) continue;
        const end = descriptors.at(-1);
        bytes += value.length;
        if (end !== undefined && (descriptors.length === limit || bytes > MAX_PAGE_BYTES)) {
          return { descriptors, next: end.digest };
        }
        descriptors.push(descriptor);
        range = after(range, key);
      }
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
    plan.put({ key: referrerKey(family, subject, digest), value: encodeJson(descriptor) });
  }
}
