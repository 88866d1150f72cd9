import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { openLog } from '../../lib/log/open-log.ts';
import { errorsIn } from '../support/assay-command.ts';
import { keysBehind, type Kept } from '../support/behind-the-server.ts';
import { naiveRoot } from '../support/naive-tree.ts';
import { Server } from '../support/server.ts';
import { useTemporaryFolder } from '../support/use-temporary-folder.ts';

const KILLS = 10;
const APPENDER = fileURLToPath(new URL('../support/append-until-killed.mjs', import.meta.url));

describe('a log whose processes are killed in mid-append', () => {
  const folder = useTemporaryFolder();

  test(`has all that they acknowledged where they were told, ${KILLS} times`, async () => {
    // Made by a server, so that the whole store can be checked at the end.
    const server = new Server({ data: folder.path });
    await server.start();
    await server.close();
    const acknowledged = new Map<number, string>();
    for (let round = 0; round < KILLS; round += 1) {
      // Two at once, since processes share the log.
      const delay = Math.random() * 150;
      const said = await Promise.all(['a', 'b'].map((name) => appendAndKill(server, `${name}${round}`, delay)));
      for (const line of said.flat()) {
        const [index = '', id = ''] = line.split(' ');
        expect(acknowledged.has(Number(index)), `two entries ${index}`).toBe(false);
        acknowledged.set(Number(index), id);
      }
      await expectKept(server, acknowledged);
    }
    expect(acknowledged.size).toBeGreaterThan(KILLS);
    expect(await errorsIn(folder.path, server.environment)).toEqual([]);
  }, 120_000);
});

/** What the process acknowledged before its end, in whole lines. */
async function appendAndKill({ data, environment }: Kept, name: string, delay: number): Promise<string[]> {
  const env = { ...process.env, ...environment };
  const child = spawn(process.execPath, [APPENDER, data, name], { stdio: ['ignore', 'pipe', 'pipe'], env });
  let [stdout, stderr] = ['', ''];
  let timer: NodeJS.Timeout | undefined;
  child.stderr.on('data', (piece: Buffer) => {
    stderr += piece.toString('utf8');
  });
  child.stdout.on('data', (piece: Buffer) => {
    stdout += piece.toString('utf8');
    timer ??= setTimeout(() => child.kill('SIGKILL'), delay);
  });
  const signal = await new Promise<NodeJS.Signals | null>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (_, signal) => resolve(signal));
  });
  if (signal !== 'SIGKILL') throw new Error(`the appender ended by itself: ${stderr}`);
  return stdout.split('\n').slice(1, -1);
}

async function expectKept(server: Kept, acknowledged: ReadonlyMap<number, string>): Promise<void> {
  const keys = await keysBehind(server);
  try {
    const log = await openLog(keys, { now: Date.now, keyFile: join(server.data, 'log.key'), origin: undefined });
    const entries: Buffer[] = [];
    const ids: string[] = [];
    for await (const { bytes, entry } of log.entries()) {
      entries.push(bytes);
      ids.push((entry as unknown as { id: string }).id);
    }
    for (const [index, id] of acknowledged) expect(ids[index]).toBe(id);
    expect(new Set(ids).size).toBe(ids.length);
    expect(await log.head()).toEqual({ size: entries.length, root: naiveRoot(entries) });
  } finally {
    await keys.close();
  }
}
