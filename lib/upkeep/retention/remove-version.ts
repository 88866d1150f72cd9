import { randomBytes } from 'node:crypto';
import type { Events } from '../../definition/events.ts';
import type { Removed, Removing } from '../../definition/version-record.ts';
import type { Digest } from '../../encoding/digest.ts';
import type { Actor } from '../../definition/wire.ts';
import { encodeParents } from '../../git/stored/history-ends.ts';
import { withoutMark, type BlobLink, type ManifestLink } from '../../oci/link.ts';
import type { Registry } from '../../oci/registry.ts';
import { decodeJson, encodeJson } from '../../store/json-value.ts';
import type { Check, KeyedStore } from '../../store/keyed-store.ts';
import { tagsOfManifest } from '../../store/key-ranges.ts';
import {
  digestsOfKey,
  eventKey,
  historyEndKey,
  manifestKey,
  refKey,
  referrerKey,
  removedKey,
  statementsKey,
  tidinessKey,
} from '../../store/keys.ts';
import { Plan } from '../../store/plan.ts';
import type { FamilyView, ViewedVersion } from './family-view.ts';
import { Holders } from './holders.ts';
import { nameOf, type Part, type Parts } from './version-parts.ts';

export interface RemovalParts {
  readonly keys: KeyedStore;
  readonly registry: Registry;
  readonly events: Events;
}

export interface RemovalOrder {
  readonly by: Actor;
  readonly reason: string;
  /** By which the marks of this removal are known. */
  readonly attempt: string;
}

/** Removes versions that a view of their family has, one commit each. */
export class VersionRemoval {
  readonly #parts: RemovalParts;
  readonly #view: FamilyView;
  readonly #order: RemovalOrder;
  readonly #holders: Holders;
  #refsMark: Check;
  #nextEvent: number;

  private constructor(parts: RemovalParts, view: FamilyView, order: RemovalOrder, holders: Holders) {
    this.#parts = parts;
    this.#view = view;
    this.#order = order;
    this.#holders = holders;
    this.#refsMark = view.refsMark;
    this.#nextEvent = view.nextEvent;
  }

  static async of(parts: RemovalParts, view: FamilyView, order: RemovalOrder): Promise<VersionRemoval> {
    return new VersionRemoval(parts, view, order, await Holders.of(view));
  }

