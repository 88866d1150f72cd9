import { expect, test } from 'vitest';
import { EMPTY_FRONTIER } from '../../../lib/log/frontier.ts';
import { grow, loadTree } from '../../../lib/log/tree.ts';
import { LmdbKeyedStore } from '../../../lib/store/lmdb/lmdb-keyed-store.ts';
import { useTemporaryFolder } from '../../support/use-temporary-folder.ts';

const folder = useTemporaryFolder();

function entries(count: number): Buffer[] {
  return Array.from({ length: count }, (_, at) => Buffer.from(`entry ${at}`));
}

test('a tree is read as its frontier says while another server appends', async () => {
  const keys = LmdbKeyedStore.open(folder.path);
  const empty = { frontier: EMPTY_FRONTIER, edge: [] };
  for (const [size, more] of [
    [3, 2],
    [200, 56],
    [255, 300],
    [257, 1],
  ] as const) {
    const all = entries(size + more);
    const before = grow(empty, all.slice(0, size));
    const after = grow(before.tree, all.slice(size));
    await keys.commit({ puts: [...before.tiles, ...after.tiles] });
    const { frontier, edge } = await loadTree(keys, before.tree.frontier);
    expect(frontier).toEqual(before.tree.frontier);
    expect(edge.filter((hashes) => hashes.length > 0)).toEqual(before.tree.edge.filter((hashes) => hashes.length > 0));
  }
  await keys.close();
});
