import { Breather } from './breather.ts';
import { GitError } from './error.ts';
import { readContent } from './object-content.ts';
import type { ObjectSource } from './object-source.ts';
import type { Oid } from './oid.ts';
import { TreeCursor } from './tree-cursor.ts';
import { MODE_SUBMODULE, MODE_TREE } from './tree-mode.ts';

export interface ListedPath {
  /** From the root, without a slash at either end. */
  readonly path: string;
  readonly mode: number;
  readonly oid: Oid;
}

/** A tree of a few kilobytes can stand for more paths than there are atoms. */
const MAX_PATHS = 1_000_000;

/** Every path of a tree in the tree's order, each folder before what is in it. */
export async function* listTree(
  source: ObjectSource,
  root: Oid,
  options: { readonly maxPaths?: number; readonly signal?: AbortSignal } = {},
): AsyncGenerator<ListedPath> {
  const breather = new Breather(options.signal);
  const open = [{ cursor: await openTree(source, root), prefix: '' }];
  let count = 0;
  for (let top = open.at(-1); top !== undefined; top = open.at(-1)) {
    const { cursor, prefix } = top;
    if (!cursor.next()) {
      open.pop();
      continue;
    }
    if ((count += 1) > (options.maxPaths ?? MAX_PATHS))
      throw new GitError('limit-exceeded', 'a tree of too many paths');
    const entry = { path: prefix + cursor.name, mode: cursor.mode, oid: cursor.oid };
    yield entry;
    if (entry.mode === MODE_SUBMODULE) throw new GitError('forbidden-content', `${entry.path}: a submodule`);
    if (entry.mode === MODE_TREE) open.push({ cursor: await openTree(source, entry.oid), prefix: `${entry.path}/` });
    if (breather.due()) await breather.rest();
  }
}

async function openTree(source: ObjectSource, oid: Oid): Promise<TreeCursor> {
  const { type, content } = await readContent(source, oid);
  if (type !== 'tree') throw new GitError('bad-object', `object ${oid} is a ${type}, not a tree`);
  return new TreeCursor(content);
}
