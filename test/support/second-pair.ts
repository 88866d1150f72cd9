import { isInstalled } from './installed.ts';
import type { Program } from './programs.ts';

/** Everything in test/e2e runs on LMDB and files first, and then once more on this pair of engines. */
export const SECOND_PAIR = 'PostgreSQL and S3';

const NEEDED = ['postgres', 'ceph-mon', 'ceph-osd', 'radosgw'] as const satisfies readonly Program[];

/** What is not run once more, and why. */
export const NOT_AGAIN: Readonly<Record<string, string>> = {
  's3.test.ts': 'keeps blobs in an S3 of its own, beside LMDB',
  's3-postgres.test.ts': 'is about servers that share a PostgreSQL and an S3 of its own',
  's3-redirect.test.ts': 'has an S3 of its own',
  's3-settings.test.ts': 'is about the settings of an S3 of its own',
  'postgres.test.ts': 'restarts a PostgreSQL of its own',
  'proxy-faults.test.ts': 'has its own engines behind a proxy that fails',
  'processes.test.ts': 'is about processes that share one LMDB',
  'full-disk.test.ts': 'fills the disk under the data folder',
  'moving.test.ts': 'moves what is in LMDB and files',
  'moving-engines.test.ts': 'moves from engines to others',
  'publication-survival.test.ts': 'starts no server',
  'pull-interrupted.test.ts': 'starts no server',
  'start-page.test.ts': 'runs the commands of docs/start.md as they stand',
};

export function missingForSecondPair(): Program[] {
  return NEEDED.filter((program) => !isInstalled(program));
}

/** Where a program is missing the second pair is left out, and the run ends with its name, unless all programs are asked for. */
export function runsOnSecondPair(): boolean {
  return missingForSecondPair().length === 0 || process.env['ASSAY_TEST_ALL'] === '1';
}
