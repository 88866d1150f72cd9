import type { JsonValue } from '../encoding/canonical-json.ts';
import type { RunFact } from '../log/entry.ts';
import type { Changes } from './changes.ts';
import type { Placed } from './facts.ts';
import { runPath } from './paths.ts';
import type { OnProgress } from './progress.ts';
import type { Rendering } from './rendering.ts';
import type { RunEvent } from './run-history.ts';
import { RunPages } from './run-pages.ts';
import { renderRun } from './run-rendering.ts';
import { summaryOf } from './run-summary.ts';
import type { ScrubReport } from './scrub-report.ts';
import { SnapshotError } from './snapshot-error.ts';
import { changeTable, tableValue, type TableNode } from './table.ts';
import type { Root, RunDocument } from './wire.ts';

interface ChangedRun {
  readonly id: string;
  readonly number: number;
  readonly isNew: boolean;
  /** Places of its new entries. */
  readonly events: readonly number[];
}

export type RunsPart = Pick<Root, 'runs'> & Pick<Root['paths'], 'ids' | 'pages'>;

/** Renders the runs that entries tell of, in the order of their numbers. */
export async function changeRuns(
  rendering: Rendering,
  before: Root,
  changes: Changes,
  report: ScrubReport,
  onProgress: OnProgress,
): Promise<RunsPart> {
  const { documents } = rendering;
  const runs = await changedRuns(rendering, before, changes);
  const pages = new RunPages(documents, before.paths.pages);
  let { count, retracted } = before.runs;
  for (const [done, { id, number, isNew, events }] of runs.entries()) {
    onProgress('runs', done, runs.length);
    const old = isNew ? undefined : await documentOf(rendering, pages, number);
    const facts = await changes.runEvents([...(old?.events ?? []), ...events]);
    const known = changes.again.has(id) ? undefined : old;
    const run = await renderRun(rendering, number, fromPublication(facts), known);
    await pages.put(summaryOf(run, await documents.write(run)));
    report.note(runPath(id), run.scrubbed, old?.scrubbed);
    count += isNew ? 1 : 0;
    retracted += Number(run.retracted !== undefined) - Number(old?.retracted !== undefined);
    for (const fact of facts) {
      const definition = fact.type === 'run' || fact.type === 'amend' ? fact.definition : undefined;
      if (definition !== undefined) changes.name(definition.family, definition.version);
    }
  }
  const ids = new Map<string, JsonValue>(runs.filter(({ isNew }) => isNew).map(({ id, number }) => [id, number]));
  return {
    runs: { count, retracted },
    ids: await changeTable(documents, before.paths.ids, ids),
    pages: await pages.end(),
  };
}

/** A run has its number from when it was published; what is said of one that never was says nothing. */
async function changedRuns({ documents }: Rendering, before: Root, changes: Changes): Promise<ChangedRun[]> {
  const known: ChangedRun[] = [];
  const fresh: { readonly id: string; readonly published: number; readonly events: readonly number[] }[] = [];
  for (const [id, { events, published }] of changes.runs) {
    await documents.breathe();
    const number = await tableValue((ref) => documents.read<TableNode>(ref), before.paths.ids, id);
    if (typeof number === 'number') known.push({ id, number, isNew: false, events });
    else if (published !== undefined) fresh.push({ id, published, events: events.filter((at) => at >= published) });
  }
  fresh.sort((a, b) => a.published - b.published);
  const numbered = fresh.map(({ id, events }, at) => ({ id, number: before.runs.count + at, isNew: true, events }));
  return [...known.sort((a, b) => a.number - b.number), ...numbered];
}

async function documentOf({ documents }: Rendering, pages: RunPages, number: number): Promise<RunDocument> {
  const summary = await pages.summary(number);
  if (summary === undefined) throw new SnapshotError('object-wrong', `the page of run number ${number} has not got it`);
  return documents.read<RunDocument>(summary.document);
}

function fromPublication(facts: readonly RunEvent[]): readonly [Placed<RunFact>, ...RunEvent[]] {
  const [run, ...others] = facts;
  if (run?.type !== 'run') throw new SnapshotError('log-other', 'the entry that published a run is not what it was');
  return [run, ...others];
}
