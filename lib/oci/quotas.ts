import { decodeJson } from '../store/json-value.ts';
import { entriesOf, type KeyedStore } from '../store/keyed-store.ts';
import { blobsOf, gitObjectsOf, manifestsOf, versionsOf } from '../store/key-ranges.ts';
import type { Families } from './families.ts';
import type { Quota } from './family-record.ts';
import type { BlobLink } from './link.ts';
import { OciError } from './oci-error.ts';

/** What a family holds: every blob, manifest and Git object of it, whether or not others have the same. */
export interface Usage {
  readonly bytes: number;
  readonly versions: number;
}

/** How large a Git object is, from its record. */
export type ObjectSize = (record: Uint8Array) => number;

interface Counted {
  bytes: number;
  readonly at: number;
  readonly tookMs: number;
}

/** A count is good for so many times as long as it took, and for this long at least. */
const WORTH = 20;
const LEAST_MS = 1000;
const MAX_REMEMBERED = 1000;

/**
 * Holds families to their quotas. Nobody keeps a sum, which all who push to a family would wait for: what a family holds
 * is counted where it has a quota, and what this server let in since is added. Servers that share a store may so let in a
 * little too much, each for as long as its count is good.
 */
export class Quotas {
  readonly #keys: KeyedStore;
  readonly #families: Families;
  readonly #objectSize: ObjectSize;
  readonly #counted = new Map<string, Counted>();

  constructor(keys: KeyedStore, families: Families, objectSize: ObjectSize) {
    this.#keys = keys;
    this.#families = families;
    this.#objectSize = objectSize;
  }

  /** For who has no record of the family at hand. */
  async admitTo(family: string, bytes: number): Promise<void> {
    await this.admit(family, (await this.#families.find(family))?.quota, bytes);
  }

  /** Lets so many bytes more into a family. Rejects with code `quota-exceeded`. */
  async admit(family: string, quota: Quota | undefined, more: number): Promise<void> {
    if (quota?.bytes === undefined) return;
    const counted = await this.#recent(family, quota.bytes - more);
    if (counted.bytes + more > quota.bytes) throw tooMuch(family, quota.bytes, counted.bytes, more);
    counted.bytes += more;
  }

  /** How many bytes more a family takes; undefined where that is not limited. */
  async room(family: string): Promise<number | undefined> {
    const quota = (await this.#families.find(family))?.quota;
    if (quota?.bytes === undefined) return undefined;
    return Math.max(0, quota.bytes - (await this.#recent(family, quota.bytes - 1)).bytes);
  }

  /** Rejects where a family has as many versions as it may. */
  async admitVersion(family: string, quota: Quota | undefined): Promise<void> {
    if (quota?.versions === undefined) return;
    const versions = await this.#keys.list({ ...versionsOf(family), limit: Math.max(1, quota.versions) });
    if (versions.length < quota.versions) return;
    throw new OciError('quota-exceeded', `${family} may have ${quota.versions} versions, and has them`, {
      limit: quota,
    });
  }

  /** Counted now. */
  async usage(family: string): Promise<Usage> {
    const { bytes } = await this.#count(family);
    let versions = 0;
    for await (const _version of entriesOf(this.#keys, versionsOf(family))) versions += 1;
    return { bytes, versions };
  }

  /** A count that is not old; where it would be refused by, one that is as new as it can be without counting all day. */
  async #recent(family: string, most: number): Promise<Counted> {
    const known = this.#counted.get(family);
    if (known !== undefined) {
      const age = performance.now() - known.at;
      const isGood = age < Math.max(LEAST_MS, known.tookMs * WORTH);
      if (isGood && (known.bytes <= most || age < known.tookMs * 2)) return known;
    }
    const counted = await this.#count(family);
    this.#counted.delete(family);
    this.#counted.set(family, counted);
    const [oldest] = this.#counted.keys();
    if (this.#counted.size > MAX_REMEMBERED && oldest !== undefined) this.#counted.delete(oldest);
    return counted;
  }

  async #count(family: string): Promise<Counted> {
    const began = performance.now();
    let bytes = 0;
    for (const range of [blobsOf(family), manifestsOf(family)]) {
      for await (const { value } of entriesOf(this.#keys, range)) {
        const link = decodeJson<BlobLink>(value);
        // A tree's tar is made of the Git objects when it is asked for.
        if (link.place !== 'tree') bytes += link.size;
      }
    }
    for await (const { value } of entriesOf(this.#keys, gitObjectsOf(family))) bytes += this.#objectSize(value);
    const at = performance.now();
    return { bytes, at, tookMs: at - began };
  }
}

function tooMuch(family: string, limit: number, used: number, wanted: number): OciError {
  const message = `${family} may hold ${limit} bytes; it holds ${used}, and this would be ${wanted} more`;
  return new OciError('quota-exceeded', message, { limit, used, wanted });
}
