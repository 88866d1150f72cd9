import type { RunFilter, RunSummary } from './wire.ts';

/** Whether all holds that a filter asks for, but for what stands in texts. */
export function isWanted(run: RunSummary, filter: RunFilter): boolean {
  const { definition, variant, model, harness, status, reviews } = run;
  // An erased run is no more to be relied on than a retracted one.
  const isGone = run.retracted !== undefined || run.erased !== undefined;
  return (
    isFamilyWanted(definition.family, filter.testCase) &&
    isOne(filter.version, definition.version, definition.digest) &&
    isOne(filter.variant, variant) &&
    isOne(filter.model, model) &&
    isOne(filter.harness, harness?.name) &&
    isOne(filter.status, status) &&
    isOne(filter.reviewer, ...reviews.map(({ reviewer }) => reviewer)) &&
    (filter.retracted === 'only' ? isGone : filter.retracted !== 'without' || !isGone)
  );
}

/** Whether a text is in one of the names of a run, in whichever case. */
export function isInNames(run: RunSummary, search: string): boolean {
  const { id, definition, variant, harness, orchestrator, model, status, reviews } = run;
  const names = [id, definition.family, definition.version, variant, harness?.name, orchestrator, model, status];
  return [...names, ...reviews.map(({ reviewer }) => reviewer)].some((name) => holds(name, search));
}

export function holds(text: string | undefined, search: string): boolean {
  return text?.toLowerCase().includes(search.toLowerCase()) === true;
}

function isFamilyWanted(family: string, wanted: string | undefined): boolean {
  return wanted === undefined || family === wanted || (wanted.endsWith('/') && family.startsWith(wanted));
}

function isOne(wanted: string | undefined, ...values: readonly (string | undefined)[]): boolean {
  return wanted === undefined || values.includes(wanted);
}
