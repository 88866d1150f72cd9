import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { isInstalled } from './installed.ts';
import type { Program } from './programs.ts';

/**
 * Every file of test/e2e runs on LMDB and files, and then once more on this pair of engines: `shared-engines.ts` starts one of each for
 * all of them, and `serve-on-shared-engines.ts` gives every server a database and a prefix of its own there.
 */
export const SECOND_PAIR = 'PostgreSQL and S3';

const NEEDED = ['postgres', 'ceph-mon', 'ceph-osd', 'radosgw'] as const satisfies readonly Program[];

/** Files that do not run once more, and why. */
const NOT_AGAIN: Readonly<Record<string, string>> = {
  'full-disk.test.ts': 'fills the disk that the data folder is on',
  'gallery.test.ts':
    'looks at pages of a snapshot in a browser; snapshots do not depend on the engines that they come from',
  'log-independent.test.ts': 'lets Go check the log, whose bytes do not depend on the engine, and fills LMDB itself',
  'moving-engines.test.ts': 'moves from each pair to the other, on engines of its own',
  'moving.test.ts': 'moves what is in LMDB and files',
  'postgres.test.ts': 'restarts a PostgreSQL of its own',
  'processes.test.ts': 'is about processes that share one LMDB',
  'proxy-faults.test.ts': 'lets PostgreSQL and S3 of its own fail',
  'publication-bucket.test.ts': 'lets a bucket of its own fail, and has a PostgreSQL of its own for the rest',
  'publication-hanging.test.ts': 'has credentials of its own, for a bucket that hangs',
  'publication-survival.test.ts': 'starts no server',
  'pull-interrupted.test.ts': 'starts no server',
  'ready.test.ts': 'takes the folder of blobs away, and each engine of the other pair',
  's3-postgres.test.ts': 'is about servers that share both engines',
  's3-redirect.test.ts': 'has an S3 of its own, beside LMDB',
  's3-settings.test.ts': 'is about rights and faults of an S3 of its own',
  's3.test.ts': 'is about S3 beside LMDB',
  'start-page.test.ts': 'runs the commands of docs/start.md as they stand there',
};

/** The paths of those files from the root of the repository. A name that there is no file for is a mistake. */
export function filesNotRunAgain(): string[] {
  return Object.keys(NOT_AGAIN).map((name) => {
    if (!existsSync(fileURLToPath(new URL(`../e2e/${name}`, import.meta.url)))) throw new Error(`there is no ${name}`);
    return `test/e2e/${name}`;
  });
}

/** What keeps it from being run, or nothing; where all programs are asked for, it runs and fails at the missing one. */
export function missingForSecondPair(): Program[] {
  return process.env['ASSAY_TEST_ALL'] === '1' ? [] : NEEDED.filter((program) => !isInstalled(program));
}
