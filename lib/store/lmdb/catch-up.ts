import { execFile } from 'node:child_process';
import { createRequire } from 'node:module';
import { promisify } from 'node:util';
import type { RootDatabaseOptionsWithPath } from 'lmdb';

const LIMIT_MS = 30_000;

const OPEN = 'require(process.argv[1]).open(JSON.parse(process.argv[2])).close()';

/**
 * Has a process open the store, with the options of whoever uses it, and close it. Whoever opens it notes for all processes which commit is the newest, as it was when
 * the process looked a moment before: a commit that came in between is forgotten by that note, until somebody opens again.
 */
export async function catchUp(options: RootDatabaseOptionsWithPath): Promise<void> {
  const library = createRequire(import.meta.url).resolve('lmdb');
  await promisify(execFile)(process.execPath, ['-e', OPEN, library, JSON.stringify(options)], { timeout: LIMIT_MS });
}
