import { join } from 'node:path';
import type { FileEntry } from '../definition/wire.ts';
import type { Sha256 } from '../encoding/digest.ts';
import { ClientError, throwIfAborted } from './client-error.ts';
import type { ContentCache } from './content-cache.ts';
import { eachAtOnce } from '../encoding/each-at-once.ts';
import type { ListedTree } from './listed-tree.ts';
import type { NewFiles } from './new-files.ts';

const AT_ONCE = 16;
const MODES = { file: 0o644, executable: 0o755 } as const;

/** Makes the folders of a tree below a new, empty one. */
export async function layOutFolders(tree: ListedTree, root: string, make: NewFiles): Promise<void> {
  for (const path of tree.folders) await once(tree, path, () => make.folder(join(root, path)));
}

/** Copies files from the cache into their folders; returns those whose content it does not have. */
export async function layOutFiles(
  tree: ListedTree,
  files: readonly FileEntry[],
  root: string,
  from: { readonly cache: ContentCache; readonly make: NewFiles; readonly signal?: AbortSignal | undefined },
): Promise<FileEntry[]> {
  const lacking: FileEntry[] = [];
  await eachAtOnce(AT_ONCE, files, async (file) => {
    throwIfAborted(from.signal);
    const { path, kind, digest, size } = file;
    if (kind === 'link') return;
    const content = await from.cache.find(digest, size);
    if (content === undefined || !(await copied(content))) lacking.push(file);

    async function copied(found: { path: string; mode: number }): Promise<boolean> {
      try {
        await once(tree, path, () => from.make.copy(found, join(root, path), MODES[kind as 'file' | 'executable']));
        return true;
      } catch (error) {
        // Somebody emptied the cache just now.
        if ((error as NodeJS.ErrnoException).code === 'ENOENT') return false;
        throw error;
      }
    }
  });
  return lacking;
}

/** Links come last, when nothing is written below them any more. */
export async function layOutLinks(tree: ListedTree, root: string, make: NewFiles): Promise<void> {
  for (const entry of tree.entries) {
    if (entry.kind === 'link') await once(tree, entry.path, () => make.link(entry.target, join(root, entry.path)));
  }
}

/** What lies in the cache, by the digests of some files. */
export function digestsOf(files: readonly FileEntry[]): Set<Sha256> {
  return new Set(files.map(({ digest }) => digest));
}

/** In a new folder only the tree's own names can be in the way. */
async function once(tree: ListedTree, path: string, make: () => Promise<void>): Promise<void> {
  try {
    await make();
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    const other = twinOf(tree, path);
    const both = other === undefined ? `${path} and another name` : `${other} and ${path}`;
    throw new ClientError('name-clash', `this file system takes ${both} for one; nothing was changed`, {
      cause: error,
    });
  }
}

/** The name that a file system may take for this one: another case, or another way to write an accent. */
function twinOf(tree: ListedTree, path: string): string | undefined {
  const folded = fold(path);
  return [...tree.folders, ...tree.files.map((file) => file.path)].find(
    (other) => other !== path && fold(other) === folded,
  );
}

function fold(path: string): string {
  return path.normalize('NFKC').toLowerCase().toUpperCase();
}
