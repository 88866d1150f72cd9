import type { RetentionRules } from '../../definition/wire.ts';
import { compareVersions, newestOf } from '../../definition/version-name.ts';

/** What rules look at of a version. */
export interface Candidate {
  readonly version: string;
  /** When it was published, in milliseconds. */
  readonly at: number;
  /** Why it always stays, in words: a pin stands at it, a run names it. */
  readonly needed: readonly string[];
  readonly retired: boolean;
}

/** Why each version stays, none at all for one that is to go; in the order of their publishing, the last first. */
export function judge(
  candidates: readonly Candidate[],
  { keepLast = 0, keepYoungerThan }: RetentionRules,
  now: number,
): { readonly version: string; readonly why: readonly string[] }[] {
  const newest = newestOf(candidates.map(({ version }) => version));
  const latest = newestOf(candidates.filter(({ retired }) => !retired).map(({ version }) => version));
  const byTime = [...candidates].sort((a, b) => b.at - a.at || compareVersions(b.version, a.version));
  return byTime.map(({ version, at, needed }, place) => {
    const why = [...needed];
    if (version === newest) why.push('the newest');
    else if (version === latest) why.push('the newest that is not retired');
    if (place < keepLast) why.push(`among the last ${keepLast}`);
    // A time to come is of a clock that was set back.
    if (keepYoungerThan !== undefined && now - at < keepYoungerThan * 1000)
      why.push(`younger than ${ageText(keepYoungerThan)}`);
    return { version, why };
  });
}

/** What the rules say, as a reason that is told for ever of what they removed. */
export function rulesText({ keepLast, keepYoungerThan }: RetentionRules): string {
  const kept = [
    ...(keepLast === undefined ? [] : [`the last ${keepLast}`]),
    ...(keepYoungerThan === undefined ? [] : [`younger than ${ageText(keepYoungerThan)}`]),
  ];
  return `retention: kept ${kept.join(' and ')}`;
}

const UNITS = [
  ['d', 86_400],
  ['h', 3600],
  ['m', 60],
] as const;

function ageText(seconds: number): string {
  const [unit, length] = UNITS.find(([, length]) => seconds > 0 && seconds % length === 0) ?? ['s', 1];
  return `${seconds / length}${unit}`;
}
