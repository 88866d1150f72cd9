import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { compareVersions, isVersion, newestOf, versionNamed } from '../../../lib/definition/version-name.ts';
import { isTag } from '../../../lib/oci/name.ts';

describe('a version is', () => {
  test.each([
    'v0.0.0',
    'v1.2.3',
    'v10.20.30',
    'v1.2.3-rc.1',
    'v1.2.3-0',
    'v1.2.3-alpha',
    'v1.2.3-0a.b-c.--',
    'v1.2.3-x-y-z.4',
    'v99999999999999999999.0.0',
    `v1.2.3-${'a'.repeat(121)}`,
  ])('%s', (text) => {
    expect(isVersion(text)).toBe(true);
    expect(isTag(text)).toBe(true);
    expect(versionNamed(text)).toBe(text);
    expect(versionNamed(text.slice(1))).toBe(text);
  });

  test.each([
    '',
    'v',
    '1.2.3',
    'v1',
    'v1.2',
    'v1.2.3.4',
    'V1.2.3',
    'vv1.2.3',
    'v01.2.3',
    'v1.02.3',
    'v1.2.03',
    'v1.2.3-01',
    'v1.2.3-rc.01',
    'v1.2.3-',
    'v1.2.3-rc.',
    'v1.2.3-rc..1',
    'v1.2.3+build',
    'v1.2.3-rc.1+build',
    'v-1.2.3',
    'v1.2.x',
    'v1.2.3-ü',
    'v１.2.3',
    ' v1.2.3',
    'v1.2.3\n',
    'v1.2.3 ',
    'v1.2.3-a/b',
    `v1.2.3-${'a'.repeat(122)}`,
  ])('not %j', (text) => {
    expect(isVersion(text)).toBe(false);
  });

  test.each(['', 'v', 'vv1.2.3', '1.2', 'latest', '1.2.3+b', ' 1.2.3', '1.2.3\n'])('not named %j', (text) => {
    expect(versionNamed(text)).toBeUndefined();
  });
});

const number = fc.oneof(fc.nat({ max: 3 }), fc.nat()).map(String);
const identifier = fc.oneof(number, fc.constantFrom('a', 'B', 'rc', 'rc-1', '-', '0a'));
const version = fc
  .tuple(fc.tuple(number, number, number), fc.array(identifier, { maxLength: 3 }))
  .map(([core, prerelease]) => `v${core.join('.')}${prerelease.length === 0 ? '' : `-${prerelease.join('.')}`}`);

describe('the order of versions', () => {
  test('is that of paragraph 11 of Semantic Versioning', () => {
    const sorted = [
      'v0.9.10',
      'v1.0.0-2',
      'v1.0.0-10',
      'v1.0.0-alpha',
      'v1.0.0-alpha.1',
      'v1.0.0-alpha.beta',
      'v1.0.0-beta',
      'v1.0.0-beta.2',
      'v1.0.0-beta.11',
      'v1.0.0-rc.1',
      'v1.0.0',
      'v1.0.1',
      'v1.2.0',
      'v1.10.0',
      'v2.0.0',
      'v9007199254740992.0.0',
      'v9007199254740993.0.0',
    ];
    expect(sorted.toReversed().sort(compareVersions)).toEqual(sorted);
  });

  test('puts capitals before small letters, as ASCII does', () => {
    expect(compareVersions('v1.0.0-RC', 'v1.0.0-a')).toBeLessThan(0);
  });

  test('is an order', () => {
    fc.assert(
      fc.property(version, version, version, (a, b, c) => {
        const [ab, bc] = [compareVersions(a, b), compareVersions(b, c)];
        expect(Math.sign(compareVersions(b, a))).toBe(-Math.sign(ab) + 0);
        expect(ab === 0).toBe(a === b);
        expect(ab < 0 && bc < 0 && compareVersions(a, c) >= 0).toBe(false);
      }),
    );
  });

  test('is of versions only', () => {
    expect(() => compareVersions('v1.0.0', '1.0.0')).toThrow('"1.0.0" is not a version');
  });
});

describe('the newest version', () => {
  test.each<[readonly string[], string | undefined]>([
    [[], undefined],
    [['v1.0.0'], 'v1.0.0'],
    [['v1.9.0', 'v1.10.0', 'v1.2.0'], 'v1.10.0'],
    [['v1.0.0', 'v2.0.0-rc.1'], 'v1.0.0'],
    [['v2.0.0-rc.1', 'v2.0.0-rc.10', 'v2.0.0-rc.9'], 'v2.0.0-rc.10'],
    [['v2.0.0-rc.1', 'v0.0.1', 'v3.0.0-a'], 'v0.0.1'],
  ])('of %j is %s', (versions, newest) => {
    expect(newestOf(versions)).toBe(newest);
  });

  test('does not depend on the order in which versions come', () => {
    fc.assert(
      fc.property(fc.array(version, { minLength: 1 }), (versions) => {
        expect(newestOf(versions)).toBe(newestOf(versions.toReversed()));
        expect(versions).toContain(newestOf(versions));
      }),
    );
  });
});
