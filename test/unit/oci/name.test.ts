import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { checkDigest, checkFamily, checkTag, isFamily, isTag, parseReference } from '../../../lib/oci/name.ts';

/** The expressions as the distribution specification prints them. */
const SPECIFIED_NAME = /^[a-z0-9]+((\.|_|__|-+)[a-z0-9]+)*(\/[a-z0-9]+((\.|_|__|-+)[a-z0-9]+)*)*$/;
const SPECIFIED_TAG = /^[a-zA-Z0-9_][a-zA-Z0-9._-]{0,127}$/;
const HEX = 'a'.repeat(64);

function refused(code: string): unknown {
  return expect.objectContaining({ name: 'OciError', code });
}

describe('the name of a repository', () => {
  test('is what the specification says', () => {
    const name = fc.string({ unit: fc.constantFrom('a', 'b', '0', '.', '_', '-', '/', 'A', ' '), maxLength: 12 });
    fc.assert(
      fc.property(name, (text) => {
        expect(isFamily(text)).toBe(SPECIFIED_NAME.test(text));
      }),
      { numRuns: 3000 },
    );
  });

  test.each([
    'a',
    '0',
    'test-cases/carom',
    'a/b/c/d/e/f',
    'a.b_c__d-e--f',
    'a---b',
    'blobs/uploads',
    'a/manifests/b',
    'v2',
    `${'a/'.repeat(127)}a`,
    'x'.repeat(255),
  ])('may be %s', (name) => {
    expect(checkFamily(name)).toBe(name);
  });

  test.each([
    '',
    '/',
    'a/',
    '/a',
    'a//b',
    'A',
    'a/B',
    '.a',
    'a.',
    '-a',
    'a-',
    '_a',
    'a_',
    'a..b',
    'a___b',
    'a._b',
    'a.-b',
    'a-_b',
    'a/./b',
    'a/../b',
    '..',
    'a b',
    'a\n',
    '\na',
    'a\nb',
    'a\0b',
    'ä',
    'a:b',
    'a@b',
    'a%2fb',
    'a\\b',
    '_catalog',
    'x'.repeat(256),
  ])('is not %j', (name) => {
    expect(() => checkFamily(name)).toThrow(refused('name-invalid'));
  });

  test('is refused in no time, however it repeats itself', () => {
    const started = performance.now();
    for (const evil of [`${'a-'.repeat(127)}!`, `${'a'.repeat(254)}!`, `${'a/'.repeat(127)}!`, '-'.repeat(255)])
      isFamily(evil);
    isFamily(`${'a'.repeat(1_000_000)}!`);
    expect(performance.now() - started).toBeLessThan(500);
  });
});

describe('a tag', () => {
  test('is what the specification says', () => {
    const tag = fc.string({ unit: fc.constantFrom('a', 'Z', '9', '.', '_', '-', '/', ':', ' '), maxLength: 10 });
    fc.assert(
      fc.property(tag, (text) => {
        expect(isTag(text)).toBe(SPECIFIED_TAG.test(text));
      }),
      { numRuns: 2000 },
    );
  });

  test.each(['a', '_', 'V1.0', 'v1-rc.2_x', 't'.repeat(128), 'sha256-abc'])('may be %s', (tag) => {
    expect(checkTag(tag)).toBe(tag);
  });

  test.each(['', '.', '-a', '.a', 'a/b', 'a:b', 'a b', 'a\n', 'ä', 'a\0', 'a*', '@', 't'.repeat(129)])(
    'is not %j',
    (tag) => {
      expect(() => checkTag(tag)).toThrow(refused('tag-invalid'));
    },
  );
});

describe('a digest from outside', () => {
  test.each([`sha256:${HEX}`, `sha512:${HEX}${HEX}`])('may be %s', (digest) => {
    expect(checkDigest(digest)).toBe(digest);
  });

  test.each([
    '',
    'latest',
    ':',
    `:${HEX}`,
    HEX,
    'sha256:',
    `sha256:${HEX}0`,
    `sha512:${HEX}`,
    `sha256:${HEX.toUpperCase()}`,
    `SHA256:${HEX}`,
    `sha256:${HEX}\n`,
  ])('is malformed as %j', (text) => {
    expect(() => checkDigest(text)).toThrow(refused('digest-invalid'));
  });

  test.each([`md5:${'a'.repeat(32)}`, `sha384:${'a'.repeat(96)}`, 'blake3:abc', 'multihash+base58:Qm', 'sha1:'])(
    'is by an algorithm that is not supported as %j',
    (text) => {
      expect(() => checkDigest(text)).toThrow(refused('digest-unsupported'));
    },
  );
});

describe('a reference', () => {
  test('with a colon is a digest, and a tag without', () => {
    expect(parseReference(`sha256:${HEX}`)).toEqual({ digest: `sha256:${HEX}` });
    expect(parseReference('v1')).toEqual({ tag: 'v1' });
    expect(parseReference('sha256')).toEqual({ tag: 'sha256' });
    expect(parseReference(HEX)).toEqual({ tag: HEX });
  });

  test.each([
    ['sha256:short', 'digest-invalid'],
    ['v1:v2', 'digest-unsupported'],
    ['a b', 'tag-invalid'],
    ['', 'tag-invalid'],
    ['..', 'tag-invalid'],
  ])('is refused as %j: %s', (text, code) => {
    expect(() => parseReference(text)).toThrow(refused(code));
  });

  test.each([checkFamily, checkTag, checkDigest])('of any length is told in few words', (check) => {
    const text = `!${'x'.repeat(100_000)}`;
    let told = '';
    try {
      check(text);
    } catch (error) {
      told = JSON.stringify({ ...(error as object), message: (error as Error).message });
    }
    expect(told.length).toBeGreaterThan(10);
    expect(told.length).toBeLessThan(1000);
  });
});
