import type { Breather } from './breather.ts';
import { readContent } from './object-content.ts';
import type { ObjectSource } from './object-source.ts';
import type { Oid } from './oid.ts';
import { parseTree, type TreeEntry } from './tree.ts';
import { listTree } from './tree-listing.ts';
import { MODE_TREE } from './tree-mode.ts';

export interface DifferentPath {
  readonly path: string;
  readonly from?: PathEntry;
  readonly to?: PathEntry;
}

/** What stands at a path; never a folder. */
export interface PathEntry {
  readonly mode: number;
  readonly oid: Oid;
}

interface Pair {
  readonly path: string;
  readonly from: Oid | undefined;
  readonly to: Oid | undefined;
}

/** Every path, but for folders, at which two trees differ. Folders that are the same are not looked into. */
export async function* treeDifference(
  source: ObjectSource,
  from: Oid,
  to: Oid,
  breather: Breather,
): AsyncGenerator<DifferentPath> {
  const open: Pair[] = from === to ? [] : [{ path: '', from, to }];
  for (let pair = open.pop(); pair !== undefined; pair = open.pop()) {
    const below: Pair[] = [];
    for (const [name, before, after] of merged(await entriesOf(source, pair.from), await entriesOf(source, pair.to))) {
      if (before?.oid === after?.oid && before?.mode === after?.mode) continue;
      const path = pair.path + name;
      const trees = { from: treeOf(before), to: treeOf(after) };
      if (trees.from !== undefined && trees.to !== undefined) below.push({ path: `${path}/`, ...trees });
      else if (isFile(before) && isFile(after)) yield { path, from: stateOf(before), to: stateOf(after) };
      else {
        yield* filesOf(source, path, before, 'from');
        yield* filesOf(source, path, after, 'to');
      }
    }
    open.push(...below.toReversed());
    if (breather.due()) await breather.rest();
  }
}

function isFile(entry: TreeEntry | undefined): entry is TreeEntry {
  return entry !== undefined && entry.mode !== MODE_TREE;
}

function stateOf({ mode, oid }: TreeEntry): PathEntry {
  return { mode, oid };
}

function treeOf(entry: TreeEntry | undefined): Oid | undefined {
  return entry?.mode === MODE_TREE ? entry.oid : undefined;
}

async function entriesOf(source: ObjectSource, tree: Oid | undefined): Promise<TreeEntry[]> {
  return tree === undefined ? [] : parseTree((await readContent(source, tree)).content);
}

/** Both trees' entries by name. A file on one side and a folder on the other are two. */
function merged(
  from: readonly TreeEntry[],
  to: readonly TreeEntry[],
): [name: string, from: TreeEntry | undefined, to: TreeEntry | undefined][] {
  const before = new Map(from.map((entry) => [keyOf(entry), entry]));
  const after = new Map(to.map((entry) => [keyOf(entry), entry]));
  const keys = [...new Set([...before.keys(), ...after.keys()])].sort((a, b) =>
    Buffer.compare(Buffer.from(a), Buffer.from(b)),
  );
  return keys.map((key) => {
    const [one, other] = [before.get(key), after.get(key)];
    return [(one ?? other)!.name, one, other];
  });
}

function keyOf({ name, mode }: TreeEntry): string {
  return mode === MODE_TREE ? `${name}/` : name;
}

async function* filesOf(
  source: ObjectSource,
  path: string,
  entry: TreeEntry | undefined,
  side: 'from' | 'to',
): AsyncGenerator<DifferentPath> {
  if (entry === undefined) return;
  if (entry.mode !== MODE_TREE) {
    yield { path, [side]: stateOf(entry) };
    return;
  }
  for await (const { path: inner, mode, oid } of listTree(source, entry.oid)) {
    if (mode !== MODE_TREE) yield { path: `${path}/${inner}`, [side]: { mode, oid } };
  }
}
