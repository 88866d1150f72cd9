import { GitError } from './error.ts';
import type { Oid } from './oid.ts';
import { TreeCursor } from './tree-cursor.ts';
import { MODE_TREE } from './tree-mode.ts';

export interface TreeEntry {
  readonly mode: number;
  readonly name: string;
  readonly oid: Oid;
}

export function parseTree(tree: Uint8Array): TreeEntry[] {
  const entries: TreeEntry[] = [];
  for (const cursor = new TreeCursor(tree); cursor.next();) {
    entries.push({ mode: cursor.mode, name: cursor.name, oid: cursor.oid });
  }
  return entries;
}

/** The bytes of a tree with these entries, put into Git's order. Two entries of one name are refused. */
export function encodeTree(entries: Iterable<TreeEntry>): Buffer {
  const names = new Set<string>();
  const rows = [...entries].map((entry) => {
    if (names.has(entry.name)) throw new GitError('bad-object', `a tree cannot hold "${entry.name}" twice`);
    names.add(entry.name);
    return { entry, key: sortKey(entry) };
  });
  rows.sort((a, b) => a.key.compare(b.key));
  return Buffer.concat(rows.flatMap(({ entry }) => encodeEntry(entry)));
}

/** Git sorts names bytewise, a directory as if its name ended in a slash. */
function sortKey(entry: TreeEntry): Buffer {
  return Buffer.from(entry.mode === MODE_TREE ? `${entry.name}/` : entry.name, 'utf8');
}

function encodeEntry(entry: TreeEntry): Buffer[] {
  return [Buffer.from(`${entry.mode.toString(8)} ${entry.name}\0`, 'utf8'), Buffer.from(entry.oid, 'hex')];
}
