import { readMetadata } from '../../../../lib/definition/metadata/read-metadata.ts';
import type { EntryKind, TreeView } from '../../../../lib/definition/metadata/tree-view.ts';
import type { Kind } from '../../../../lib/definition/wire.ts';

const TREE: Readonly<Record<string, EntryKind>> = {
  Dockerfile: 'file',
  'CHANGELOG.md': 'file',
  'prompt.md': 'file',
  'run.sh': 'executable',
  folder: 'folder',
  'folder/two words.md': 'file',
  link: 'link',
  '三.md': 'file',
};

/** A version that holds a few files of every kind. */
export function treeOf(entries: Readonly<Record<string, EntryKind>> = TREE): TreeView {
  return { kindOf: (path) => (Object.hasOwn(entries, path) ? entries[path] : undefined) };
}

export function read(text: string | Uint8Array, kind: Kind = 'test-case', tree = treeOf()) {
  return readMetadata(kind, typeof text === 'string' ? Buffer.from(text) : text, tree);
}

/** Each fault in one line: `<line>:<column> <key>: <message>`. */
export function faultsOf(text: string | Uint8Array, kind: Kind = 'test-case', tree = treeOf()): readonly string[] {
  return read(text, kind, tree).faults.map(
    ({ line = '-', column = '-', key = '-', message }) => `${line}:${column} ${key}: ${message}`,
  );
}
