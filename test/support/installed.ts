import { accessSync, constants, existsSync, readdirSync } from 'node:fs';
import { delimiter, join } from 'node:path';

/** Debian keeps what belongs to one version of PostgreSQL out of the PATH. */
const POSTGRESQL = '/usr/lib/postgresql';

export function isInstalled(program: string): boolean {
  return folderOf(program) !== undefined;
}

/** Where a program is: in the PATH, or among Debian's versions of PostgreSQL, of which the newest goes first. */
export function folderOf(program: string): string | undefined {
  const versions = existsSync(POSTGRESQL) ? readdirSync(POSTGRESQL).sort((a, b) => Number(b) - Number(a)) : [];
  const folders = [
    ...(process.env['PATH'] ?? '').split(delimiter),
    ...versions.map((version) => join(POSTGRESQL, version, 'bin')),
  ];
  return folders.find((folder) => {
    try {
      accessSync(join(folder, program), constants.X_OK);
      return true;
    } catch {
      return false;
    }
  });
}
