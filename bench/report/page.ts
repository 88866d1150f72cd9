import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { median } from '../median.ts';
import { root } from '../root.ts';
import { cellsOf, columns, figure } from './figures.ts';
import type { Report, SuiteReport } from './report.ts';

const path = join(root, 'docs/performance.md');

/** Replaces the measured suites' sections of docs/performance.md; the prose around them is written by hand. */
export async function writePage(report: Report): Promise<string> {
  let page = await readFile(path, 'utf8');
  for (const suite of report.suites) page = replaceSection(page, suite.suite.name, section(report, suite));
  await writeFile(path, page);
  return path;
}

/** Puts a section where the one of that name stands, or at the end. */
export function replaceSection(page: string, name: string, text: string): string {
  const [begin, end] = [`<!-- bench ${name} -->`, `<!-- end of bench ${name} -->`];
  const written = `${begin}\n\n${text}\n\n${end}`;
  const from = page.indexOf(begin);
  const to = page.indexOf(end);
  if (from < 0 || to < from) return `${page.trimEnd()}\n\n${written}\n`;
  return page.slice(0, from) + written + page.slice(to + end.length);
}

function section(report: Report, { suite, results }: SuiteReport): string {
  const { machine, versions, pace } = report;
  const facts = [
    `Measured on ${report.date}: the median of ${pace.rounds} rounds, of ${pace.seconds} s where the work has no size of its own.`,
    `Machine: ${machine.cores} cores (${machine.cpu}), ${machine.memoryGib} GiB of memory, ${machine.system}, data on ${machine.filesystem}.`,
    `Load in the minute before: ${machine.loadBefore.toFixed(2)}.`,
    `Versions: ${versionsIn(versions, results)}.`,
  ];
  const verdicts = table(columns, results.flatMap(cellsOf));
  const spread = table(['work', 'contender', 'median', 'lowest', 'highest'], results.flatMap(spreadOf));
  return [`## ${suite.title}`, facts.join('\n'), verdicts, 'How far the rounds lay apart:', spread].join('\n\n');
}

/** Without the programs that other suites of the same run needed. */
function versionsIn(versions: Report['versions'], results: SuiteReport['results']): string {
  const wanted = new Set([
    'Assay',
    'Node',
    ...results.flatMap(({ row }) => row.programs.map(({ command }) => command)),
  ]);
  return Object.entries(versions)
    .filter(([name]) => wanted.has(name))
    .map(([name, version]) => `${name} ${version}`)
    .join(', ');
}

function spreadOf({ row, samples }: SuiteReport['results'][number]): string[][] {
  return [...samples].map(([name, figures], index) => {
    const sorted = [...figures].sort((a, b) => a - b);
    const middle = sorted.length === 0 ? undefined : median(sorted);
    return [index === 0 ? row.name : '', name, figure(middle), figure(sorted[0]), figure(sorted.at(-1))];
  });
}

export function table(heading: readonly string[], rows: readonly string[][]): string {
  const lines = [heading, ...rows];
  const widths = heading.map((_, column) => Math.max(3, ...lines.map((cells) => (cells[column] ?? '').length)));
  const print = (cells: readonly string[]): string =>
    `| ${widths.map((width, column) => (cells[column] ?? '').padEnd(width)).join(' | ')} |`;
  const rule = `| ${widths.map((width) => '-'.repeat(width)).join(' | ')} |`;
  return [print(heading), rule, ...rows.map(print)].join('\n');
}
