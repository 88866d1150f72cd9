import { fileURLToPath } from 'node:url';
import { tryProgram, type Outcome } from './run-program.ts';

const PROGRAM = fileURLToPath(new URL('../../dist/cli/main.js', import.meta.url));

/** Runs `assay` with arguments to its end, without any settings of the shell around the tests. */
export async function assay(args: readonly string[], env: NodeJS.ProcessEnv = {}): Promise<Outcome> {
  return tryProgram(process.execPath, [PROGRAM, ...args], { env: { PATH: process.env['PATH'] ?? '', ...env } });
}

/** What `assay fsck` finds to be lost or wrong in a data folder; leftovers do not count. */
export async function errorsIn(data: string): Promise<unknown[]> {
  const { code, stdout, stderr } = await assay(['fsck', '--json', '--data', data]);
  if (code !== 0 && code !== 1) throw new Error(`fsck ended with ${code}: ${stderr}`);
  const { findings } = JSON.parse(stdout) as { findings: { severity: string }[] };
  return findings.filter(({ severity }) => severity === 'error');
}
