import { describe, expect, test } from 'vitest';
import { EMPTY_FRONTIER, extend, rootOf } from '../../../lib/log/frontier.ts';
import { EMPTY_ROOT, leafHash } from '../../../lib/log/tree-hash.ts';
import { verifyConsistency, verifyInclusion } from '../../../lib/log/verify-proof.ts';

/** The eight leaves by which implementations of RFC 6962 compare themselves, and the roots of trees of the first ones. */
const LEAVES = ['', '00', '10', '2021', '3031', '40414243', '5051525354555657', '606162636465666768696a6b6c6d6e6f'].map(
  (hex) => leafHash(Buffer.from(hex, 'hex')),
);
const ROOTS = [
  'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855',
  '6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d',
  'fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125',
  'aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77',
  'd37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7',
  '4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4',
  '76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef',
  'ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c',
  '5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328',
].map((hex) => Buffer.from(hex, 'hex'));

const A = 'lqKW0iTyhcZ77pPDD4owkVfw2qNdxbh+QQt4YwoJz8c=';
const B = 'Xwg/ChozygdqlSeYMlgNs+DvRYS9/x9UyKNg9Q3jAx4=';
const C = 'a0eq8p7jwq+a+Im8H7klTavTEXfxYjLdaqsDXKOb9uQ=';
const D = 'vBoGQ7EuTS18d5GPROD095qDi2z57FtcKD4fTYhZnms=';
const E = 'yoVOoSjtBQtBs1/8G4e46yveRh6eO1WW7Oa51ZdaCuA=';
const F = '037kGJdt2VdTwcc4Yrk5j6Kiz5tP8P3+izDNlSCWFLc=';
const G = 'DrxdNDf74tsVi58Sah0RjjCBgQMdCpSfje3t68VY72o=';
const FIRST = 'bjQLnP+zepicpUTmu3gKLHiQHT+zNzh2hRGjBhevoB0=';
const PAIR = '+sVCA+fMaWzw38tCySodnbr3CtnmIfS9jZhmLwDjwSU=';

/** As transparency-dev/merkle publishes them: index, size, proof. */
const INCLUSIONS: readonly (readonly [number, number, readonly string[]])[] = [
  [0, 1, []],
  [0, 8, [A, B, C]],
  [5, 8, [D, E, F]],
  [2, 3, [PAIR]],
  [1, 5, [FIRST, B, D]],
];
/** From, to, proof. */
const CONSISTENCIES: readonly (readonly [number, number, readonly string[]])[] = [
  [1, 1, []],
  [1, 8, [A, B, C]],
  [6, 8, [G, E, F]],
  [2, 5, [B, D]],
];

function decoded(proof: readonly string[]): Buffer[] {
  return proof.map((hash) => Buffer.from(hash, 'base64'));
}

function head(size: number): { size: number; root: Buffer } {
  return { size, root: ROOTS[size]! };
}

/** What the published vectors do to a proof that must then fail. */
function* spoiled(proof: readonly Buffer[], roots: readonly Buffer[]): Generator<Buffer[]> {
  const garbage = Buffer.alloc(0);
  yield [garbage, ...proof];
  yield [...proof, garbage];
  for (const root of roots) {
    yield [root, ...proof];
    yield [...proof, root];
  }
  if (proof.length > 0) yield [];
  if (proof.length > 0) yield proof.slice(0, -1);
  for (const [at, hash] of proof.entries()) {
    const flipped = Buffer.from(hash);
    flipped[0]! ^= 16;
    yield proof.with(at, flipped);
    yield [hash, ...proof];
  }
}

function expectNoInclusion(...args: Parameters<typeof verifyInclusion>): void {
  expect(() => verifyInclusion(...args)).toThrow('the proof');
}

function expectNoConsistency(...args: Parameters<typeof verifyConsistency>): void {
  expect(() => verifyConsistency(...args)).toThrow('the proof');
}

describe('the vectors of RFC 6962', () => {
  test('have their roots', () => {
    expect(EMPTY_ROOT).toEqual(ROOTS[0]);
    for (const size of ROOTS.keys()) expect(rootOf(extend(EMPTY_FRONTIER, LEAVES.slice(0, size)))).toEqual(ROOTS[size]);
  });

  test.each(INCLUSIONS)('prove inclusion of %i in %i, and nothing else', (index, size, published) => {
    const proof = decoded(published);
    const leaf = LEAVES[index]!;
    verifyInclusion(leaf, index, head(size), proof);
    for (const bad of spoiled(proof, [ROOTS[size]!])) expectNoInclusion(leaf, index, head(size), bad);
    for (const other of [index - 1, index + 1, index ^ 2]) expectNoInclusion(leaf, other, head(size), proof);
    for (const other of [size * 2, Math.floor(size / 2)])
      expectNoInclusion(leaf, index, { size: other, root: ROOTS[size]! }, proof);
    expectNoInclusion(leafHash(Buffer.from('wrong')), index, head(size), proof);
    expectNoInclusion(leaf, index, { size, root: EMPTY_ROOT }, proof);
    expectNoInclusion(Buffer.alloc(0), index, head(size), proof);
  });

  test.each(CONSISTENCIES)('prove %i to be the beginning of %i, and nothing else', (from, to, published) => {
    const proof = decoded(published);
    verifyConsistency(head(from), head(to), proof);
    for (const bad of spoiled(proof, [ROOTS[from]!, ROOTS[to]!])) expectNoConsistency(head(from), head(to), bad);
    if (from === to) return;
    for (const size of [from - 1, from + 1, from ^ 2])
      expectNoConsistency({ size, root: ROOTS[from]! }, head(to), proof);
    for (const size of [to * 2, Math.floor(to / 2)]) expectNoConsistency(head(from), { size, root: ROOTS[to]! }, proof);
    expectNoConsistency({ size: from, root: EMPTY_ROOT }, head(to), proof);
    expectNoConsistency(head(from), { size: to, root: EMPTY_ROOT }, proof);
    expectNoConsistency({ size: from, root: ROOTS[to]! }, { size: to, root: ROOTS[from]! }, proof);
  });
});
