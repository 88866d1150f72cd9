import type { TreeEntry } from '../../../lib/git/tree.ts';
import { encodeTree } from '../../../lib/git/tree.ts';
import { hashObject, type Oid } from '../../../lib/git/oid.ts';
import type { ObjectType } from '../../../lib/git/object-type.ts';
import { MODE_EXECUTABLE, MODE_FILE, MODE_SYMLINK, MODE_TREE } from '../../../lib/git/tree-mode.ts';
import { MemoryRepository } from '../git/support/memory-repository.ts';

/** What a test tree holds at a path. */
export type Leaf =
  | { readonly kind: 'file' | 'executable'; readonly content: string }
  | { readonly kind: 'link'; readonly target: string }
  | { readonly kind: 'empty' };

export type Leaves = Readonly<Record<string, Leaf>>;

const LEAF_MODES = { file: MODE_FILE, executable: MODE_EXECUTABLE, link: MODE_SYMLINK, empty: MODE_TREE } as const;

interface Folder {
  readonly folders: Map<string, Folder>;
  readonly leaves: Map<string, Leaf>;
}

/** Puts a tree into a repository, as bare contents, and tells its oid. */
export function plantTree(repository: MemoryRepository, leaves: Leaves): Oid {
  const root: Folder = { folders: new Map(), leaves: new Map() };
  for (const [path, leaf] of Object.entries(leaves)) {
    const parts = path.split('/');
    const name = parts.pop()!;
    let folder = root;
    for (const part of parts) {
      const next = folder.folders.get(part) ?? { folders: new Map(), leaves: new Map() };
      folder.folders.set(part, next);
      folder = next;
    }
    folder.leaves.set(name, leaf);
  }
  return plantFolder(repository, root);
}

function plantFolder(repository: MemoryRepository, folder: Folder): Oid {
  const entries: TreeEntry[] = [];
  for (const [name, below] of folder.folders) {
    entries.push({ mode: MODE_TREE, name, oid: plantFolder(repository, below) });
  }
  for (const [name, leaf] of folder.leaves) {
    const oid = leaf.kind === 'empty' ? plant(repository, 'tree', '') : plant(repository, 'blob', contentOf(leaf));
    entries.push({ mode: LEAF_MODES[leaf.kind], name, oid });
  }
  return plant(repository, 'tree', encodeTree(entries));
}

function contentOf(leaf: Exclude<Leaf, { kind: 'empty' }>): string {
  return leaf.kind === 'link' ? leaf.target : leaf.content;
}

export function plant(repository: MemoryRepository, type: ObjectType, content: string | Uint8Array): Oid {
  const body = Buffer.from(content as Uint8Array);
  const oid = hashObject(type, body);
  repository.kept.set(oid, { type, size: body.length, encoding: 'raw', body, digest: 'sha256:unused' });
  return oid;
}

const name = (length: number) => 'n'.repeat(length);
const file = (content: string): Leaf => ({ kind: 'file', content });

/** Every choice that the format makes, at its edges. Frozen together with fixtures/tar/golden.json. */
export const GOLDEN_TREES: Readonly<Record<string, Leaves>> = {
  nothing: {},
  plain: { 'a.txt': file('a'), 'run.sh': { kind: 'executable', content: '#!/bin/sh\n' }, 'b/c/d.txt': file('d') },
  sizes: Object.fromEntries(
    [0, 1, 511, 512, 513, 1024, 9728, 10240].map((size) => [`s${size}`, file('x'.repeat(size))]),
  ),
  'end of record': { full: file('x'.repeat(10_240 - 512 - 1024)) },
  'one block over the record': { over: file('x'.repeat(10_240 - 512 - 1023)) },
  unicode: { 'Größe ✓/日本語.txt': file('ü'), 'e\u0301': file('decomposed'), é: file('composed') },
  links: {
    short: { kind: 'link', target: 'plain' },
    up: { kind: 'link', target: '../../outside' },
    'a hundred': { kind: 'link', target: name(100) },
    'and one': { kind: 'link', target: name(101) },
    [name(101)]: { kind: 'link', target: name(300) },
  },
  names: Object.fromEntries([99, 100, 101, 150, 155, 156, 255].map((length) => [name(length), file(String(length))])),
  prefixes: Object.fromEntries(
    [
      [1, 98],
      [1, 99],
      [1, 100],
      [1, 101],
      [98, 1],
      [99, 1],
      [100, 1],
      [154, 100],
      [155, 100],
      [156, 100],
      [157, 1],
      [155, 101],
    ].map(([folder, rest]) => [`${'p'.repeat(folder!)}/${name(rest!)}`, file(`${folder} ${rest}`)]),
  ),
  'deep folders': { [`${Array.from({ length: 30 }, (_, at) => `folder-${at}`).join('/')}/leaf`]: file('deep') },
  'long folders': { [`${name(98)}/${name(120)}/${name(200)}/leaf`]: file('long') },
  'empty folders': {
    'empty/below/nothing': { kind: 'empty' },
    'kept/empty': { kind: 'empty' },
    'kept/z': file('z'),
    zz: { kind: 'empty' },
  },
  order: { a: file('a'), 'a.b': file('a.b'), a0: file('a0'), 'b/x': file('x'), 'b.c': file('b.c'), b0: file('b0') },
  attributes: {
    '.gitattributes': file('* export-ignore\n'),
    'sub.txt': file('$Format:%H$\n'),
    '.gitignore': file('*\n'),
  },
};
