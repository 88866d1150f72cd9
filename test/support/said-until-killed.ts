import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';

/**
 * Runs a script of this folder that goes on for ever, and kills it so long after its first word. What it said, in whole lines; the first
 * is that word.
 */
export async function saidUntilKilled(
  script: string,
  args: readonly string[],
  delay: number,
  environment: Readonly<Record<string, string>> = {},
): Promise<string[]> {
  const path = fileURLToPath(new URL(script, import.meta.url));
  const child = spawn(process.execPath, [path, ...args], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, ...environment },
  });
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
    child.once('close', (_, ended) => resolve(ended));
  });
  clearTimeout(timer);
  if (signal !== 'SIGKILL') throw new Error(`${script} ended by itself: ${stderr}`);
  return stdout.split('\n').slice(0, -1);
}
