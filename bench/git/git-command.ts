import { run } from '../process/run.ts';

/** What git is run with, as client and as author: nothing that the person who measures has set for it. */
export const gitEnvironment: NodeJS.ProcessEnv = {
  PATH: process.env['PATH'],
  LC_ALL: 'C',
  GIT_CONFIG_NOSYSTEM: '1',
  GIT_CONFIG_GLOBAL: '/dev/null',
  GIT_TERMINAL_PROMPT: '0',
  GIT_AUTHOR_NAME: 'Author',
  GIT_AUTHOR_EMAIL: 'author@example.org',
  GIT_COMMITTER_NAME: 'Author',
  GIT_COMMITTER_EMAIL: 'author@example.org',
  // Git would tidy up in the background, in somebody's round.
  GIT_CONFIG_COUNT: '2',
  GIT_CONFIG_KEY_0: 'gc.auto',
  GIT_CONFIG_VALUE_0: '0',
  GIT_CONFIG_KEY_1: 'maintenance.auto',
  GIT_CONFIG_VALUE_1: 'false',
};

export interface GitPlace {
  folder: string;
  signal: AbortSignal;
}

export async function git({ folder, signal }: GitPlace, ...args: readonly string[]): Promise<string> {
  const printed = await run('git', args, { seconds: 600, signal, folder, environment: gitEnvironment });
  return printed.trim();
}
