import { LogError } from './log-error.ts';
import { isCount, MAX_TREE_DEPTH } from './proof.ts';
import { EMPTY_ROOT, HASH_BYTES, nodeHash } from './tree-hash.ts';
import type { TreeHead } from './checkpoint.ts';

/** Throws unless the proof leads from the leaf to the root. RFC 9162, 2.1.3.2. */
export function verifyInclusion(leaf: Uint8Array, index: number, head: TreeHead, proof: readonly Uint8Array[]): void {
  checkHashes([leaf, head.root, ...proof]);
  if (!isCount(index) || !isCount(head.size) || index >= head.size) throw invalid('is of an entry that is not there');
  let [place, last] = [BigInt(index), BigInt(head.size - 1)];
  let hash: Uint8Array = leaf;
  for (const sibling of proof) {
    if (last === 0n) throw invalid('is too long');
    if (place % 2n === 1n || place === last) {
      hash = nodeHash(sibling, hash);
      [place, last] = upFromRight(place, last);
    } else {
      hash = nodeHash(hash, sibling);
    }
    [place, last] = [place / 2n, last / 2n];
  }
  if (last !== 0n) throw invalid('is too short');
  if (Buffer.compare(hash, head.root) !== 0) throw invalid('does not lead to the root');
}

/** Throws unless the proof shows the old tree to be the beginning of the new one. RFC 9162, 2.1.4.2. */
export function verifyConsistency(from: TreeHead, to: TreeHead, proof: readonly Uint8Array[]): void {
  checkHashes([from.root, to.root, ...proof]);
  if (!isCount(from.size) || !isCount(to.size)) throw invalid('is of trees that cannot be');
  if (from.size > to.size) throw invalid('is of a log that has become shorter');
  if (from.size === 0 || from.size === to.size) {
    if (proof.length > 0) throw invalid('is too long');
    const expected = from.size === 0 ? EMPTY_ROOT : to.root;
    if (!expected.equals(from.root)) throw invalid('is of two trees of one size');
    return;
  }
  // The old root stands for itself where it is a whole subtree of the new tree.
  const hashes = isPowerOfTwo(from.size) ? [from.root, ...proof] : [...proof];
  const [first, ...rest] = hashes;
  if (first === undefined) throw invalid('is too short');
  let [place, last] = [BigInt(from.size - 1), BigInt(to.size - 1)];
  while (place % 2n === 1n) [place, last] = [place / 2n, last / 2n];
  let old: Uint8Array = first;
  let now: Uint8Array = first;
  for (const hash of rest) {
    if (last === 0n) throw invalid('is too long');
    if (place % 2n === 1n || place === last) {
      old = nodeHash(hash, old);
      now = nodeHash(hash, now);
      [place, last] = upFromRight(place, last);
    } else {
      now = nodeHash(now, hash);
    }
    [place, last] = [place / 2n, last / 2n];
  }
  if (last !== 0n) throw invalid('is too short');
  if (Buffer.compare(old, from.root) !== 0) throw invalid('does not lead to the old root');
  if (Buffer.compare(now, to.root) !== 0) throw invalid('does not lead to the new root');
}

/** A last node without a sibling goes up unhashed, until it is a right child. */
function upFromRight(place: bigint, last: bigint): [bigint, bigint] {
  let [up, end] = [place, last];
  while (up % 2n === 0n && up !== 0n) [up, end] = [up / 2n, end / 2n];
  return [up, end];
}

function checkHashes(hashes: readonly Uint8Array[]): void {
  if (hashes.length > MAX_TREE_DEPTH + 4) throw invalid('is too long');
  if (hashes.some(({ length }) => length !== HASH_BYTES)) throw invalid('holds what is no hash');
}

function isPowerOfTwo(count: number): boolean {
  const size = BigInt(count);
  return (size & (size - 1n)) === 0n;
}

function invalid(what: string): LogError {
  return new LogError('proof-invalid', `the proof ${what}`);
}
