import { accessSync, constants, existsSync, readdirSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { describe } from 'vitest';

/** Every program beyond Node and git that some test needs. A test names its programs from here. */
export const PROGRAMS = ['skopeo', 'buildah', 'umoci', 'docker-registry', 'oras', 'crane', 'postgres'] as const;
export type Program = (typeof PROGRAMS)[number];

/** Go tools are there only where the machine has Go, so not even a full run insists on them. */
const OPTIONAL: readonly Program[] = ['oras', 'crane'];

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

/** The path of the specification's own conformance program, which no package carries: whoever has built it names it. */
export function conformanceProgram(): string | undefined {
  return process.env['ASSAY_OCI_CONFORMANCE'] || undefined;
}

export function missingPrograms(): string[] {
  const missing = PROGRAMS.filter((program) => !isInstalled(program));
  return conformanceProgram() === undefined ? [...missing, 'OCI conformance (ASSAY_OCI_CONFORMANCE)'] : missing;
}

/**
 * `describe` for tests that need programs: skipped where one is missing, unless ASSAY_TEST_ALL=1 asks for all of them;
 * then the tests run and fail at the missing program.
 */
export function describeWith(programs: readonly Program[], name: string, body: () => void): void {
  const missing = programs.filter((program) => !isInstalled(program));
  const insist = process.env['ASSAY_TEST_ALL'] === '1' && !missing.some((program) => OPTIONAL.includes(program));
  describe.skipIf(missing.length > 0 && !insist)(`${name} (${programs.join(', ')})`, () => {
    body();
  });
}
