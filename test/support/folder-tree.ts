import { lstatSync, type Stats } from 'node:fs';
import { join } from 'node:path';
import type { EntryKind, TreeView } from '../../lib/definition/metadata/tree-view.ts';

/** The tree that a folder would be, were it published. */
export function folderTree(folder: string): TreeView {
  return {
    kindOf(path) {
      const stats = lstatSync(join(folder, path), { throwIfNoEntry: false });
      return stats && kindOf(stats);
    },
  };
}

function kindOf(stats: Stats): EntryKind {
  if (stats.isSymbolicLink()) return 'link';
  if (stats.isDirectory()) return 'folder';
  return (stats.mode & 0o100) === 0 ? 'file' : 'executable';
}
