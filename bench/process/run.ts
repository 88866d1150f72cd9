import { execFile } from 'node:child_process';
import { promisify } from 'node:util';

const execute = promisify(execFile);

export interface Circumstances {
  seconds: number;
  signal: AbortSignal;
  folder?: string;
  /** In place of this process's environment, not beside it. */
  environment?: NodeJS.ProcessEnv;
}

/** Runs a program to its end and returns what it printed. */
export async function run(command: string, args: readonly string[], circumstances: Circumstances): Promise<string> {
  const { seconds, signal, folder, environment } = circumstances;
  const { stdout } = await execute(command, args, {
    timeout: seconds * 1000,
    signal,
    maxBuffer: 1 << 20,
    cwd: folder,
    env: environment,
  });
  return stdout;
}
