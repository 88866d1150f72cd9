import { execFile } from 'node:child_process';
import { access, constants } from 'node:fs/promises';
import { delimiter, join } from 'node:path';

/** A program that we did not write, and the Debian package that brings it. */
export interface Program {
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

export async function isInstalled(program: Program): Promise<boolean> {
  for (const folder of (process.env['PATH'] ?? '').split(delimiter)) {
    const found = await access(join(folder, program.command), constants.X_OK).then(
      () => true,
      () => false,
    );
    if (found) return true;
  }
  return false;
}

/** Reads the text whatever the exit code: `wrk -v` prints its version and exits 1. */
export function versionOf(program: Program): Promise<string> {
  return new Promise((resolve) => {
    execFile(program.command, [program.versionFlag], { timeout: 5000 }, (_error, stdout, stderr) => {
      resolve(program.versionPattern.exec(stdout + stderr)?.[1] ?? 'unknown');
    });
  });
}
