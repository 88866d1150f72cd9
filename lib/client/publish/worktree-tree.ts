import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import type { AuthorRepository } from './author-repository.ts';

/** A folder as it lies there, as a tree that only this repository knows. */
export interface WorktreeTree {
  readonly repository: AuthorRepository;
  readonly tree: string | undefined;
  close(): Promise<void>;
}

/**
 * Makes a tree of what lies below a path, committed or not, without touching the author's index or objects: git adds
 * to an index and to a folder of objects that are thrown away again. Ignored files stay out, as they would of a commit.
 */
export async function worktreeTree(author: AuthorRepository, path: string): Promise<WorktreeTree> {
  const folder = await mkdtemp(join(tmpdir(), 'assay-worktree-'));
  const close = (): Promise<void> => rm(folder, { recursive: true, force: true });
  try {
    const objects = join(folder, 'objects');
    await mkdir(objects);
    const repository = author.with({
      GIT_INDEX_FILE: join(folder, 'index'),
      GIT_OBJECT_DIRECTORY: objects,
      GIT_ALTERNATE_OBJECT_DIRECTORIES: quoted(
        resolve(author.root, await author.text('rev-parse', '--git-path', 'objects')),
      ),
    });
    await repository.text('read-tree', 'HEAD');
    await repository.text('add', '--all', '--', path === '' ? ':(top)' : `:(top,literal)${path}`);
    const root = await repository.text('write-tree');
    return { repository, tree: await repository.find(root, path), close };
  } catch (error) {
    await close();
    throw error;
  }
}

/** git(1): a list of paths, in which one with a separator in its name is quoted. */
function quoted(path: string): string {
  return `"${path.replace(/["\\]/g, '\\$&')}"`;
}
