import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { open, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Stage } from '../stage.ts';

const startLimitMs = 20_000;
const stopLimitMs = 10_000;

export interface Child {
  /** Resolves with what `probe` finds; fails when the child ends first or stays silent too long. */
  ready<T>(probe: (printed: string) => Promise<T | undefined> | T | undefined): Promise<T>;
}

/**
 * Starts a server whose output goes to a file: a pipe would make the load client read along. The stage stops it, and
 * fails if it ended by itself.
 */
export async function startChild(
  stage: Stage,
  command: string,
  args: readonly string[],
  options: { withoutSettings?: RegExp; env?: Readonly<Record<string, string>> } = {},
): Promise<Child> {
  const outputPath = join(await stage.directory('output'), 'output');
  const output = await open(outputPath, 'w');
  const child = spawn(command, args, {
    stdio: ['ignore', output.fd, output.fd],
    env: { ...environment(options.withoutSettings), ...options.env },
  });
  const exit = once(child, 'exit').catch(() => undefined);
  let failure: string | undefined;
  let reported = false;
  child.once('error', (cause) => (failure = `${command} does not start: ${cause.message}`));
  child.once('exit', (code, signal) => (failure = `${command} ended by itself (${signal ?? code})`));
  const reportFailure = async (): Promise<void> => {
    if (failure === undefined || reported || stage.signal.aborted) return;
    reported = true;
    throw new Error(`${failure}\n${await tail(outputPath)}`);
  };
  stage.defer(async () => {
    await reportFailure();
    child.kill('SIGTERM');
    const killer = setTimeout(() => child.kill('SIGKILL'), stopLimitMs);
    await exit;
    clearTimeout(killer);
    if (child.signalCode === 'SIGKILL') throw new Error(`${command} did not stop within ${stopLimitMs / 1000} s`);
  });
  await output.close();
  return {
    async ready(probe) {
      const deadline = Date.now() + startLimitMs;
      while (Date.now() < deadline) {
        stage.signal.throwIfAborted();
        const found = await probe(await readFile(outputPath, 'utf8'));
        if (found !== undefined) return found;
        await reportFailure();
        await sleep(20);
      }
      throw new Error(`${command} was not ready after ${startLimitMs / 1000} s\n${await tail(outputPath)}`);
    },
  };
}

export function printedUrl(printed: string): string | undefined {
  return /http:\/\/127\.0\.0\.1:\d+(?=\D)/.exec(printed)?.[0];
}

/** Settings of the person who measures must not leak into what is measured. */
function environment(without: RegExp | undefined): NodeJS.ProcessEnv {
  if (without === undefined) return process.env;
  return Object.fromEntries(Object.entries(process.env).filter(([name]) => !without.test(name)));
}

async function tail(path: string): Promise<string> {
  return (await readFile(path, 'utf8')).slice(-2000).trim();
}
