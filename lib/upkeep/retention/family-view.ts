import type { PinRecord, StatementsRecord, VersionRecord } from '../../definition/version-record.ts';
import { removedIn } from '../../definition/removal.ts';
import { isVersion } from '../../definition/version-name.ts';
import type { Digest } from '../../encoding/digest.ts';
import type { Oid } from '../../git/oid.ts';
import type { Ref } from '../../git/refs.ts';
import { historyEndsIn } from '../../git/stored/history-ends.ts';
import { StoredObjects } from '../../git/stored/stored-objects.ts';
import { StoredRefs } from '../../git/stored/stored-refs.ts';
import type { Registry } from '../../oci/registry.ts';
import { decodeJson } from '../../store/json-value.ts';
import { entriesOf, type Check, type Entry, type KeyedStore } from '../../store/keyed-store.ts';
import { eventsOf, pinsOf, removedOf, tagsOfManifest, versionsOf } from '../../store/key-ranges.ts';
import { digestsOfKey, manifestKey, numberOfKey, refKey, statementsKey, tagOfKey } from '../../store/keys.ts';
import { storedManifests } from '../family-manifests.ts';
import { Line } from './line.ts';
import { namedByRuns } from './named-by-runs.ts';
import { nameOf, partsOf, type Parts } from './version-parts.ts';

export interface ViewedVersion {
  readonly version: string;
  readonly entry: Entry;
  readonly record: VersionRecord;
  /** Why it stays whatever the rules say. */
  readonly needed: readonly string[];
  readonly retired: boolean;
}

export interface ViewParts {
  readonly keys: KeyedStore;
  readonly registry: Registry;
  readonly breathe: () => Promise<void> | undefined;
}

/**
 * A family as retention looks at it. Everything but runs, tags of manifests and other manifests is as it was read for as
 * long as the mark before its refs is the same: publishes, pins and pushes renew it.
 */
export class FamilyView {
  readonly #parts: ViewParts;
  readonly family: string;
  readonly refsMark: Check;
  /** The event that comes next: statements renew no mark of refs. */
  readonly nextEvent: number;
  readonly versions: readonly ViewedVersion[];
  readonly line: Line;
  readonly refs: readonly Ref[];
  /** Commits that authors have pushed, and those on top of them: without one, the pushed ones behind it would be lost. */
  readonly history: ReadonlySet<Oid>;
  /** Names of manifests and blobs, by what names them: manifests of the family. */
  readonly namedBy: ReadonlyMap<string, readonly Digest[]>;

  private constructor(
    parts: ViewParts,
    family: string,
    found: Pick<FamilyView, 'refsMark' | 'nextEvent' | 'versions' | 'line' | 'refs' | 'history' | 'namedBy'>,
  ) {
    this.#parts = parts;
    this.family = family;
    this.refsMark = found.refsMark;
    this.nextEvent = found.nextEvent;
    this.versions = found.versions;
    this.line = found.line;
    this.refs = found.refs;
    this.history = found.history;
    this.namedBy = found.namedBy;
  }

  static async of(parts: ViewParts, family: string): Promise<FamilyView> {
    const { keys, registry, breathe } = parts;
    const refsMark = { key: refKey(family, ''), value: await keys.get(refKey(family, '')) };
    const [last] = await keys.list({ ...eventsOf(family), limit: 1, reverse: true });
    const nextEvent = last === undefined ? 0 : numberOfKey(last.key) + 1;
    const { refs } = await new StoredRefs(keys, family).list();
    const objects = new StoredObjects(keys, registry.content, family);
    const line = await Line.of(objects, refs, await historyEndsIn(keys, family), breathe);
    const namedBy = await namesIn(parts, family);
    const runs = await namedByRuns(keys, family, breathe);
    const pins = await pinsIn(keys, family);
    const versions: ViewedVersion[] = [];
    const made = new Set<Oid>(await removedCommits(keys, family));
    for await (const entry of entriesOf(keys, versionsOf(family))) {
      await breathe();
      const version = tagOfKey(entry.key);
      const record = decodeJson<VersionRecord>(entry.value);
      const needed = [
        ...(pins.get(version) ?? []).map((pin) => `the pin ${pin} stands at it`),
        ...(runs.has(version) ? ['a run names it'] : []),
        ...refsAt(refs, version, record.commit).map((name) => `${name} stands at it`),
        ...(await tagsAt(keys, family, record.digest, [version, ...(pins.get(version) ?? [])])),
        ...(namedBy.get(nameOf(manifestKey(family, record.digest))) ?? []).map(
          (digest) => `the index ${digest} names it`,
        ),
      ];
      if (isMadeHere(record)) made.add(record.commit);
      versions.push({ version, entry, record, needed, retired: await isRetired(keys, family, version) });
    }
    const history = await line.others(made);
    return new FamilyView(parts, family, { refsMark, nextEvent, versions, line, refs, history, namedBy });
  }

