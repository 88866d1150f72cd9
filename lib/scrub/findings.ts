/** What the scrubber took out: how often, by kind. Kinds that were not found are left out. */
export type Findings = Readonly<Record<string, number>>;

export const NOTHING: Findings = {};

export function isNothing(findings: Findings): boolean {
  return Object.keys(findings).length === 0;
}

export function sum(...all: readonly Findings[]): Findings {
  return added(all, 1);
}

export function less(from: Findings, taken: Findings): Findings {
  return added([from, added([taken], -1)], 1);
}

/** For a document: the field where something was found, and no field where nothing was. */
export function foundField(findings: Findings): { scrubbed?: Findings } {
  return isNothing(findings) ? {} : { scrubbed: findings };
}

function added(all: readonly Findings[], sign: 1 | -1): Findings {
  const counts = new Map<string, number>();
  for (const one of all) {
    for (const [kind, count] of Object.entries(one)) counts.set(kind, (counts.get(kind) ?? 0) + sign * count);
  }
  return Object.fromEntries([...counts].filter(([, count]) => count !== 0).sort(([a], [b]) => (a < b ? -1 : 1)));
}
