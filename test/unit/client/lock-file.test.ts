import { mkdir, readdir, readFile, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { formatLock, parseLock, readLock, writeLock, type LockedDefinition } from '../../../lib/client/lock-file.ts';
import { lockedAs } from '../../../lib/client/lock.ts';
import { useTemporaryFolder } from '../../support/use-temporary-folder.ts';

const folder = useTemporaryFolder();

function locked(family: string, ref: string, digit = '1'): LockedDefinition {
  return { family, ref, version: 'v1.0.0', digest: `sha256:${digit.repeat(64)}`, tree: digit.repeat(40) };
}

const SAMPLE = [locked('b', 'stable'), locked('a/z', 'v1.0.0'), locked('b', 'latest')];

describe('a lock file', () => {
  test('has the same bytes for the same definitions', () => {
    fc.assert(
      fc.property(fc.shuffledSubarray(SAMPLE, { minLength: 3 }), (order) => {
        expect(formatLock(order)).toBe(formatLock(SAMPLE));
      }),
    );
    const text = formatLock(SAMPLE);
    expect(text).toMatch(/^\{\n {2}"lockVersion": 1,\n {2}"definitions": \[\n {4}\{\n {6}"family": "a\/z",/);
    expect(text.endsWith('}\n')).toBe(true);
    expect(formatLock(parseLock(text).definitions)).toBe(text);
  });

  test('is written whole, and through a link', async () => {
    const path = join(folder.path, 'real', 'assay.lock');
    await mkdir(join(folder.path, 'real'));
    await writeFile(path, '');
    const link = join(folder.path, 'assay.lock');
    await symlink(path, link);
    await writeLock(link, SAMPLE);
    expect(await readFile(path, 'utf8')).toBe(formatLock(SAMPLE));
    expect((await readLock(link))?.definitions).toHaveLength(3);
    expect(await readdir(join(folder.path, 'real'))).toEqual(['assay.lock']);
    expect(await readLock(join(folder.path, 'none'))).toBeUndefined();
  });

  const text = formatLock(SAMPLE);
  test.each([
    ['cut', text.slice(0, -30), /assay\.lock:\d+: no JSON/],
    ['a comma too many', text.replace('"tree"', ',"tree"'), /:9: no JSON/],
    ['marks of a merge', text.replace('  "definitions"', '<<<<<<< ours\n  "definitions"'), /:3: a merge left/],
    ['another version', text.replace('1,', '2,'), /lockVersion is 2/],
    ['nothing', '', /:1: no JSON/],
    ['no object', 'null', /lockVersion is missing/],
    ['no list', '{"lockVersion":1,"definitions":{}}', /no list/],
    [
      'a digest that is none',
      text.replace(
        /"sha256:1{64}",\n {6}"tree": "1{40}"\n {4}\},\n {4}\{\n {6}"family": "b",\n {6}"ref": "stable"/,
        (found) => found.replace('sha256', 'md5'),
      ),
      /:11: definitions\[1\]: digest/,
    ],
    ['a family that climbs', text.replace('a/z', '../z'), /:4: definitions\[0\]: family/],
    ['a version that climbs', text.replaceAll('"version": "v1.0.0"', '"version": ".."'), /version is no version/],
    [
      'a version that is a digest',
      text.replaceAll('"version": "v1.0.0"', `"version": "sha256:${'1'.repeat(64)}"`),
      /version is no version/,
    ],
    ['a ref twice', text.replace('"ref": "latest"', '"ref": "stable"'), /b@stable comes twice/],
    ['an entry that is none', '{"lockVersion":1,"definitions":[\n\n7]}', /definitions\[0\]: no object/],
  ])('with %s is refused, with the line', (_, bad, message) => {
    expect(() => parseLock(bad)).toThrow(message);
  });

  test('knows a family by itself where that is clear', () => {
    expect(lockedAs(SAMPLE, 'a/z').ref).toBe('v1.0.0');
    expect(lockedAs(SAMPLE, 'b').family).toBe('b');
    expect(() => lockedAs([...SAMPLE, locked('b', 'old', '2')], 'b')).toThrow('stable and latest and old');
    expect(lockedAs([...SAMPLE, locked('b', 'old', '2')], 'b', 'old').tree).toBe('2'.repeat(40));
    expect(() => lockedAs(SAMPLE, 'c')).toThrow('assay lock c');
  });
});
