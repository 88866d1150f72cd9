import { tmpdir } from 'node:os';
import { parseArgs } from 'node:util';
import type { Pace } from './measure.ts';
import type { Row, Suite } from './suite.ts';
import { suites } from './suites.ts';

export class UsageError extends Error {}

export interface Options {
  help: boolean;
  /** What to measure: suites, each with its wanted rows. */
  plan: { suite: Suite; rows: Row[] }[];
  pace: Pace;
  without: string[];
  directory: string;
  json: string | undefined;
  write: boolean;
  hold: boolean;
}

export function usage(): string {
  const rows = suites.map(({ name, rows }) => `  ${name}: ${rows.map((row) => row.name).join(', ')}`);
  return `usage: npm run bench -- [suite …] [options]

Measures Assay beside the tools that people would use instead, in alternating rounds, and prints medians.

  --row <name>      only this row; may be repeated
  --rounds <n>      rounds a row (5; with --quick 3)
  --seconds <n>     whole seconds a round (3; with --quick 1)
  --quick           fewer and shorter rounds
  --without <name>  leave a contender out, such as docker-registry; may be repeated
  --dir <folder>    where the servers keep their data (${tmpdir()})
  --json <file>     also write every round's figures to a file
  --write           also write the suites' sections of docs/performance.md
  --hold            exit 1 if a figure is short of its target

Suites and their rows:
${rows.join('\n')}`;
}

export function parseOptions(args: readonly string[]): Options {
  const { values, positionals } = parse(args);
  const rows = values.row ?? [];
  const without = values.without ?? [];
  if (values.write === true && rows.length + without.length > 0) {
    throw new UsageError('--write needs whole suites: leave out --row and --without');
  }
  const plan = planOf(positionals, rows);
  refuseUnknown('contender', without, new Set(plan.flatMap((part) => part.rows.flatMap((row) => row.contenders))));
  const [rounds, seconds] = values.quick === true ? [3, 1] : [5, 3];
  return {
    help: values.help === true,
    plan,
    pace: {
      rounds: wholeNumber('--rounds', values.rounds, rounds),
      seconds: wholeNumber('--seconds', values.seconds, seconds),
    },
    without,
    directory: values.dir ?? tmpdir(),
    json: values.json,
    write: values.write === true,
    hold: values.hold === true,
  };
}

function parse(args: readonly string[]) {
  try {
    return parseArgs({
      args: [...args],
      allowPositionals: true,
      options: {
        row: { type: 'string', multiple: true },
        rounds: { type: 'string' },
        seconds: { type: 'string' },
        quick: { type: 'boolean' },
        without: { type: 'string', multiple: true },
        dir: { type: 'string' },
        json: { type: 'string' },
        write: { type: 'boolean' },
        hold: { type: 'boolean' },
        help: { type: 'boolean', short: 'h' },
      },
    });
  } catch (cause) {
    throw new UsageError((cause as Error).message, { cause });
  }
}

function planOf(names: readonly string[], rows: readonly string[]): Options['plan'] {
  refuseUnknown('suite', names, new Set(suites.map(({ name }) => name)));
  const chosen = names.length === 0 ? suites : suites.filter(({ name }) => names.includes(name));
  refuseUnknown('row', rows, new Set(chosen.flatMap((suite) => suite.rows.map(({ name }) => name))));
  return chosen
    .map((suite) => ({ suite, rows: suite.rows.filter(({ name }) => rows.length === 0 || rows.includes(name)) }))
    .filter((part) => part.rows.length > 0);
}

function refuseUnknown(kind: string, names: readonly string[], known: ReadonlySet<string>): void {
  const unknown = names.find((name) => !known.has(name));
  if (unknown !== undefined) throw new UsageError(`no ${kind} '${unknown}'; there are: ${[...known].join(', ')}`);
}

function wholeNumber(flag: string, text: string | undefined, otherwise: number): number {
  if (text === undefined) return otherwise;
  if (!/^[1-9]\d?$/.test(text)) throw new UsageError(`${flag} takes a whole number from 1 to 99, not '${text}'`);
  return Number(text);
}
