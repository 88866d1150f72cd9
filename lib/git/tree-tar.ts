import type { TarEntry } from '../encoding/tar-header.ts';
import { GitError } from './error.ts';
import { readContent } from './object-content.ts';
import type { ObjectSource, ObjectStat } from './object-source.ts';
import { EMPTY_TREE, type Oid } from './oid.ts';
import { listTree, type ListedPath } from './tree-listing.ts';
import { MODE_EXECUTABLE, MODE_SYMLINK, MODE_TREE } from './tree-mode.ts';

const BATCH = 1000;

export interface TarOptions {
  readonly maxPaths?: number;
  readonly signal?: AbortSignal;
  /** Throws where a tree has no entries: what is listed file by file could not be put together again. */
  readonly refuseEmptyFolders?: boolean;
}

/**
 * The entries of a tree's canonical tar. Like `git archive`, it leaves out folders in which there is no file at any
 * depth.
 */
export async function tarEntries(source: ObjectSource, tree: Oid, options: TarOptions = {}): Promise<TarEntry[]> {
  const listed: ListedPath[] = [];
  for await (const path of listTree(source, tree, options)) {
    if (options.refuseEmptyFolders === true && path.oid === EMPTY_TREE) {
      throw new GitError('forbidden-content', `${path.path}: a folder without files`);
    }
    dropEmptyFolders(listed, path.path);
    listed.push(path);
  }
  dropEmptyFolders(listed, '');
  const entries: TarEntry[] = [];
  for (let at = 0; at < listed.length; at += BATCH) {
    const batch = listed.slice(at, at + BATCH);
    const stats = await source.stat(batch.filter(({ mode }) => mode !== MODE_TREE).map(({ oid }) => oid));
    for (const each of batch) entries.push(await toEntry(source, each, stats.get(each.oid)));
  }
  return entries;
}

/** Folders at the end of the list that do not hold the path which comes next will hold nothing. */
function dropEmptyFolders(listed: ListedPath[], next: string): void {
  for (let last = listed.at(-1); last?.mode === MODE_TREE; last = listed.at(-1)) {
    if (next.startsWith(`${last.path}/`)) return;
    listed.pop();
  }
}

async function toEntry(source: ObjectSource, listed: ListedPath, stat: ObjectStat | undefined): Promise<TarEntry> {
  const { path, mode, oid } = listed;
  if (mode === MODE_TREE) return { kind: 'folder', path, oid };
  if (stat?.type !== 'blob') throw new GitError('object-missing', `${path}: object ${oid} is not in this repository`);
  if (mode === MODE_SYMLINK) return { kind: 'link', path, oid, target: (await readContent(source, oid)).content };
  return { kind: mode === MODE_EXECUTABLE ? 'executable' : 'file', path, oid, size: stat.size };
}
