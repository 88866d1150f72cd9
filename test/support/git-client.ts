import { join } from 'node:path';
import { expect } from 'vitest';
import { git, tryGit } from '../unit/git/support/git-command.ts';
import { errorsIn } from './assay-command.ts';
import type { Kept } from './behind-the-server.ts';

let made = 0;

/** The address of a family that no other test uses. */
export function freshFamily(server: { readonly url: string }): { readonly family: string; readonly url: string } {
  made += 1;
  const family = `test-cases/case-${made}`;
  return { family, url: `${server.url}/git/${family}.git` };
}

/** What a clone holds is sound by Git's own measure. */
export async function expectSoundClone(clone: string): Promise<void> {
  const { code, stderr } = await tryGit(clone, ['fsck', '--full', '--strict']);
  expect(stderr.replace(/^notice:.*\n/gm, '')).toBe('');
  expect(code).toBe(0);
}

/** A fresh clone of all that the server has is sound, and so is the store behind it. */
export async function expectSoundServer(url: string, folder: string, { data, environment }: Kept): Promise<string> {
  made += 1;
  const mirror = join(folder, `mirror-${made}`);
  await git(folder, 'clone', '-q', '--mirror', url, mirror);
  await expectSoundClone(mirror);
  expect(await errorsIn(data, environment)).toEqual([]);
  return git(mirror, 'for-each-ref', '--format=%(objectname) %(refname)');
}
