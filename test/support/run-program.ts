import { spawn } from 'node:child_process';

export interface RunOptions {
  readonly cwd?: string;
  /** In place of the environment of this process, not beside it. */
  readonly env?: NodeJS.ProcessEnv;
  readonly timeout?: number;
}

export interface Output {
  readonly stdout: string;
  readonly stderr: string;
}

export interface Outcome extends Output {
  readonly code: number | null;
  readonly timedOut: boolean;
}

/** Runs a program to its end without input, whatever its exit code. Rejects only when it cannot be started. */
export async function tryProgram(program: string, args: readonly string[], options: RunOptions = {}): Promise<Outcome> {
  const child = spawn(program, args, {
    stdio: ['ignore', 'pipe', 'pipe'],
    ...(options.cwd === undefined ? {} : { cwd: options.cwd }),
    ...(options.env === undefined ? {} : { env: options.env }),
  });
  const stdout: Buffer[] = [];
  const stderr: Buffer[] = [];
  child.stdout.on('data', (piece: Buffer) => stdout.push(piece));
  child.stderr.on('data', (piece: Buffer) => stderr.push(piece));
  let timedOut = false;
  const timer = setTimeout(() => {
    timedOut = true;
    child.kill('SIGKILL');
  }, options.timeout ?? 60_000);
  try {
    const code = await new Promise<number | null>((resolve, reject) => {
      child.once('error', reject);
      child.once('close', resolve);
    });
    return { code, timedOut, stdout: textOf(stdout), stderr: textOf(stderr) };
  } finally {
    clearTimeout(timer);
  }
}

/** Runs a program that is to succeed; throws with all that it said when it does not. */
export async function runProgram(program: string, args: readonly string[], options: RunOptions = {}): Promise<Output> {
  const { code, timedOut, stdout, stderr } = await tryProgram(program, args, options);
  if (code === 0) return { stdout, stderr };
  const end = timedOut ? 'did not end in time' : `ended with ${code}`;
  throw new Error(`${program} ${args.join(' ')} ${end}\n${stdout}\n${stderr}`);
}

function textOf(pieces: readonly Buffer[]): string {
  return Buffer.concat(pieces).toString('utf8');
}
