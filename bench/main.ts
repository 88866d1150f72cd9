import { writeFile } from 'node:fs/promises';
import { measureRow, type RowResult } from './measure.ts';
import { messageOf } from './message.ts';
import { type Options, parseOptions, UsageError, usage } from './options.ts';
import { isInstalled, type Program } from './process/program.ts';
import { describeMachine, describeVersions } from './report/machine.ts';
import { writePage } from './report/page.ts';
import { type Report, type SuiteReport, toJson } from './report/report.ts';
import { headingLine, resultLines } from './report/terminal.ts';
import { verdictsOf } from './verdict.ts';

const interruption = new AbortController();
for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.once(signal, () => interruption.abort(new Error(`stopped by ${signal}`)));
}

try {
  process.exitCode = await main(process.argv.slice(2));
} catch (cause) {
  if (cause instanceof UsageError) console.error(`${cause.message}\nnpm run bench -- --help tells more`);
  else console.error(messageOf(cause));
  process.exitCode = cause instanceof UsageError ? 2 : 1;
}

async function main(args: readonly string[]): Promise<number> {
  const options = parseOptions(args);
  if (options.help) {
    console.log(usage());
    return 0;
  }
  const programs = await requirePrograms(options);
  const { machine, versions } = await describe(options, programs);
  const { suites, failures } = await measure(options);
  const report: Report = { date: new Date().toISOString().slice(0, 10), machine, versions, pace: options.pace, suites };
  if (options.json !== undefined) await writeFile(options.json, toJson(report));
  if (failures > 0) {
    if (options.write) console.error('docs/performance.md is left as it was: a row has failed');
    return 1;
  }
  if (options.write) console.error(`wrote ${await writePage(report)}`);
  const short = suites.some(({ results }) => results.some(isShort));
  return options.hold && short ? 1 : 0;
}

async function requirePrograms(options: Options): Promise<Program[]> {
  const needed = new Set(options.plan.flatMap(({ rows }) => rows.flatMap(({ programs }) => programs)));
  const programs = [...needed].filter(({ command }) => !options.without.includes(command));
  for (const program of programs) {
    if (await isInstalled(program)) continue;
    throw new UsageError(`${program.command} is not installed; Debian: apt-get install ${program.package}`);
  }
  return programs;
}

async function describe(options: Options, programs: readonly Program[]): Promise<Pick<Report, 'machine' | 'versions'>> {
  const machine = await describeMachine(options.directory);
  const versions = await describeVersions(programs, interruption.signal);
  const { cores, cpu, memoryGib, system, filesystem, loadBefore } = machine;
  console.log(`${cores} cores (${cpu}), ${memoryGib} GiB, ${system}, data on ${filesystem}`);
  console.log(
    Object.entries(versions)
      .map(([name, version]) => `${name} ${version}`)
      .join(', '),
  );
  console.log(`${options.pace.rounds} rounds of ${options.pace.seconds} s, medians\n`);
  if (loadBefore > cores / 4) console.error(`the machine is busy (load ${loadBefore.toFixed(2)}): figures will be low`);
  if (filesystem === 'tmpfs') console.error('data is kept in memory here: no upload is durable; choose another --dir');
  return { machine, versions };
}

async function measure(options: Options): Promise<{ suites: SuiteReport[]; failures: number }> {
  const suites: SuiteReport[] = [];
  let failures = 0;
  console.log(headingLine());
  for (const { suite, rows } of options.plan) {
    const results: RowResult[] = [];
    for (const row of rows) {
      interruption.signal.throwIfAborted();
      try {
        const result = await measureRow(row, { ...options, signal: interruption.signal });
        console.log(resultLines(result));
        results.push(result);
      } catch (cause) {
        interruption.signal.throwIfAborted();
        failures++;
        console.error(`${row.name}: ${messageOf(cause)}`);
      }
    }
    suites.push({ suite, results });
  }
  return { suites, failures };
}

function isShort(result: RowResult): boolean {
  return verdictsOf(result).some(({ met }) => met === false);
}
