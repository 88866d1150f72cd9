import { execFile } from 'node:child_process';
import { createRequire } from 'node:module';
import { promisify } from 'node:util';

const LIMIT_MS = 30_000;

/** As the store itself opens it. */
const OPEN = `require(process.argv[1]).open({ path: process.argv[2], noSubdir: true, overlappingSync: false, maxReaders: 512 }).close()`;

/**
 * Has a process open the store and close it. Whoever opens it notes for all processes which commit is the newest, as it was when
 * the process looked a moment before: a commit that came in between is forgotten by that note, until somebody opens again.
 */
export async function catchUp(path: string): Promise<void> {
  const library = createRequire(import.meta.url).resolve('lmdb');
  await promisify(execFile)(process.execPath, ['-e', OPEN, library, path], { timeout: LIMIT_MS });
}
