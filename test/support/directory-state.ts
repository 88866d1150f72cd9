import { lstat, readdir, readFile, readlink } from 'node:fs/promises';
import { join } from 'node:path';

/** Everything below a directory: mode and bytes of files, targets of links. */
export async function directoryState(root: string): Promise<Record<string, string>> {
  const state: Record<string, string> = {};
  for (const entry of await readdir(root, { recursive: true })) {
    const path = join(root, entry);
    const stats = await lstat(path);
    if (stats.isSymbolicLink()) state[entry] = `link ${await readlink(path)}`;
    else if (stats.isFile()) state[entry] = `${(stats.mode & 0o777).toString(8)} ${await readFile(path, 'base64')}`;
    else state[`${entry}/`] = 'folder';
  }
  return state;
}
