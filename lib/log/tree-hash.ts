import { hash } from 'node:crypto';

export const HASH_BYTES = 32;

/** RFC 6962, 2.1: what is hashed begins otherwise in leaves than in nodes, so that none passes for the other. */
const LEAF = 0;
const NODE = 1;

/** What is to be hashed next: hashing in one call is much faster than in three, and a node is hashed for every entry. */
const node = Buffer.alloc(1 + 2 * HASH_BYTES, NODE);

/** RFC 6962, 2.1: the hash of a tree without leaves. */
export const EMPTY_ROOT: Buffer = sha256(Buffer.alloc(0));

export function leafHash(entry: Uint8Array): Buffer {
  const leaf = Buffer.allocUnsafe(1 + entry.length);
  leaf[0] = LEAF;
  leaf.set(entry, 1);
  return sha256(leaf);
}

export function nodeHash(left: Uint8Array, right: Uint8Array): Buffer {
  if (left.length !== HASH_BYTES || right.length !== HASH_BYTES) throw new RangeError('a node is of two hashes');
  node.set(left, 1);
  node.set(right, 1 + HASH_BYTES);
  return sha256(node);
}

/** By way of text, since bytes that come from there have memory of their own each, which costs more than the hashing. */
function sha256(bytes: Uint8Array): Buffer {
  return Buffer.from(hash('sha256', bytes, 'binary'), 'latin1');
}

/** The hash over hashes of subtrees that are all of one size: as many as a power of two. */
export function perfectHash(hashes: readonly Uint8Array[]): Buffer {
  let row = hashes;
  while (row.length > 1) {
    const above: Buffer[] = [];
    for (let at = 0; at < row.length; at += 2) above.push(nodeHash(row[at]!, row[at + 1]!));
    row = above;
  }
  return Buffer.from(row[0]!);
}
