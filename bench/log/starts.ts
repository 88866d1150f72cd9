import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { root } from '../root.ts';
import { assayName } from '../servers/assay.ts';
import type { Contender, Row } from '../suite.ts';
import type { Stage } from '../stage.ts';
import { openBenchLog, runFact } from './run-facts.ts';

const entries = 1_000_000;
const emptyName = 'assay, empty';
const appendsAtOnce = 2048;

interface Start {
  seconds: number;
  mib: number;
}

export const startTimeRow: Row = {
  name: 'log-start',
  work: `start with ${entries.toLocaleString('en')} entries in the log, until it listens and has answered`,
  unit: 's',
  better: 'less',
  contenders: [assayName, emptyName],
  holds: [{ against: emptyName, limit: 2 }],
  programs: [],
  async open(stage, wanted) {
    const contenders: Contender[] = [];
    for (const name of wanted) {
      const data = await filled(stage, name === assayName ? entries : 0);
      contenders.push({ name, measure: async () => (await start(stage, data)).seconds });
    }
    return contenders;
  },
};

export const startMemoryRow: Row = {
  name: 'log-start-memory',
  work: `memory after a start with ${entries.toLocaleString('en')} entries, beyond that after an empty one`,
  unit: 'MiB',
  better: 'less',
  contenders: [assayName],
  holds: [{ limit: 64 }],
  programs: [],
  async open(stage) {
    const [full, empty] = [await filled(stage, entries), await filled(stage, 0)];
    return [{ name: assayName, measure: async () => (await start(stage, full)).mib - (await start(stage, empty)).mib }];
  },
};

async function filled(stage: Stage, count: number): Promise<string> {
  const data = await stage.directory('start');
  const { log, close } = await openBenchLog(data);
  let next = 0;
  await Promise.all(
    Array.from({ length: Math.min(count, appendsAtOnce) }, async () => {
      while (next < count) {
        const entry = runFact((next += 1));
        stage.signal.throwIfAborted();
        await log.append(() => Promise.resolve({ entry, result: () => undefined }));
      }
    }),
  );
  await close();
  return data;
}

/** From the process's beginning to its first answer, of the log's head; then what it holds of memory. */
async function start(stage: Stage, data: string): Promise<Start> {
  const began = performance.now();
  const args = [join(root, 'dist/cli/main.js'), 'serve', '--host', '127.0.0.1', '--port', '0', '--data', data];
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] });
  const exit = once(child, 'exit');
  const abort = (): void => void child.kill('SIGKILL');
  stage.signal.addEventListener('abort', abort);
  try {
    const [printed] = (await once(child.stdout, 'data')) as [Buffer];
    const url = /http:\/\/\S+/.exec(printed.toString())?.[0];
    const answer = await fetch(`${url}/log/checkpoint`);
    if (!answer.ok) throw new Error(`the log's checkpoint was answered with ${answer.status}`);
    await answer.text();
    return { seconds: (performance.now() - began) / 1000, mib: await residentMib(child.pid) };
  } finally {
    stage.signal.removeEventListener('abort', abort);
    child.kill('SIGTERM');
    await exit;
  }
}

async function residentMib(pid: number | undefined): Promise<number> {
  const status = await readFile(`/proc/${pid}/status`, 'utf8');
  return Number(/^VmRSS:\s+(\d+) kB/m.exec(status)?.[1]) / 1024;
}
