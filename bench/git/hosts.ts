import { join } from 'node:path';
import { assayName, startAssay } from '../servers/assay.ts';
import { gitHttpBackendName, startGitHttpBackend } from '../servers/git-http-backend.ts';
import type { Stage } from '../stage.ts';
import { git } from './git-command.ts';

export const hostNames = [assayName, gitHttpBackendName] as const;

/** A server of Git repositories. */
export interface Host {
  name: string;
  /** The address of a repository without anything in it. */
  create(repository: string): Promise<string>;
  /** Leaves the repository as the host's own maintenance does. */
  maintain(repository: string): Promise<void>;
}

const starters: Record<string, (stage: Stage) => Promise<Host>> = {
  [assayName]: startAssayHost,
  [gitHttpBackendName]: startPeer,
};

/** Starts the wanted hosts in the order in which they take turns. */
export async function startHosts(stage: Stage, wanted: readonly string[]): Promise<Host[]> {
  const hosts: Host[] = [];
  for (const name of wanted) {
    const start = starters[name];
    if (start !== undefined) hosts.push(await start(stage));
  }
  return hosts;
}

async function startAssayHost(stage: Stage): Promise<Host> {
  const { name, url } = await startAssay(stage);
  return {
    name,
    // The first push makes it.
    create: (repository) => Promise.resolve(`${url}/git/${repository}.git`),
    maintain: () => Promise.resolve(),
  };
}

export async function startPeer(stage: Stage): Promise<Host> {
  const { name, url, data } = await startGitHttpBackend(stage);
  const { signal } = stage;
  return {
    name,
    async create(repository) {
      await git({ folder: data, signal }, 'init', '-q', '--bare', '-b', 'main', `${repository}.git`);
      return `${url}/${repository}.git`;
    },
    // One pack with a bitmap, from which clones are served fastest.
    async maintain(repository) {
      await git({ folder: join(data, `${repository}.git`), signal }, 'gc', '-q');
    },
  };
}
