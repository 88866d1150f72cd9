import type { RunFilter, RunSummary } from '../../lib/client/index.ts';
import { runClientFrom, SERVER_OPTIONS, textOf } from '../client-options.ts';
import { DONE, refuseWords, type Command, type Values } from '../command.ts';
import { limitFrom } from '../limit-option.ts';
import { table, timeText } from '../table.ts';

const FILTERS = {
  'test-case': 'testCase',
  version: 'version',
  variant: 'variant',
  model: 'model',
  harness: 'harness',
  status: 'status',
  reviewer: 'reviewer',
  search: 'search',
  retracted: 'retracted',
} as const;

export const runs: Command = {
  usage: 'assay runs [filters] [--limit <n> | --all]',
  description: `
Lists published runs, the newest first: 50 of them, or as many as are asked for.
Where there are more, the last line says with which --last to go on. With several
filters all of them must hold.

  assay runs --test-case test-cases/carom --model claude-4
  assay runs --test-case test-cases/games/ --status failed --all
  assay runs --search 'ball goes through'
  assay runs --last 1234`,
  options: {
    'test-case': {
      type: 'string',
      placeholder: '<family>',
      help: 'of this test case, or with a / at its end of all below it',
    },
    version: { type: 'string', placeholder: '<version>', help: 'of this version, or digest of one' },
    variant: { type: 'string', placeholder: '<id>', help: 'of this variant' },
    model: { type: 'string', placeholder: '<name>', help: 'of this model' },
    harness: { type: 'string', placeholder: '<name>', help: 'of this harness' },
    status: { type: 'string', placeholder: '<status>', help: 'that ended so' },
    reviewer: { type: 'string', placeholder: '<name>', help: 'that this person reviewed' },
    search: { type: 'string', placeholder: '<text>', help: 'with this text in a name or a review' },
    retracted: { type: 'string', placeholder: '<with|only|without>', help: 'runs that were retracted [default with]' },
    limit: { type: 'string', placeholder: '<n>', help: 'how many at most' },
    last: {
      type: 'string',
      placeholder: '<place>',
      help: 'those behind this place, which a listing that is cut names',
    },
    all: { type: 'boolean', help: 'every one' },
    json: { type: 'boolean', help: 'one JSON object' },
    ...SERVER_OPTIONS,
  },
  async run(values, words) {
    refuseWords(words);
    const limit = limitFrom(values);
    const found: RunSummary[] = [];
    let isMore = false;
    const last = textOf(values, 'last');
    const filter = { ...filterFrom(values), ...(last === undefined ? {} : { last }) };
    for await (const run of runClientFrom(values).runs(filter)) {
      isMore = found.length === limit;
      if (isMore) break;
      found.push(run);
    }
    // Of the last one that is shown: runs are found again by the place of their entry in the log.
    const next = isMore ? found.at(-1)?.index : undefined;
    const more = next === undefined ? { more: isMore } : { more: isMore, next: String(next) };
    if (values['json'] === true) process.stdout.write(`${JSON.stringify({ runs: found, ...more })}\n`);
    else process.stdout.write(table(found.map(rowOf)) + (isMore ? `and more: --last ${next}, --limit, --all\n` : ''));
    return DONE;
  },
};

function filterFrom(values: Values): RunFilter {
  const filter: Record<string, string> = {};
  for (const [option, name] of Object.entries(FILTERS)) {
    const text = textOf(values, option);
    if (text !== undefined) filter[name] = text;
  }
  return filter;
}

function rowOf(run: RunSummary): string[] {
  const { id, at, definition, variant, model = '', harness, status, reviews, retracted, erased } = run;
  const what = `${definition.family}@${definition.version}${variant === undefined ? '' : ` (${variant})`}`;
  const judged = reviews.map(({ reviewer, ratings }) => {
    const said = Object.entries(ratings).map(([domain, rating]) => `${domain}=${rating}`);
    return [reviewer, ...said].join(' ');
  });
  const mark = erased !== undefined ? 'erased' : retracted === undefined ? status : `${status}, retracted`;
  return [
    timeText(at),
    id,
    what,
    model,
    [harness?.name ?? '', harness?.version ?? ''].join(' ').trim(),
    mark,
    judged.join('; '),
  ];
}
