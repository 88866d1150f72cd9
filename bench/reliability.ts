import { spawn } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { messageOf } from './message.ts';
import { describeMachine, describeVersions } from './report/machine.ts';
import { replaceSection, table } from './report/page.ts';
import { root } from './root.ts';

const USAGE = `usage: npm run reliability [-- --write]

Runs test/fault in full and prints what it says; --write also puts that into docs/reliability.md.`;
const PAGE = join(root, 'docs/reliability.md');

interface Told {
  readonly fault: string;
  readonly told: string;
}

try {
  process.exitCode = await main(process.argv.slice(2));
} catch (cause) {
  console.error(messageOf(cause));
  process.exitCode = 1;
}

async function main(args: readonly string[]): Promise<number> {
  if (args.some((arg) => arg !== '--write')) {
    console.error(USAGE);
    return args.includes('--help') ? 0 : 2;
  }
  const machine = await describeMachine(tmpdir());
  const versions = await describeVersions([], new AbortController().signal);
  const began = performance.now();
  const { code, figures } = await runSuite();
  const seconds = Math.round((performance.now() - began) / 1000);
  const facts = [
    `Run on ${new Date().toISOString().slice(0, 10)}, in ${seconds} s.`,
    `Machine: ${machine.cores} cores (${machine.cpu}), ${machine.memoryGib} GiB of memory, ${machine.system}, data on ${machine.filesystem}.`,
    `Load in the minute before: ${machine.loadBefore.toFixed(2)}.`,
    `Versions: ${Object.entries(versions)
      .map(([name, version]) => `${name} ${version}`)
      .join(', ')}.`,
  ];
  const rows = figures.map(({ fault, told }) => [fault, told]);
  const section = ['## Figures', facts.join('\n'), table(['fault', 'what the script said'], rows)].join('\n\n');
  console.log(`\n${section}`);
  if (!args.includes('--write')) return code;
  if (code !== 0) {
    console.error('docs/reliability.md is left as it was: a fault did harm');
    return code;
  }
  await writeFile(PAGE, replaceSection(await readFile(PAGE, 'utf8'), 'reliability', section));
  console.error(`wrote ${PAGE}`);
  return code;
}

/** One file after the other: what one does to the machine is not to be in the figures of another. */
async function runSuite(): Promise<{ code: number; figures: Told[] }> {
  const folder = await mkdtemp(join(tmpdir(), 'assay-reliability-'));
  try {
    const file = join(folder, 'figures');
    await writeFile(file, '');
    const program = join(root, 'node_modules/vitest/vitest.mjs');
    const child = spawn(process.execPath, [program, 'run', '--no-file-parallelism', 'test/fault'], {
      cwd: root,
      stdio: 'inherit',
      env: { ...process.env, ASSAY_FAULT: 'full', ASSAY_FAULT_FIGURES: file },
    });
    const code = await new Promise<number>((resolve, reject) => {
      child.once('error', reject);
      child.once('close', (ended) => resolve(ended ?? 1));
    });
    const lines = (await readFile(file, 'utf8')).split('\n').filter(Boolean);
    return { code, figures: lines.map((line) => JSON.parse(line) as Told) };
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