  /** The commits that refs lead to without the tags of these versions, where history is not cut. */
  reachedWithout(versions: readonly string[]): Promise<ReadonlySet<Oid>> {
    const tags = new Set(versions.map((version) => `refs/tags/${version}`));
    const left = this.refs.filter(({ name }) => !tags.has(name));
    return this.line.reached(left.map(({ oid, peeled }) => peeled ?? oid));
  }

  parts(record: VersionRecord): Promise<Parts> {
    return partsOf(this.#parts.keys, this.#parts.registry.content, this.family, record);
  }
}

async function pinsIn(keys: KeyedStore, family: string): Promise<ReadonlyMap<string, readonly string[]>> {
  const pins = new Map<string, string[]>();
  for await (const { key, value } of entriesOf(keys, pinsOf(family))) {
    const { version } = decodeJson<PinRecord>(value);
    pins.set(version, [...(pins.get(version) ?? []), tagOfKey(key)]);
  }
  return pins;
}

async function isRetired(keys: KeyedStore, family: string, version: string): Promise<boolean> {
  const value = await keys.get(statementsKey(family, version));
  const { statements } = value === undefined ? { statements: [] } : decodeJson<StatementsRecord>(value);
  return statements.findLast(({ kind }) => kind !== 'erratum')?.kind === 'retired';
}

/** Branches and tags at a commit, but for the version's own tag and the branches of pins, which are told as pins. */
function refsAt(refs: readonly Ref[], version: string, commit: Oid): string[] {
  return refs
    .filter(({ oid, peeled }) => oid === commit || peeled === commit)
    .map(({ name }) => name)
    .filter((name) => name !== `refs/tags/${version}` && !name.startsWith('refs/heads/pins/'))
    .map((name) => name.replace(/^refs\/heads\//, 'the branch ').replace(/^refs\/tags\//, 'the tag '));
}

async function tagsAt(keys: KeyedStore, family: string, digest: Digest, known: readonly string[]): Promise<string[]> {
  const tags: string[] = [];
  for await (const { key } of entriesOf(keys, tagsOfManifest(family, digest))) tags.push(digestsOfKey(key).rest);
  return tags.filter((tag) => !known.includes(tag)).map((tag) => `the OCI tag ${tag} stands at it`);
}

async function namesIn({ keys, registry, breathe }: ViewParts, family: string): Promise<Map<string, Digest[]>> {
  const names = new Map<string, Digest[]>();
  for await (const { digest, manifest } of storedManifests(keys, registry.content, family)) {
    await breathe();
    for (const { digest: named, kind } of manifest.named) {
      if (kind === 'blob') continue;
      const name = nameOf(manifestKey(family, named));
      names.set(name, [...(names.get(name) ?? []), digest]);
    }
  }
  return names;
}

function isMadeHere({ published }: VersionRecord): boolean {
  return published.with === 'publish';
}

/** Those that were made here. */
async function removedCommits(keys: KeyedStore, family: string): Promise<Oid[]> {
  const commits: Oid[] = [];
  for await (const { key } of entriesOf(keys, removedOf(family))) {
    const version = tagOfKey(key);
    const removed = isVersion(version) ? await removedIn(keys, family, version) : undefined;
    if (removed !== undefined && isMadeHere(removed.record)) commits.push(removed.record.commit);
  }
  return commits;
}
