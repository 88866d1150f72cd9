import { randomUUID } from 'node:crypto';
import { DefinitionError } from '../../definition/definition-error.ts';
import { compareVersions } from '../../definition/version-name.ts';
import type { Removing } from '../../definition/version-record.ts';
import type { Actor, RetainedVersion, RetentionReport, RetentionRules } from '../../definition/wire.ts';
import { familyUnknown } from '../../oci/families.ts';
import { decodeJson } from '../../store/json-value.ts';
import { removedKey } from '../../store/keys.ts';
import { makePace } from '../../store/pace.ts';
import { FamilyView, type ViewedVersion } from './family-view.ts';
import { Holders } from './holders.ts';
import { endsWithout, planMarks, removing, VersionRemoval, type RemovalParts } from './remove-version.ts';
import { judge, rulesText } from './rules.ts';

/** So often it is looked anew, where others come between. */
const MAX_ROUNDS = 10;

export interface RetainOptions {
  readonly rules: RetentionRules;
  /** Otherwise it is only told what would go. */
  readonly apply: boolean;
  readonly by: Actor;
  readonly now: () => number;
  readonly signal?: AbortSignal;
}

/**
 * Removes versions of a family by rule (docs/decisions/retention.md). A version goes from every dialect with one commit;
 * its bytes go with later collections.
 */
export async function retain(parts: RemovalParts, family: string, options: RetainOptions): Promise<RetentionReport> {
  checkRules(options.rules);
  if (!(await parts.registry.families.exists(family))) throw familyUnknown(family);
  const breathe = makePace(options.signal);
  const removed = new Map<string, RetainedVersion>();
  for (let round = 0; ; round += 1) {
    const view = await FamilyView.of({ ...parts, breathe }, family);
    const judged = await judgeView(view, options);
    const going = judged.filter(({ action }) => action === 'removed');
    if (!options.apply || going.length === 0 || round === MAX_ROUNDS) {
      await parts.events.announce();
      return { family, applied: options.apply, versions: told(judged, removed, options.apply) };
    }
    for (const one of await removeAll(parts, view, options)) removed.set(one.version, one);
  }
}

async function judgeView(view: FamilyView, { rules, now }: RetainOptions): Promise<RetainedVersion[]> {
  const byName = new Map(view.versions.map((viewed) => [viewed.version, viewed]));
  const candidates = view.versions.map(({ version, record, needed, retired }) => {
    return { version, at: Date.parse(record.published.at), needed, retired };
  });
  const judged = judge(candidates, rules, now());
  const going = judged.filter(({ why }) => why.length === 0).map(({ version }) => version);
  const reached = await view.reachedWithout(going);
  return judged.map(({ version, why }) => {
    const { record } = byName.get(version) as ViewedVersion;
    const stays = why.length === 0 && reached.has(record.commit) && endsWithout(view, record) === undefined;
    return {
      version,
      digest: record.digest,
      publishedAt: record.published.at,
      action: why.length === 0 ? 'removed' : 'kept',
      why,
      ...(stays ? { inHistory: true as const } : {}),
    };
  });
}

/**
 * Marks what is to go, looks once more, and removes what is still to go: who needs a version comes before the second look,
 * or takes the mark off.
 */
async function removeAll(parts: RemovalParts, before: FamilyView, options: RetainOptions): Promise<RetainedVersion[]> {
  const { now, by, rules, signal } = options;
  const attempt = randomUUID();
  const holders = await Holders.of(before);
  const marked = new Set<string>();
  for (const viewed of goingIn(before, await judgeView(before, options))) {
    const plan = await planMarks(parts, before, holders, viewed, { attempt, now: now() });
    if (await parts.keys.commit(plan.commit)) marked.add(viewed.version);
  }
  const removed: RetainedVersion[] = [];
  try {
    const view = await FamilyView.of({ ...parts, breathe: makePace(signal) }, before.family);
    const verdicts = await judgeView(view, options);
    const judged = new Map(verdicts.map((one) => [one.version, one]));
    const removal = await VersionRemoval.of(parts, view, { by, reason: rulesText(rules), attempt });
    // The first published goes first, so that what is left is a line at every moment.
    for (const viewed of goingIn(view, verdicts).toReversed()) {
      signal?.throwIfAborted();
      const one = judged.get(viewed.version);
      if (one === undefined || !marked.has(viewed.version) || !(await removal.remove(viewed))) continue;
      marked.delete(viewed.version);
      removed.push(one);
    }
  } finally {
    for (const version of marked) await unmark(parts, before.family, version, attempt);
  }
  return removed;
}

/** The last published first. */
function goingIn(view: FamilyView, judged: readonly RetainedVersion[]): ViewedVersion[] {
  const byName = new Map(view.versions.map((viewed) => [viewed.version, viewed]));
  return judged.filter(({ action }) => action === 'removed').map(({ version }) => byName.get(version) as ViewedVersion);
}

/** A mark that nobody takes off does no harm, but says what is not so. */
async function unmark({ keys }: RemovalParts, family: string, version: string, attempt: string): Promise<void> {
  const key = removedKey(family, version);
  const value = await keys.get(key);
  if (value === undefined || decodeJson<Removing>(value).attempt !== attempt) return;
  await keys.commit({ checks: [{ key, value: removing(attempt) }], deletes: [key] });
}

function told(
  judged: readonly RetainedVersion[],
  removed: ReadonlyMap<string, RetainedVersion>,
  applied: boolean,
): RetainedVersion[] {
  const left = judged.map((one): RetainedVersion => {
    if (!applied || one.action === 'kept') return one;
    return { ...one, action: 'kept', why: ['others keep changing the family; run it again'] };
  });
  return [...left, ...removed.values()].sort(
    (a, b) => Date.parse(b.publishedAt) - Date.parse(a.publishedAt) || compareVersions(b.version, a.version),
  );
}

function checkRules({ keepLast, keepYoungerThan }: RetentionRules): void {
  if (keepLast === undefined && keepYoungerThan === undefined)
    throw invalid('a rule says what is kept: keepLast, keepYoungerThan, or both');
  if (keepLast !== undefined && !(Number.isSafeInteger(keepLast) && keepLast > 0))
    throw invalid('keepLast is a number of versions, one at least');
  if (keepYoungerThan !== undefined && !(Number.isSafeInteger(keepYoungerThan) && keepYoungerThan > 0))
    throw invalid('keepYoungerThan is a number of seconds');
}

function invalid(message: string): DefinitionError {
  return new DefinitionError('retention-invalid', message);
}