  /** False where something has changed that it was judged by; then nothing has happened. */
  async remove(viewed: ViewedVersion): Promise<boolean> {
    const { family } = this.#view;
    const { version, entry, record } = viewed;
    const { events, keys, registry } = this.#parts;
    const { by, reason, attempt } = this.#order;
    const key = removedKey(family, version);
    const plan = new Plan().check(this.#refsMark, entry, { key, value: removing(attempt) });
    plan.check({ key: eventKey(family, this.#nextEvent), value: undefined });
    if (!(await this.#planParts(viewed, plan))) return false;
    registry.tags.planMove(family, version, record.digest, undefined, plan);
    const refsMark = await this.#planGit(viewed, plan);
    const at = await events.plan(family, { what: 'removed', version, digest: record.digest, reason }, by, plan);
    const removed: Removed = { state: 'removed', version, at, by, reason, record };
    plan.put({ key, value: encodeJson(removed) });
    plan.put({ key: removedKey(family, record.digest), value: Buffer.from(version, 'latin1') });
    const statements = statementsKey(family, version);
    plan.check({ key: statements, value: await keys.get(statements) }).delete(entry.key, statements);
    if (!(await keys.commit(plan.commit))) return false;
    this.#refsMark = refsMark;
    this.#nextEvent += 1;
    this.#holders.forget(version);
    return true;
  }

  /** Its tag goes, and the line of commits ends at those that were made on top of it, where it can. */
  async #planGit({ version, record }: ViewedVersion, plan: Plan): Promise<Check> {
    const { family } = this.#view;
    const { keys } = this.#parts;
    const tag = refKey(family, `refs/tags/${version}`);
    plan.check({ key: tag, value: await keys.get(tag) }).delete(tag);
    for (const end of endsWithout(this.#view, record) ?? [])
      plan.put({ key: historyEndKey(family, end), value: encodeParents([record.commit]) });
    const mark = { key: refKey(family, ''), value: randomBytes(16) };
    plan.put(mark, { key: tidinessKey(family), value: randomBytes(8) });
    return mark;
  }

  /** What other versions have as well becomes theirs, and the rest nobody's. Its manifests go at once. */
  async #planParts({ version, record: { digest } }: ViewedVersion, plan: Plan): Promise<boolean> {
    const parts = this.#holders.partsOf(version);
    const going = await this.#goingManifests(version, parts);
    // A tag has come to it.
    if (!going.has(nameOf(manifestKey(this.#view.family, digest)))) return false;
    for (const [name, part] of parts) {
      const value = await this.#parts.keys.get(part.key);
      if (value === undefined) continue;
      plan.check({ key: part.key, value });
      const link = decodeJson<ManifestLink>(value);
      if (going.has(name)) {
        // Whoever has asked for it since it was marked may count on it.
        if (link.condemned === undefined) return false;
        plan.delete(part.key);
        if (link.subject !== undefined) plan.delete(referrerKey(this.#view.family, link.subject, part.digest));
      } else if (link.published === version) {
        const holder = this.#holders.otherOf(name, version);
        plan.put({ key: part.key, value: encodeJson(heldBy(link, holder)) });
      }
    }
    return true;
  }

  /** Its manifests that no tag, no other manifest and no other version leads to. */
  async #goingManifests(version: string, parts: Parts): Promise<ReadonlySet<string>> {
    return goingManifests(this.#parts.keys, this.#view, this.#holders, version, parts);
  }
}

/** That a version is about to be removed: whoever comes to need it takes the marks off its name or its manifests. */
export async function planMarks(
  { keys }: Pick<RemovalParts, 'keys'>,
  view: FamilyView,
  holders: Holders,
  { version, entry }: ViewedVersion,
  { attempt, now }: { readonly attempt: string; readonly now: number },
): Promise<Plan> {
  const key = removedKey(view.family, version);
  const plan = new Plan().check(entry, { key, value: await keys.get(key) }).put({ key, value: removing(attempt) });
  const parts = holders.partsOf(version);
  for (const name of await goingManifests(keys, view, holders, version, parts)) {
    const { key: partKey } = parts.get(name) as Part;
    const value = await keys.get(partKey);
    if (value === undefined) continue;
    const link = decodeJson<ManifestLink>(value);
    plan.check({ key: partKey, value }).put({ key: partKey, value: encodeJson({ ...link, condemned: now }) });
  }
  return plan;
}

/** Undefined where the commit stays in the history of whatever leads to it. */
export function endsWithout(view: FamilyView, { commit }: ViewedVersion['record']): readonly string[] | undefined {
  return view.history.has(commit) ? undefined : view.line.endsWithout(commit);
}

export function removing(attempt: string): Buffer {
  return encodeJson({ state: 'removing', attempt } satisfies Removing);
}

function heldBy(link: BlobLink, holder: string | undefined): BlobLink {
  const { published: _published, ...rest } = withoutMark(link);
  return (holder === undefined ? rest : { ...rest, published: holder }) as BlobLink;
}

async function goingManifests(
  keys: KeyedStore,
  { family, namedBy }: FamilyView,
  holders: Holders,
  version: string,
  parts: Parts,
): Promise<ReadonlySet<string>> {
  const going = new Set<string>();
  const isGoing = (digest: Digest): boolean => going.has(nameOf(manifestKey(family, digest)));
  for (let before = -1; before < going.size;) {
    before = going.size;
    for (const [name, { kind, digest }] of parts) {
      if (kind === 'blob' || going.has(name) || holders.otherOf(name, version) !== undefined) continue;
      const tags = await keys.list({ ...tagsOfManifest(family, digest), limit: 2 });
      const isTagged = tags.some(({ key }) => digestsOfKey(key).rest !== version);
      const namers = namedBy.get(name) ?? [];
      if (!isTagged && namers.every((namer) => isGoing(namer))) going.add(name);
    }
  }
  return going;
}
