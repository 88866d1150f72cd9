import { createHash } from 'node:crypto';
import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  algorithmOf,
  digestOf,
  digestWith,
  hexOf,
  isAlgorithm,
  isSha256,
  parseDigest,
  sha256,
} from '../../../lib/encoding/digest.ts';

const A = 'a'.repeat(64);
const B = 'b'.repeat(128);

describe('a digest', () => {
  test('of known bytes is what FIPS 180-4 gives for them', () => {
    expect(sha256(Buffer.from('abc'))).toBe('sha256:ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad');
    expect(sha256(new Uint8Array())).toBe('sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855');
    expect(digestWith('sha512', Buffer.from('abc'))).toBe(
      'sha512:ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a' +
        '2192992a274fc1a836ba3c23a3feebbd454d4423643ce80e2a9ac94fa54ca49f',
    );
  });

  test('of any bytes is read again as itself, with its algorithm and hex', () => {
    fc.assert(
      fc.property(fc.uint8Array(), fc.constantFrom('sha256', 'sha512'), (bytes, algorithm) => {
        const digest = digestWith(algorithm, bytes);
        expect(parseDigest(digest)).toBe(digest);
        expect(`${algorithmOf(digest)}:${hexOf(digest)}`).toBe(digest);
        expect(algorithmOf(digest)).toBe(algorithm);
        expect(isSha256(digest)).toBe(algorithm === 'sha256');
        expect(digestOf(algorithm, createHash(algorithm).update(bytes))).toBe(digest);
      }),
    );
  });

  test.each([
    ['nothing', ''],
    ['hex alone', A],
    ['an algorithm alone', 'sha256'],
    ['no hex', 'sha256:'],
    ['63 digits', `sha256:${A.slice(1)}`],
    ['65 digits', `sha256:${A}a`],
    ['127 digits', `sha512:${B.slice(1)}`],
    ['SHA-256 with the length of SHA-512', `sha256:${B}`],
    ['SHA-512 with the length of SHA-256', `sha512:${A}`],
    ['capital hex', `sha256:${A.toUpperCase()}`],
    ['a capital algorithm', `SHA256:${A}`],
    ['a letter that is no hex', `sha256:${A.slice(1)}g`],
    ['a space before', ` sha256:${A}`],
    ['a line end behind', `sha256:${A}\n`],
    ['two digests', `sha256:${A}sha256:${A}`],
    ['two lines', `x\nsha256:${A}`],
    ['a hyphen', `sha256-${A}`],
    ['another algorithm', `sha384:${'a'.repeat(96)}`],
    ['a weak algorithm', `md5:${'a'.repeat(32)}`],
    ['full-width digits', `sha256:${'１'.repeat(64)}`],
    ['a path', `sha256:../${A.slice(3)}`],
    ['a NUL', `sha256:${A.slice(1)}\0`],
  ])('is not %s', (_, text) => {
    expect(parseDigest(text)).toBeUndefined();
  });

  test.each(['', 'sha1', 'SHA256', 'sha256 ', '__proto__', 'toString', 'constructor'])(
    'is by no algorithm %j',
    (name) => {
      expect(isAlgorithm(name)).toBe(false);
    },
  );

  test('is by SHA-256 or SHA-512', () => {
    expect(['sha256', 'sha512'].every(isAlgorithm)).toBe(true);
  });
});
