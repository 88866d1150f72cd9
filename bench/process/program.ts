import { execFile } from 'node:child_process';
import { access, constants } from 'node:fs/promises';
import { join } from 'node:path';
import { folderOf } from '../../test/support/installed.ts';

/** A program that we did not write, and the Debian package that brings it. */
export interface Program {
  /** `git <name>` is the program git-<name> in the folder that git names. */
  command: string;
  package: string;
  versionFlag: string;
  versionPattern: RegExp;
}

export const dockerRegistry: Program = {
  command: 'docker-registry',
  package: 'docker-registry',
  versionFlag: '--version',
  versionPattern: /distribution v?(\S+)/,
};

export const wrk: Program = {
  command: 'wrk',
  package: 'wrk',
  versionFlag: '-v',
  versionPattern: /^wrk (?:debian\/)?(\S+)/m,
};

export const ab: Program = {
  command: 'ab',
  package: 'apache2-utils',
  versionFlag: '-V',
  versionPattern: /Version (\S+)/,
};

export const git: Program = {
  command: 'git',
  package: 'git',
  versionFlag: '--version',
  versionPattern: /^git version (\S+)/,
};

export const gitHttpBackend: Program = { ...git, command: 'git http-backend' };

export const postgres: Program = {
  command: 'postgres',
  package: 'postgresql',
  versionFlag: '--version',
  versionPattern: /PostgreSQL\) (\S+)/,
};

export const radosgw: Program = {
  command: 'radosgw',
  package: 'radosgw ceph-mon ceph-osd',
  versionFlag: '--version',
  versionPattern: /ceph version (\S+)/,
};

export async function isInstalled({ command }: Program): Promise<boolean> {
  const [program = '', part] = command.split(' ');
  if (part === undefined) return folderOf(program) !== undefined;
  for (const folder of await partsOf(program)) {
    const found = await access(join(folder, `${program}-${part}`), constants.X_OK).then(
      () => true,
      () => false,
    );
    if (found) return true;
  }
  return false;
}

function partsOf(program: string): Promise<string[]> {
  return new Promise((resolve) => {
    execFile(program, ['--exec-path'], { timeout: 5000 }, (error, stdout) => resolve(error ? [] : [stdout.trim()]));
  });
}

/** Reads the text whatever the exit code: `wrk -v` prints its version and exits 1. */
export function versionOf(program: Program): Promise<string> {
  const [name = ''] = program.command.split(' ');
  const command = join(folderOf(name) ?? '', name);
  return new Promise((resolve) => {
    execFile(command, [program.versionFlag], { timeout: 5000 }, (_error, stdout, stderr) => {
      resolve(program.versionPattern.exec(stdout + stderr)?.[1] ?? 'unknown');
    });
  });
}
