import { readFile, statfs } from 'node:fs/promises';
import { availableParallelism, cpus, loadavg, release, totalmem, type } from 'node:os';
import { join } from 'node:path';
import { type Program, versionOf } from '../process/program.ts';
import { run } from '../process/run.ts';
import { root } from '../root.ts';

export interface Machine {
  cores: number;
  cpu: string;
  memoryGib: number;
  system: string;
  filesystem: string;
  /** Processes that wanted a core in the minute before: above a fraction of the cores, figures come out low. */
  loadBefore: number;
}

const filesystems: Record<number, string> = {
  0xef53: 'ext4',
  0x58465342: 'xfs',
  0x9123683e: 'btrfs',
  0x01021994: 'tmpfs',
  0x794c7630: 'overlayfs',
  0x2fc12fc1: 'zfs',
};

export async function describeMachine(directory: string): Promise<Machine> {
  const kind = (await statfs(directory)).type;
  return {
    cores: availableParallelism(),
    cpu: cpus()[0]?.model.trim() ?? 'unknown',
    memoryGib: Math.round(totalmem() / 2 ** 30),
    system: `${type()} ${release()}`,
    filesystem: filesystems[kind] ?? `0x${kind.toString(16)}`,
    loadBefore: loadavg()[0] ?? 0,
  };
}

export async function describeVersions(
  programs: readonly Program[],
  signal: AbortSignal,
): Promise<Record<string, string>> {
  const versions: Record<string, string> = { Assay: await assayVersion(signal), Node: process.versions.node };
  for (const program of programs) versions[program.command] = await versionOf(program);
  return versions;
}

async function assayVersion(signal: AbortSignal): Promise<string> {
  const { version } = JSON.parse(await readFile(join(root, 'package.json'), 'utf8')) as { version: string };
  const git = ['-C', root, 'describe', '--always', '--dirty', '--exclude=*'];
  const commit = await run('git', git, { seconds: 10, signal }).catch(() => '');
  return commit === '' ? version : `${version} (${commit.trim()})`;
}
