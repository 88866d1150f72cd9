import { delimiter } from 'node:path';
import { describe } from 'vitest';
import { isInstalled } from './installed.ts';

export { folderOf, isInstalled } from './installed.ts';

/** Every program beyond Node and git that some test needs. A test names its programs from here. */
export const PROGRAMS = [
  'skopeo',
  'buildah',
  'umoci',
  'docker-registry',
  'oras',
  'crane',
  'go',
  'postgres',
  'faketime',
  'ceph-mon',
  'ceph-osd',
  'radosgw',
  'chromium',
  'haproxy',
  'nginx',
  'systemd-analyze',
] as const;
export type Program = (typeof PROGRAMS)[number];

/** A real S3: Ceph's gateway, and the least of a cluster behind it. */
export const S3_PROGRAMS = ['ceph-mon', 'ceph-osd', 'radosgw'] as const satisfies readonly Program[];

/** Go tools are there only where the machine has Go, and systemd's only where there is systemd, so not even a full run insists on them. */
const OPTIONAL: readonly Program[] = ['oras', 'crane', 'go', 'systemd-analyze'];

/** The path of the specification's own conformance program, which no package carries: whoever has built it names it. */
export function conformanceProgram(): string | undefined {
  return process.env['ASSAY_OCI_CONFORMANCE'] || undefined;
}

/** Programs that are other versions of Node, for what must be the same on all of them; .ci/run has them. */
export function otherNodes(): string[] {
  return (process.env['ASSAY_OTHER_NODES'] ?? '').split(delimiter).filter((path) => path !== '');
}

export function missingPrograms(): string[] {
  const missing: string[] = PROGRAMS.filter((program) => !isInstalled(program));
  if (conformanceProgram() === undefined) missing.push('OCI conformance (ASSAY_OCI_CONFORMANCE)');
  if (otherNodes().length === 0) missing.push('other versions of Node (ASSAY_OTHER_NODES)');
  return missing;
}

/**
 * `describe` for tests that need programs: skipped where one is missing, unless ASSAY_TEST_ALL=1 asks for all of them;
 * then the tests run and fail at the missing program.
 */
export function describeWith(programs: readonly Program[], name: string, body: () => void | Promise<void>): void {
  const missing = programs.filter((program) => !isInstalled(program));
  const insist = process.env['ASSAY_TEST_ALL'] === '1' && !missing.some((program) => OPTIONAL.includes(program));
  // oxlint-disable-next-line vitest/valid-describe-callback -- the callback is the caller's
  describe.skipIf(missing.length > 0 && !insist)(`${name} (${programs.join(', ')})`, body);
}
