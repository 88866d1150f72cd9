import { createHash } from 'node:crypto';

/** RFC 6962, 2.1, word for word, as the oracle of everything faster: every hash is made anew from all leaves below it. */
export function naiveRoot(entries: readonly Uint8Array[]): Buffer {
  if (entries.length === 0) return sha256();
  if (entries.length === 1) return sha256(Buffer.of(0), entries[0]!);
  const k = largestPowerBelow(entries.length);
  return sha256(Buffer.of(1), naiveRoot(entries.slice(0, k)), naiveRoot(entries.slice(k)));
}

/** PATH(m, D[n]) of 2.1.1. */
export function naiveInclusion(index: number, entries: readonly Uint8Array[]): Buffer[] {
  if (entries.length <= 1) return [];
  const k = largestPowerBelow(entries.length);
  const [left, right] = [entries.slice(0, k), entries.slice(k)];
  if (index < k) return [...naiveInclusion(index, left), naiveRoot(right)];
  return [...naiveInclusion(index - k, right), naiveRoot(left)];
}

/** PROOF(m, D[n]) of 2.1.2. */
export function naiveConsistency(from: number, entries: readonly Uint8Array[]): Buffer[] {
  return from === 0 ? [] : subproof(from, entries, true);
}

function subproof(from: number, entries: readonly Uint8Array[], whole: boolean): Buffer[] {
  if (from === entries.length) return whole ? [] : [naiveRoot(entries)];
  const k = largestPowerBelow(entries.length);
  const [left, right] = [entries.slice(0, k), entries.slice(k)];
  if (from <= k) return [...subproof(from, left, whole), naiveRoot(right)];
  return [...subproof(from - k, right, false), naiveRoot(left)];
}

function largestPowerBelow(count: number): number {
  return 2 ** Math.floor(Math.log2(count - 1));
}

function sha256(...parts: readonly Uint8Array[]): Buffer {
  const hash = createHash('sha256');
  for (const part of parts) hash.update(part);
  return hash.digest();
}
