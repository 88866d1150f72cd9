import { EMPTY_ROOT, nodeHash } from './tree-hash.ts';

/** The hashes of the perfect subtrees that a tree is made of, the largest first: all that the next leaves need of it. */
export interface Frontier {
  readonly size: number;
  readonly hashes: readonly Buffer[];
}

export const EMPTY_FRONTIER: Frontier = { size: 0, hashes: [] };

/** Tells of a subtree that is whole: of 2^height leaves, the so-manieth of its size. */
export type OnSubtree = (height: number, index: number, hash: Buffer) => void;

/** The frontier with more leaves, by their hashes. Every subtree that they complete is told, leaves first. */
export function extend(frontier: Frontier, leaves: readonly Buffer[], onSubtree?: OnSubtree): Frontier {
  const hashes = [...frontier.hashes];
  let { size } = frontier;
  for (const leaf of leaves) {
    let hash = leaf;
    let height = 0;
    let index = size;
    onSubtree?.(height, index, hash);
    // An odd place is a right child, and completes its parent.
    while (index % 2 === 1) {
      hash = nodeHash(hashes.pop()!, hash);
      height += 1;
      index = (index - 1) / 2;
      onSubtree?.(height, index, hash);
    }
    hashes.push(hash);
    size += 1;
  }
  return { size, hashes };
}

export function rootOf({ hashes }: Frontier): Buffer {
  let root = hashes.at(-1);
  if (root === undefined) return EMPTY_ROOT;
  for (let at = hashes.length - 2; at >= 0; at -= 1) root = nodeHash(hashes[at]!, root);
  return root;
}

/** How many subtrees a tree of that size is made of. */
export function subtreeCount(size: number): number {
  let count = 0;
  for (let rest = size; rest > 0; rest = Math.floor(rest / 2)) count += rest % 2;
  return count;
}
