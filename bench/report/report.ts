import type { Pace, RowResult } from '../measure.ts';
import type { Suite } from '../suite.ts';
import { verdictsOf } from '../verdict.ts';
import type { Machine } from './machine.ts';

export interface Report {
  date: string;
  machine: Machine;
  versions: Record<string, string>;
  pace: Pace;
  suites: SuiteReport[];
}

export interface SuiteReport {
  suite: Suite;
  results: RowResult[];
}

export function toJson(report: Report): string {
  const suites = report.suites.map(({ suite, results }) => ({ name: suite.name, rows: results.map(plainRow) }));
  return `${JSON.stringify({ ...report, suites }, null, 2)}\n`;
}

function plainRow(result: RowResult): object {
  const { name, work, unit, better } = result.row;
  const verdicts = verdictsOf(result).map(({ hold, ...judged }) => ({ ...hold, ...judged }));
  return { name, work, unit, better, samples: Object.fromEntries(result.samples), verdicts };
}
