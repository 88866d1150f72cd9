import { mkdir, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeEach, describe, expect, test } from 'vitest';
import { DirectoryInPlace, realPlace } from '../../../lib/client/directory-in-place.ts';
import { useTemporaryFolder } from '../../support/use-temporary-folder.ts';

const folder = useTemporaryFolder();
let root: string;
let target: string;
let number = 0;

beforeEach(async () => {
  root = join(folder.path, String((number += 1)));
  target = join(root, 'target');
  await mkdir(target, { recursive: true });
});

async function filled(text: string): Promise<DirectoryInPlace> {
  const place = await DirectoryInPlace.beside(target);
  await writeFile(join(place.path, 'file'), text);
  return place;
}

describe('a directory that takes the place of another', () => {
  test('leaves the old one where the new one cannot come', async () => {
    await writeFile(join(target, 'file'), 'old');
    const place = await filled('new');
    await rm(place.path, { recursive: true });
    await expect(place.takeOver()).rejects.toMatchObject({ code: 'ENOENT' });
    expect(await readFile(join(target, 'file'), 'utf8')).toBe('old');
    expect(await readdir(root)).toEqual(['target']);
  });

  test('takes over from a folder, a file and nothing', async () => {
    await writeFile(join(target, 'file'), 'old');
    expect(await (await filled('one')).takeOver()).toBe(true);
    expect(await readFile(join(target, 'file'), 'utf8')).toBe('one');
    await rm(target, { recursive: true });
    await writeFile(target, 'a file');
    expect(await (await filled('two')).takeOver()).toBe(true);
    await rm(target, { recursive: true });
    expect(await (await filled('three')).takeOver()).toBe(true);
    expect(await readdir(root)).toEqual(['target']);
  });

  test('takes a free place or an empty folder, and never a full one', async () => {
    const [first, second] = [await filled('one'), await filled('two')];
    expect(await first.takeFree()).toBe(true);
    expect(await second.takeFree()).toBe(false);
    await second.discard();
    await first.discard();
    expect(await readFile(join(target, 'file'), 'utf8')).toBe('one');
    expect(await readdir(root)).toEqual(['target']);
  });

  test('takes away only the parents that it made, and only empty ones', async () => {
    target = join(root, 'new', 'deep', 'target');
    const [first, second] = [await filled('one'), await filled('two')];
    await first.discard();
    expect(await readdir(join(root, 'new', 'deep'))).toHaveLength(1);
    await second.discard();
    await (await filled('three')).discard();
    expect(await readdir(root)).toContain('target');
  });
});

test('the real place of a directory resolves links, and what is not there yet', async () => {
  await symlink(target, join(root, 'link'));
  const real = await realPlace(target);
  expect(await realPlace(join(root, 'link'))).toBe(real);
  expect(await realPlace(join(root, 'link', 'a', 'b'))).toBe(join(real, 'a', 'b'));
});
