import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { METADATA_FILES } from '../../../lib/definition/metadata/metadata.ts';
import { readMetadata } from '../../../lib/definition/metadata/read-metadata.ts';
import { nameFault } from '../../../lib/git/check-name.ts';
import { DEFINITION_FOLDERS, DEFINITIONS, makeAuthorRepository } from '../../support/author-repository.ts';
import { folderTree } from '../../support/folder-tree.ts';
import { useTemporaryFolder } from '../../support/use-temporary-folder.ts';
import { git } from '../git/support/git-command.ts';

const folder = useTemporaryFolder();

function read(path: string) {
  const kind = path.startsWith('containers/') ? 'container' : 'test-case';
  const root = join(DEFINITIONS, path);
  return readMetadata(kind, readFileSync(join(root, METADATA_FILES[kind])), folderTree(root));
}

describe('the definitions of the author', () => {
  test.each(DEFINITION_FOLDERS)('in %s have no fault', (path) => {
    const { metadata, faults } = read(path);
    expect(faults).toEqual([]);
    const [, family, version] = /^(.*)\/(v[^/]*)$/.exec(path) ?? [];
    expect(metadata).toMatchObject({ name: expect.any(String), config: { name: metadata?.name } });
    expect([undefined, version]).toContain(metadata?.version);
    expect([undefined, family]).toContain(metadata?.family);
  });

  test('hold what is hard to carry', async () => {
    const { path } = await makeAuthorRepository(folder.path);
    const lines = (await git(path, 'ls-tree', '-r', '-z', '--full-tree', 'HEAD'))
      .split('\0')
      .filter((line) => line !== '');
    const entries = lines.map((line) => ({ mode: line.slice(0, 6), path: line.slice(line.indexOf('\t') + 1) }));
    expect(new Set(entries.map((entry) => entry.mode))).toEqual(new Set(['100644', '100755', '120000']));
    const names = entries.flatMap((entry) => entry.path.split('/'));
    expect(names.some((name) => name.length === 150)).toBe(true);
    expect(names).toEqual(expect.arrayContaining(['größe.png', '球台.md', '🎱 not this one.txt']));
    expect(entries.some((entry) => inVersion(entry.path).length > 260)).toBe(true);
    expect(names.map((name) => nameFault(Buffer.from(name), 0, Buffer.byteLength(name)))).toEqual(
      names.map(() => undefined),
    );
  });

  test('make the same commit wherever they are committed', async () => {
    const [one, other] = [await makeAuthorRepository(folder.path), await makeAuthorRepository(folder.path)];
    expect(other.commit).toBe(one.commit);
    expect(other.path).not.toBe(one.path);
    expect(await git(one.path, 'status', '--porcelain')).toBe('');
  });

  test('are all named', () => {
    const found = readdirSync(DEFINITIONS, { recursive: true, encoding: 'utf8' })
      .filter((path) => Object.values(METADATA_FILES).some((file) => path.endsWith(`/${file}`)))
      .map((path) => path.slice(0, path.lastIndexOf('/')));
    expect(found.sort()).toEqual([...DEFINITION_FOLDERS]);
  });
});

function inVersion(path: string): string {
  return path.replace(/^.*?\/v\d[^/]*\//, '');
}
