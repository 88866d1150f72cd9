/** What metadata may ask of the tree that it stands in. */
export interface TreeView {
  /** Of a path from the version's root, `/` between its parts, none before or behind. The root is never asked for. */
  kindOf(path: string): EntryKind | undefined;
}

export type EntryKind = 'file' | 'executable' | 'link' | 'folder';
