import type { FileEntry, FileListing } from '../definition/wire.ts';
import { sha256 } from '../encoding/digest.ts';
import type { TarEntry } from '../encoding/tar-header.ts';
import { checkTree } from '../git/check-tree.ts';
import { GitError } from '../git/error.ts';
import { hashObject, type Oid } from '../git/oid.ts';
import { encodeTree, parseTree } from '../git/tree.ts';
import { MODE_EXECUTABLE, MODE_FILE, MODE_SYMLINK, MODE_TREE } from '../git/tree-mode.ts';
import { ClientError } from './client-error.ts';

/** The tree that a list of files makes, with every name judged. */
export interface ListedTree {
  readonly oid: Oid;
  /** Each before what is in it. */
  readonly folders: readonly string[];
  /** In the tree's order. */
  readonly files: readonly FileEntry[];
  /** Of the canonical tar: folders and files in the tree's order. */
  readonly entries: readonly TarEntry[];
}

interface Folder {
  readonly path: string;
  readonly children: Map<string, Folder | FileEntry>;
}

const DEEPEST = 1000;
const MODES = { file: MODE_FILE, executable: MODE_EXECUTABLE, link: MODE_SYMLINK } as const;

/**
 * Builds every folder's tree from the list, as Git would write it, and has it judged as if it were pushed: no `..`, no
 * `.git`, no slash in a name, nothing twice, nothing below a link.
 */
export function listedTree(listing: FileListing): ListedTree {
  const root: Folder = { path: '', children: new Map() };
  for (const file of listing.files) place(root, file);
  const folders: string[] = [];
  const files: FileEntry[] = [];
  const { oid, entries } = describe(root, { folders, files });
  if (oid !== listing.tree) throw hostile(`the list of files makes the tree ${oid}, not ${listing.tree}`);
  return { oid, folders, files, entries };
}

function place(root: Folder, file: FileEntry): void {
  const parts = file.path.split('/');
  // What a NUL would end, and what another system takes for a separator, is no name of one file.
  if (file.path.includes('\0')) throw hostile(`${JSON.stringify(file.path)}: a NUL inside a name`);
  if (parts.length > DEEPEST) throw hostile('a path of too many folders');
  const name = parts.pop()!;
  let folder = root;
  for (const part of parts) {
    let next = folder.children.get(part);
    if (next === undefined) {
      next = { path: folder.path === '' ? part : `${folder.path}/${part}`, children: new Map() };
      folder.children.set(part, next);
    }
    if (!isFolder(next)) throw hostile(`${JSON.stringify(file.path)} lies below ${JSON.stringify(next.path)}, a file`);
    folder = next;
  }
  if (folder.children.has(name)) throw hostile(`${JSON.stringify(file.path)} is listed twice`);
  folder.children.set(name, file);
}

interface Seen {
  readonly folders: string[];
  readonly files: FileEntry[];
}

function describe(folder: Folder, seen: Seen): { oid: Oid; entries: TarEntry[] } {
  if (folder.path !== '') seen.folders.push(folder.path);
  const below = new Map<string, { oid: Oid; entries: TarEntry[] }>();
  // Names are needed in the tree's order, and ids before the tree: names are ordered with ids that come later.
  const ordered = parseTree(judged(folder, () => '1'.repeat(40)));
  for (const { name } of ordered) {
    const child = folder.children.get(name);
    if (child === undefined) throw hostile(`${JSON.stringify(name)} is not UTF-8`);
    if (isFolder(child)) below.set(name, describe(child, seen));
    else seen.files.push(child);
  }
  const tree = judged(folder, (name) => below.get(name)!.oid);
  const entries = ordered.flatMap(({ name }) => {
    const child = folder.children.get(name)!;
    if (!isFolder(child)) return [entryOf(child)];
    const { oid, entries } = below.get(name)!;
    return [{ kind: 'folder' as const, path: child.path, oid }, ...entries];
  });
  return { oid: hashObject('tree', tree), entries };
}

function judged(folder: Folder, oidOfFolder: (name: string) => Oid): Buffer {
  try {
    const tree = encodeTree(
      Array.from(folder.children, ([name, child]) =>
        isFolder(child)
          ? { mode: MODE_TREE, name, oid: oidOfFolder(name) }
          : { mode: MODES[child.kind], name, oid: child.oid },
      ),
    );
    checkTree(tree, folder.path === '' ? '' : `${folder.path}/`);
    return tree;
  } catch (error) {
    if (error instanceof GitError) throw hostile(error.message, error);
    throw error;
  }
}

function entryOf({ path, kind, size, oid, digest, target }: FileEntry): TarEntry {
  if (kind !== 'link') return { kind, path, size, oid };
  const bytes = Buffer.from(target ?? '', 'utf8');
  if (bytes.includes(0)) throw hostile(`${path}: a NUL inside a link's target`);
  if (sha256(bytes) !== digest || hashObject('blob', bytes) !== oid)
    throw new ClientError('wrong-bytes', `${path}: the link's target is not what its digest says`);
  return { kind, path, oid, target: bytes };
}

function isFolder(child: Folder | FileEntry): child is Folder {
  return 'children' in child;
}

function hostile(why: string, cause?: unknown): ClientError {
  return new ClientError('bad-answer', `refused what the server lists: ${why}`, { cause });
}
