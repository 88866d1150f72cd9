import { mkdir, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { readSourceName } from '../../../../lib/client/image/source-name.ts';
import { useTemporaryFolder } from '../../../support/use-temporary-folder.ts';
import { imageNamed, layoutOf, writeFolder } from './support/image-files.ts';
import { readImage, refusal } from './support/read-image.ts';

const folder = useTemporaryFolder();
const digest = `sha256:${'0'.repeat(64)}`;

function at(...parts: string[]): string {
  return join(folder.path, ...parts);
}

beforeAll(async () => {
  await writeFolder(at('layout'), layoutOf(imageNamed('a')));
  await writeFile(at('a.tar'), 'x');
  await mkdir(at('empty'));
  if (process.platform !== 'win32')
    await rename(await writeFolder(at('x'), layoutOf(imageNamed('a'))), at('with:colon'));
});

describe('a source', () => {
  test('is a path and perhaps a choice', async () => {
    const cases: [string, object][] = [
      [`oci:${at('layout')}`, { path: at('layout'), form: 'layout' }],
      [`oci:${at('layout')}:v1`, { path: at('layout'), chosen: 'v1' }],
      [`oci:${at('layout')}:@${digest}`, { path: at('layout'), chosen: `@${digest}` }],
      [`oci:${at('layout')}@${digest}`, { path: at('layout'), chosen: `@${digest}` }],
      [`docker-archive:${at('a.tar')}:host:5000/name:tag`, { path: at('a.tar'), chosen: 'host:5000/name:tag' }],
      [`${at('layout')}:v1`, { path: at('layout'), chosen: 'v1', form: 'any' }],
      [at('a.tar'), { path: at('a.tar'), form: 'any' }],
    ];
    for (const [text, expected] of cases)
      expect(await readSourceName(text)).toMatchObject({ kind: 'files', ...expected });
  });

  test.skipIf(process.platform === 'win32')('may have colons in its path', async () => {
    expect(await readSourceName(`${at('with:colon')}:v1`)).toMatchObject({ path: at('with:colon'), chosen: 'v1' });
  });

  test('is the name of an image in a registry otherwise', async () => {
    for (const text of ['docker.io/library/alpine:3', 'docker://docker.io/library/alpine:3', '127.0.0.1:5000/x:y']) {
      expect((await readSourceName(text)).kind).toBe('registry');
    }
  });

  test.each([
    ['oci:nowhere', 'source-missing'],
    ['docker-archive:nowhere.tar:a:b', 'source-missing'],
    ['./nowhere:v1', 'source-missing'],
    ['nowhere.tar.gz', 'source-missing'],
    ['/nowhere', 'source-missing'],
    ['oci:', 'source-missing'],
    ['containers-storage://x', 'source-invalid'],
    ['https://example.org/x', 'source-invalid'],
    ['alpine', 'source-invalid'],
    ['', 'source-invalid'],
    ['a\0b', 'source-invalid'],
  ])('%j is refused: %s', async (text, code) => {
    expect((await refusal(readSourceName(text))).code).toBe(code);
  });

  test('that is not what was said is refused', async () => {
    expect((await refusal(readImage(at('empty')))).code).toBe('not-an-image');
    expect((await refusal(readImage(`docker-archive:${at('layout')}`))).message).toMatch(/is a folder/);
    expect((await refusal(readImage(`oci:${at('a.tar')}`))).code).toBe('not-an-image');
  });
});
