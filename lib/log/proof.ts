import { LogError } from './log-error.ts';
import { hashesIn, TILE_HEIGHT, TILE_WIDTH } from './tile.ts';
import { EMPTY_ROOT, nodeHash, perfectHash } from './tree-hash.ts';

/** Gives a tile of hashes, as wide as is asked for. */
export type ReadTile = (level: number, index: number, width: number) => Promise<Buffer>;

/** RFC 6962, 2.1.1: the hashes that lead from a leaf to the root of a tree of that size, from below. */
export async function inclusionProof(readTile: ReadTile, index: number, size: number): Promise<Buffer[]> {
  if (!isCount(index) || !isCount(size) || index >= size) {
    throw new LogError('index-unknown', `there is no entry ${index} among ${size}`);
  }
  const subtrees = new Subtrees(readTile);
  const proof: Promise<Buffer>[] = [];
  let [low, high] = [0, size];
  while (high - low > 1) {
    const middle = low + splitOf(high - low);
    if (index < middle) {
      proof.unshift(subtrees.hash(middle, high));
      high = middle;
    } else {
      proof.unshift(subtrees.hash(low, middle));
      low = middle;
    }
  }
  return Promise.all(proof);
}

/** RFC 6962, 2.1.2: the hashes that show the tree of the old size to be the beginning of the tree of the new one. */
export async function consistencyProof(readTile: ReadTile, from: number, to: number): Promise<Buffer[]> {
  if (!isCount(from) || !isCount(to) || from > to) {
    throw new LogError('index-unknown', `a log of ${to} entries cannot have begun as one of ${from}`);
  }
  if (from === 0 || from === to) return [];
  const subtrees = new Subtrees(readTile);
  const proof: Promise<Buffer>[] = [];
  let [low, high] = [0, to];
  // Whoever checks has the root of the old tree: where that is a whole subtree of the new one, it is left out.
  let known = true;
  while (from < high) {
    const middle = low + splitOf(high - low);
    if (from <= middle) {
      proof.unshift(subtrees.hash(middle, high));
      high = middle;
    } else {
      proof.unshift(subtrees.hash(low, middle));
      low = middle;
      known = false;
    }
  }
  if (!known) proof.unshift(subtrees.hash(low, high));
  return Promise.all(proof);
}

/** The root of the tree when it had that size. */
export async function rootAt(readTile: ReadTile, size: number): Promise<Buffer> {
  return size === 0 ? EMPTY_ROOT : new Subtrees(readTile).hash(0, size);
}

/** Hashes over leaves, made of tiles, each of which is read once. */
class Subtrees {
  readonly #readTile: ReadTile;
  readonly #tiles = new Map<string, Promise<Buffer>>();

  constructor(readTile: ReadTile) {
    this.#readTile = readTile;
  }

  /** Over leaves from `low` (included) to `high` (not included), of which the first ones are a whole subtree of the log. */
  async hash(low: number, high: number): Promise<Buffer> {
    const count = high - low;
    const split = splitOf(count);
    if (split * 2 === count || count === 1) return this.#whole(low, count);
    return nodeHash(await this.#whole(low, split), await this.hash(low + split, high));
  }

  async #whole(low: number, count: number): Promise<Buffer> {
    let [level, leaves] = [0, 1];
    while (leaves * TILE_WIDTH <= count) [level, leaves] = [level + 1, leaves * TILE_WIDTH];
    const first = low / leaves;
    const end = (first % TILE_WIDTH) + count / leaves;
    const tile = await this.#tile(level, Math.floor(first / TILE_WIDTH), end);
    return perfectHash(hashesIn(tile).slice(first % TILE_WIDTH, end));
  }

  #tile(level: number, index: number, width: number): Promise<Buffer> {
    const name = `${level}/${index}/${width}`;
    const known = this.#tiles.get(name) ?? this.#readTile(level, index, width);
    this.#tiles.set(name, known);
    return known;
  }
}

/** The largest power of two that is smaller; 0 of 1. */
export function splitOf(count: number): number {
  let split = 1;
  while (split * 2 < count) split *= 2;
  return count === 1 ? 0 : split;
}

export function isCount(number: number): boolean {
  return Number.isSafeInteger(number) && number >= 0 && number <= MAX_SIZE;
}

/** As many leaves as the tiles of all levels hold. */
const MAX_SIZE = TILE_WIDTH ** 6;
export const MAX_TREE_DEPTH = TILE_HEIGHT * 6;
