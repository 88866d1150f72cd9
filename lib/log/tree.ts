import type { Entry, KeyedStore } from '../store/keyed-store.ts';
import { logTileKey } from '../store/keys.ts';
import { extend, type Frontier } from './frontier.ts';
import { levelWidth, TILE_HEIGHT, TILE_WIDTH, hashesIn } from './tile.ts';
import { leafHash } from './tree-hash.ts';

/** A tree as it is while it grows: its frontier, and of each level the hashes of the tile that is not full. */
export interface Tree {
  readonly frontier: Frontier;
  readonly edge: readonly (readonly Buffer[])[];
}

/** Reads a tile a level, and nothing else, however large the log is. */
export async function loadTree(keys: KeyedStore, frontier: Frontier): Promise<Tree> {
  const edge: Promise<Buffer[]>[] = [];
  for (let level = 0; levelWidth(frontier.size, level) > 0; level += 1) edge.push(loadEdge(keys, frontier, level));
  return { frontier, edge: await Promise.all(edge) };
}

async function loadEdge(keys: KeyedStore, { size }: Frontier, level: number): Promise<Buffer[]> {
  const width = levelWidth(size, level);
  if (width % TILE_WIDTH === 0) return [];
  const value = await keys.get(logTileKey(level, Math.floor(width / TILE_WIDTH)));
  const hashes = value === undefined ? [] : hashesIn(value);
  const wanted = width % TILE_WIDTH;
  if (hashes.length < wanted) throw new Error(`the log's last tile of level ${level} is damaged`);
  // Another server may have appended since the frontier was read; a tile only grows.
  return hashes.slice(0, wanted);
}

/** The tree with these entries behind it, and the tiles that change by that. */
export function grow(tree: Tree, entries: readonly Uint8Array[]): { readonly tree: Tree; readonly tiles: Entry[] } {
  const edge = tree.edge.map((hashes) => [...hashes]);
  const changed = new Map<string, { readonly level: number; readonly index: number; readonly hashes: Buffer[] }>();
  const frontier = extend(tree.frontier, entries.map(leafHash), (height, index, hash) => {
    if (height % TILE_HEIGHT !== 0) return;
    const level = height / TILE_HEIGHT;
    const place = index % TILE_WIDTH;
    if (place === 0) edge[level] = [];
    const hashes = (edge[level] ??= []);
    hashes.push(hash);
    const tile = { level, index: Math.floor(index / TILE_WIDTH), hashes };
    changed.set(`${level}/${tile.index}`, tile);
  });
  const tiles = [...changed.values()].map(({ level, index, hashes }) => {
    return { key: logTileKey(level, index), value: Buffer.concat(hashes) };
  });
  return { tree: { frontier, edge: edge.map((hashes) => (hashes.length === TILE_WIDTH ? [] : hashes)) }, tiles };
}
