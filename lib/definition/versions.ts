import { parseDigest, type Digest } from '../encoding/digest.ts';
import { familyUnknown, type Families } from '../oci/families.ts';
import type { ManifestLink } from '../oci/link.ts';
import { decodeJson } from '../store/json-value.ts';
import { entriesOf, type KeyedStore } from '../store/keyed-store.ts';
import { after, pinsOf, versionsOf } from '../store/key-ranges.ts';
import { manifestKey, pinKey, statementsKey, tagOfKey, versionKey } from '../store/keys.ts';
import { DefinitionError } from './definition-error.ts';
import { isPin } from './pin-name.ts';
import { gone, removedIn } from './removal.ts';
import { isVersion, newestOf } from './version-name.ts';
import { shownVersion, type PinRecord, type StatementsRecord, type VersionRecord } from './version-record.ts';
import type { Family, FamilyPage, Statement, Version, VersionPage } from './wire.ts';

/** So many names are told to who asked for another. */
const NAMES_TOLD = 10;

/** What is published: versions of families, found by name, pin or digest. */
export class Versions {
  readonly #keys: KeyedStore;
  readonly #families: Families;

  constructor(keys: KeyedStore, families: Families) {
    this.#keys = keys;
    this.#families = families;
  }

  async record(family: string, version: string): Promise<VersionRecord | undefined> {
    const value = await this.#keys.get(versionKey(family, version));
    return value === undefined ? undefined : decodeJson<VersionRecord>(value);
  }

  /** The version that a reference stands for: its name, a digest, a pin, or `latest`. */
  async resolve(family: string, ref: string): Promise<Version> {
    const version = await this.#nameOf(family, ref);
    const record = version === undefined ? undefined : await this.record(family, version);
    if (version === undefined || record === undefined) throw await this.#unknown(family, ref);
    return this.#shown(family, version, record, await this.#pinsByVersion(family));
  }

  /** In the order of the bytes of their names. */
  async page(family: string, last: string | undefined, limit: number): Promise<VersionPage> {
    if (!(await this.#families.exists(family))) throw familyUnknown(family);
    const range = last === undefined ? versionsOf(family) : after(versionsOf(family), versionKey(family, last));
    const entries = await this.#keys.list({ ...range, limit: limit + 1 });
    const pins = await this.#pinsByVersion(family);
    const versions: Version[] = [];
    for (const { key, value } of entries.slice(0, limit)) {
      versions.push(await this.#shown(family, tagOfKey(key), decodeJson<VersionRecord>(value), pins));
    }
    const next = versions.at(-1)?.version;
    return { versions, ...(entries.length > limit && next !== undefined ? { next } : {}) };
  }

  async family(family: string): Promise<Family> {
    if (!(await this.#families.exists(family))) throw familyUnknown(family);
    let kind: Family['kind'];
    const standing: string[] = [];
    let versions = 0;
    for await (const { key, value } of entriesOf(this.#keys, versionsOf(family))) {
      kind ??= decodeJson<VersionRecord>(value).kind;
      versions += 1;
      if (!(await this.#isRetired(family, tagOfKey(key)))) standing.push(tagOfKey(key));
    }
    const latest = newestOf(standing);
    const pins: Record<string, string> = {};
    for await (const { key, value } of entriesOf(this.#keys, pinsOf(family))) {
      pins[tagOfKey(key)] = decodeJson<PinRecord>(value).version;
    }
    return {
      family,
      ...(kind === undefined ? {} : { kind }),
      ...(latest === undefined ? {} : { latest }),
      versions,
      pins,
    };
  }

  async families(prefix: string, last: string | undefined, limit: number): Promise<FamilyPage> {
    const names = await this.#families.list(last, limit + 1, prefix);
    const families: Family[] = [];
    for (const name of names.slice(0, limit)) families.push(await this.family(name));
    const next = families.at(-1)?.family;
    return { families, ...(names.length > limit && next !== undefined ? { next } : {}) };
  }

  async #nameOf(family: string, ref: string): Promise<string | undefined> {
    const digest = parseDigest(ref);
    if (digest !== undefined) return this.#versionOfDigest(family, digest);
    if (isVersion(ref)) return ref;
    // A key takes neither every letter nor every length.
    if (!isPin(ref)) return undefined;
    const pin = await this.#keys.get(pinKey(family, ref));
    if (pin !== undefined) return decodeJson<PinRecord>(pin).version;
    return ref === 'latest' ? (await this.family(family)).latest : undefined;
  }

  async #versionOfDigest(family: string, digest: Digest): Promise<string | undefined> {
    const value = await this.#keys.get(manifestKey(family, digest));
    return value === undefined ? undefined : decodeJson<ManifestLink>(value).published;
  }

  async #shown(
    family: string,
    version: string,
    record: VersionRecord,
    pins: ReadonlyMap<string, readonly string[]>,
  ): Promise<Version> {
    return shownVersion(family, version, record, pins.get(version) ?? [], await this.#statements(family, version));
  }

  async #isRetired(family: string, version: string): Promise<boolean> {
    const statements = await this.#statements(family, version);
    return statements.findLast(({ kind }) => kind !== 'erratum')?.kind === 'retired';
  }

  async #statements(family: string, version: string): Promise<readonly Statement[]> {
    const value = await this.#keys.get(statementsKey(family, version));
    return value === undefined ? [] : decodeJson<StatementsRecord>(value).statements;
  }

  async #pinsByVersion(family: string): Promise<ReadonlyMap<string, readonly string[]>> {
    const pins = new Map<string, string[]>();
    for await (const { key, value } of entriesOf(this.#keys, pinsOf(family))) {
      const { version } = decodeJson<PinRecord>(value);
      pins.set(version, [...(pins.get(version) ?? []), tagOfKey(key)]);
    }
    return pins;
  }

  async #unknown(family: string, ref: string): Promise<Error> {
    if (!(await this.#families.exists(family))) return familyUnknown(family);
    const removed =
      isVersion(ref) || parseDigest(ref) !== undefined ? await removedIn(this.#keys, family, ref) : undefined;
    if (removed !== undefined) return gone(family, removed);
    const { versions } = await this.page(family, undefined, NAMES_TOLD + 1);
    const names = versions.slice(0, NAMES_TOLD).map(({ version }) => version);
    const there = names.length === 0 ? 'nothing is published in it' : `it has ${names.join(', ')}`;
    const more = versions.length > NAMES_TOLD ? ' and more' : '';
    const shown = JSON.stringify(ref.slice(0, 150));
    return new DefinitionError('version-unknown', `${family} has no version or pin ${shown}; ${there}${more}`);
  }
}
