import type { Breather } from '../git/breather.ts';
import type { ObjectSource } from '../git/object-source.ts';
import type { Oid } from '../git/oid.ts';
import { treeDifference, type PathEntry } from '../git/tree-difference.ts';
import { MODE_EXECUTABLE, MODE_SYMLINK } from '../git/tree-mode.ts';
import type { ChangedPath, PathState, TreeDifference } from './wire.ts';

/** So many paths are told; more would not help anybody. */
const PATHS_TOLD = 1000;

/** What differs between two trees, as it is told. */
export async function difference(
  source: ObjectSource,
  from: Oid,
  to: Oid,
  breather: Breather,
): Promise<TreeDifference> {
  const counts = { added: 0, removed: 0, changed: 0 };
  const paths: ChangedPath[] = [];
  for await (const differs of treeDifference(source, from, to, breather)) {
    const change = differs.from === undefined ? 'added' : differs.to === undefined ? 'removed' : 'changed';
    counts[change] += 1;
    if (paths.length === PATHS_TOLD) continue;
    paths.push({
      path: differs.path,
      change,
      ...(differs.from === undefined ? {} : { from: await stateOf(source, differs.from) }),
      ...(differs.to === undefined ? {} : { to: await stateOf(source, differs.to) }),
    });
  }
  const total = counts.added + counts.removed + counts.changed;
  return { ...counts, paths, ...(total > paths.length ? { cut: true as const } : {}) };
}

async function stateOf(source: ObjectSource, { mode, oid }: PathEntry): Promise<PathState> {
  const kind = mode === MODE_SYMLINK ? 'link' : mode === MODE_EXECUTABLE ? 'executable' : 'file';
  return { kind, size: (await source.stat([oid])).get(oid)?.size ?? 0, oid };
}
