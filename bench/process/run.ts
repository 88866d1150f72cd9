import { execFile } from 'node:child_process';
import { promisify } from 'node:util';

const execute = promisify(execFile);

/** Runs a program to its end and returns what it printed. */
export async function run(
  command: string,
  args: readonly string[],
  limits: { seconds: number; signal: AbortSignal },
): Promise<string> {
  const { stdout } = await execute(command, args, {
    timeout: limits.seconds * 1000,
    signal: limits.signal,
    maxBuffer: 1 << 20,
  });
  return stdout;
}
