import type { Dirent, Stats } from 'node:fs';
import { lstat, readdir, readlink } from 'node:fs/promises';
import { join } from 'node:path';
import type { FileEntry } from '../definition/wire.ts';
import { ObjectHash } from '../git/object-hash.ts';
import { bytesOf, type CheckOptions } from './check-bytes.ts';
import { isClientError, throwIfAborted } from './client-error.ts';
import { eachAtOnce } from '../encoding/each-at-once.ts';
import type { ListedTree } from './listed-tree.ts';

/** How a directory differs from a tree, by path, sorted. */
export interface DirectoryDifference {
  /** Other bytes, another target, or something of another kind. */
  readonly changed: readonly string[];
  readonly missing: readonly string[];
  /** What the tree does not have; a folder that is not in it ends in a slash, and what is in it is not listed. */
  readonly extra: readonly string[];
  /** The right bytes, but executable where they should not be, or not where they should. */
  readonly mode: readonly string[];
}

const AT_ONCE = 8;

export function isSame({ changed, missing, extra, mode }: DirectoryDifference): boolean {
  return changed.length + missing.length + extra.length + mode.length === 0;
}

/** Reads a directory and tells how it differs from the tree. Links are read, never followed. */
export async function compareDirectory(
  tree: ListedTree,
  root: string,
  options: CheckOptions = {},
): Promise<DirectoryDifference> {
  const difference = { changed: [] as string[], missing: [] as string[], extra: [] as string[], mode: [] as string[] };
  const seen = new Set<string>();
  const folders = new Set(tree.folders);
  const files = new Map(tree.files.map((file) => [file.path, file]));
  const found: FileEntry[] = [];
  let done = 0;
  for await (const { path, entry } of everything(root, folders)) {
    throwIfAborted(options.signal);
    const file = files.get(path);
    if (file !== undefined) {
      seen.add(path);
      found.push(file);
    } else if (!folders.has(path)) {
      difference.extra.push(entry.isDirectory() ? `${path}/` : path);
    } else if (!entry.isDirectory()) {
      difference.changed.push(path);
    }
  }
  await eachAtOnce(AT_ONCE, found, async (file) => {
    throwIfAborted(options.signal);
    const kind = await stateOf(file, join(root, file.path), options);
    if (kind !== 'same') difference[kind].push(file.path);
    options.onProgress?.('checking', (done += 1), tree.files.length);
  });
  difference.missing.push(...tree.files.map(({ path }) => path).filter((path) => !seen.has(path)));
  for (const list of Object.values(difference)) list.sort();
  return difference;
}

/** What is below a directory, without what is in folders that nobody expects. */
async function* everything(
  root: string,
  expected: ReadonlySet<string>,
): AsyncGenerator<{ path: string; entry: Dirent }> {
  const open = [''];
  for (let folder = open.pop(); folder !== undefined; folder = open.pop()) {
    for (const entry of await entriesOf(join(root, folder))) {
      const path = folder === '' ? entry.name : `${folder}/${entry.name}`;
      if (entry.isDirectory() && expected.has(path)) open.push(path);
      yield { path, entry };
    }
  }
}

/** A folder that went away meanwhile holds nothing. */
async function entriesOf(folder: string): Promise<Dirent[]> {
  try {
    return await readdir(folder, { withFileTypes: true });
  } catch (error) {
    if (['ENOENT', 'ENOTDIR'].includes((error as NodeJS.ErrnoException).code ?? '')) return [];
    throw error;
  }
}

async function stateOf(
  file: FileEntry,
  path: string,
  options: CheckOptions,
): Promise<'same' | 'changed' | 'missing' | 'mode'> {
  try {
    const stats = await lstat(path);
    if (file.kind === 'link') return (await isLinkTo(path, stats, file)) ? 'same' : 'changed';
    if (!stats.isFile() || stats.size !== file.size) return 'changed';
    if (!(await holds(path, file, options))) return 'changed';
    return ((stats.mode & 0o100) !== 0) === (file.kind === 'executable') ? 'same' : 'mode';
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT' || code === 'ENOTDIR') return 'missing';
    if (code === 'ELOOP' || isClientError(error, 'changed-meanwhile')) return 'changed';
    throw error;
  }
}

async function isLinkTo(path: string, stats: Stats, { target = '' }: FileEntry): Promise<boolean> {
  if (!stats.isSymbolicLink()) return false;
  return (await readlink(path, { encoding: 'buffer' })).equals(Buffer.from(target, 'utf8'));
}

async function holds(path: string, { size, digest, oid }: FileEntry, { signal }: CheckOptions): Promise<boolean> {
  const hash = new ObjectHash('blob', size);
  for await (const piece of bytesOf(path, size)) {
    throwIfAborted(signal);
    hash.update(piece);
  }
  const names = hash.names();
  return names.digest === digest && names.oid === oid;
}
