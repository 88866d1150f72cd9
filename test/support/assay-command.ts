import { spawn, type ChildProcess } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { tryProgram, type Outcome } from './run-program.ts';

const PROGRAM = fileURLToPath(new URL('../../dist/cli/main.js', import.meta.url));

/** Runs `assay` with arguments to its end, without any settings of the shell around the tests. */
export async function assay(
  args: readonly string[],
  env: NodeJS.ProcessEnv = {},
  options: { readonly cwd?: string } = {},
): Promise<Outcome> {
  const ambient = { PATH: process.env['PATH'] ?? '' };
  return tryProgram(process.execPath, [PROGRAM, ...args], { ...options, env: { ...ambient, ...env } });
}

/** Starts `assay`, for tests that interrupt it. */
export function startAssay(args: readonly string[], env: NodeJS.ProcessEnv = {}): ChildProcess {
  return spawn(process.execPath, [PROGRAM, ...args], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { PATH: process.env['PATH'] ?? '', ...env },
  });
}

/** What `assay fsck` finds to be lost or wrong in a data folder; leftovers do not count. */
export async function errorsIn(data: string, env: NodeJS.ProcessEnv = {}): Promise<unknown[]> {
  const { code, stdout, stderr } = await assay(['fsck', '--json', '--data', data], env);
  if (code !== 0 && code !== 1) throw new Error(`fsck ended with ${code}: ${stderr}`);
  const { findings } = JSON.parse(stdout) as { findings: { severity: string }[] };
  return findings.filter(({ severity }) => severity === 'error');
}
