import { cp, mkdtemp } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { git, gitBytes } from '../unit/git/support/git-command.ts';

/** The author's repository as plain files. */
export const DEFINITIONS = fileURLToPath(new URL('../../fixtures/definitions', import.meta.url));

/** The versions in it, by their folders. */
export const DEFINITION_FOLDERS = [
  'containers/claude/v1.0.0',
  'test-cases/carom/v1.0.0',
  'test-cases/carom/v1.1.0',
  'test-cases/games/hard/lattice/v0.1.0',
] as const;

const DATE = '2025-06-01T12:00:00+02:00';

/** Makes the author's repository below a folder, with one commit that is the same wherever it is made. */
export async function makeAuthorRepository(
  folder: string,
): Promise<{ readonly path: string; readonly commit: string }> {
  const path = await mkdtemp(join(folder, 'author-'));
  await cp(DEFINITIONS, path, { recursive: true, verbatimSymlinks: true });
  await git(path, 'init', '--quiet');
  await git(path, 'add', '--all');
  await gitBytes(path, ['commit', '--quiet', '--message', 'Publish what is finished'], {
    env: { GIT_AUTHOR_DATE: DATE, GIT_COMMITTER_DATE: DATE },
  });
  return { path, commit: await git(path, 'rev-parse', 'HEAD') };
}
