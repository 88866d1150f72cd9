import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { isPin } from '../../../lib/definition/pin-name.ts';
import { isVersion } from '../../../lib/definition/version-name.ts';
import { isRefName } from '../../../lib/git/ref-name.ts';
import { isTag } from '../../../lib/oci/name.ts';

describe('a pin may be named', () => {
  test.each([
    'stable',
    '0',
    'a',
    'next-2',
    'a.b',
    'a_b',
    'a--b',
    'v1',
    'v1.2',
    '2025-06',
    'a'.repeat(100),
    'lock',
    'a-',
  ])('%s', (text) => {
    expect(isPin(text)).toBe(true);
  });

  test.each([
    ['nothing', ''],
    ['a capital', 'Stable'],
    ['a leading dot', '.a'],
    ['a leading hyphen', '-a'],
    ['a leading underscore', '_a'],
    ['a version', 'v1.2.3'],
    ['a prerelease', 'v1.2.3-rc.1'],
    ['a version without its v', '1.2.3'],
    ['two dots', 'a..b'],
    ['a trailing dot', 'a.'],
    ['what Git takes for a lock file', 'a.lock'],
    ['a slash', 'a/b'],
    ['a colon', 'sha256:a'],
    ['an at sign', 'a@b'],
    ['white space', 'a b'],
    ['a line end', 'a\n'],
    ['another script', 'größe'],
    ['101 characters', 'a'.repeat(101)],
  ])('never with %s', (_, text) => {
    expect(isPin(text)).toBe(false);
  });

  test('only with what Git and OCI take as well', () => {
    const characters = fc.constantFrom(...'abz019._-'.split(''), '.lock', '..', 'A', '/', 'v1.2.3');
    fc.assert(
      fc.property(fc.string({ unit: characters, maxLength: 12 }), (text) => {
        fc.pre(isPin(text));
        expect(isRefName(`refs/heads/pins/${text}`)).toBe(true);
        expect(isTag(text)).toBe(true);
        expect(isVersion(text)).toBe(false);
      }),
    );
  });
});
