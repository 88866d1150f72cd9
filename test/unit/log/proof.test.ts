import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { EMPTY_FRONTIER, extend, rootOf } from '../../../lib/log/frontier.ts';
import { consistencyProof, inclusionProof, type ReadTile } from '../../../lib/log/proof.ts';
import { leafHash } from '../../../lib/log/tree-hash.ts';
import { verifyConsistency, verifyInclusion } from '../../../lib/log/verify-proof.ts';
import { naiveConsistency, naiveInclusion, naiveRoot } from '../../support/naive-tree.ts';

const MOST = 600;
const ENTRIES = Array.from({ length: MOST }, (_, at) => Buffer.from(`entry ${at}`));
const ROOTS = Array.from({ length: MOST + 1 }, (_, size) => rootOf(extend(EMPTY_FRONTIER, leaves(size))));

function leaves(size: number): Buffer[] {
  return ENTRIES.slice(0, size).map((entry) => leafHash(entry));
}

/** Tiles cut from a naive tree. */
const readTile: ReadTile = (level, index, width) => {
  const under = 256 ** level;
  const hashes = Array.from({ length: width }, (_, at) => {
    const first = (index * 256 + at) * under;
    expect(first + under).toBeLessThanOrEqual(MOST);
    return naiveRoot(ENTRIES.slice(first, first + under));
  });
  return Promise.resolve(Buffer.concat(hashes));
};

const sizes = fc.integer({ min: 1, max: MOST });
const trees = sizes.chain((size) =>
  fc.record({ size: fc.constant(size), index: fc.integer({ min: 0, max: size - 1 }) }),
);
const pairs = sizes.chain((to) => fc.record({ to: fc.constant(to), from: fc.integer({ min: 0, max: to }) }));

function head(size: number): { size: number; root: Buffer } {
  return { size, root: ROOTS[size]! };
}

/** All that a proof can be by one change: shorter, longer, in another order, of other bytes. */
function* changed(proof: readonly Buffer[]): Generator<Buffer[]> {
  const other = leafHash(Buffer.from('another'));
  yield [...proof, other];
  yield [other, ...proof];
  for (const at of proof.keys()) {
    yield proof.toSpliced(at, 1);
    yield proof.toSpliced(at, 1, other);
    yield proof.toSpliced(at, 0, proof[at]!);
    yield proof.with(at, proof[at]!.subarray(1));
    if (at > 0 && !proof[at]!.equals(proof[at - 1]!)) yield proof.with(at, proof[at - 1]!).with(at - 1, proof[at]!);
  }
}

function expectNoInclusion(...args: Parameters<typeof verifyInclusion>): void {
  expect(() => verifyInclusion(...args)).toThrow('the proof');
}

function expectNoConsistency(...args: Parameters<typeof verifyConsistency>): void {
  expect(() => verifyConsistency(...args)).toThrow('the proof');
}

describe('a frontier', () => {
  test('has the root of the naive tree, in however many steps it grew', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 0, max: 90 }), { maxLength: 6 }), (steps) => {
        let frontier = EMPTY_FRONTIER;
        for (const step of steps) {
          frontier = extend(frontier, leaves(frontier.size + step).slice(frontier.size));
        }
        expect(rootOf(frontier)).toEqual(naiveRoot(ENTRIES.slice(0, frontier.size)));
      }),
      { numRuns: 60 },
    );
  });
});

describe('inclusion', () => {
  test('is proved as by the naive tree, and the proof holds', async () => {
    await fc.assert(
      fc.asyncProperty(trees, async ({ size, index }) => {
        const proof = await inclusionProof(readTile, index, size);
        expect(proof).toEqual(naiveInclusion(index, ENTRIES.slice(0, size)));
        verifyInclusion(leafHash(ENTRIES[index]!), index, head(size), proof);
      }),
      { numRuns: 60 },
    );
  });

  test('is not proved by anything else', () => {
    fc.assert(
      fc.property(trees, fc.nat(MOST - 1), sizes, ({ size, index }, otherIndex, otherSize) => {
        const entries = ENTRIES.slice(0, size);
        const proof = naiveInclusion(index, entries);
        const leaf = leafHash(ENTRIES[index]!);
        for (const bad of changed(proof)) expectNoInclusion(leaf, index, head(size), bad);
        if (otherIndex !== index) {
          expectNoInclusion(leaf, otherIndex, head(size), proof);
          expectNoInclusion(leafHash(ENTRIES[otherIndex]!), index, head(size), proof);
        }
        if (otherSize !== size) expectNoInclusion(leaf, index, { size, root: ROOTS[otherSize]! }, proof);
        for (const wrong of [-1, 0.5, Number.NaN, 2 ** 53, size]) expectNoInclusion(leaf, wrong, head(size), proof);
        expectNoInclusion(leaf.subarray(1), index, head(size), proof);
      }),
      { numRuns: 60 },
    );
  });
});

describe('consistency', () => {
  test('is proved as by the naive tree, and the proof holds', async () => {
    await fc.assert(
      fc.asyncProperty(pairs, async ({ from, to }) => {
        const proof = await consistencyProof(readTile, from, to);
        expect(proof).toEqual(naiveConsistency(from, ENTRIES.slice(0, to)));
        verifyConsistency(head(from), head(to), proof);
      }),
      { numRuns: 60 },
    );
  });

  test('is not proved by anything else', () => {
    fc.assert(
      fc.property(pairs, sizes, ({ from, to }, other) => {
        const proof = naiveConsistency(from, ENTRIES.slice(0, to));
        for (const bad of changed(proof)) expectNoConsistency(head(from), head(to), bad);
        if (other !== from) expectNoConsistency({ size: from, root: ROOTS[other]! }, head(to), proof);
        if (other !== to && from > 0) expectNoConsistency(head(from), { size: to, root: ROOTS[other]! }, proof);
        if (from !== to) expectNoConsistency(head(to), head(from), proof);
        for (const size of [-1, 0.5, Number.NaN, 2 ** 53]) {
          expectNoConsistency({ ...head(from), size }, head(to), proof);
          expectNoConsistency(head(from), { ...head(to), size }, proof);
        }
      }),
      { numRuns: 60 },
    );
  });
});
