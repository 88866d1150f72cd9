import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { anchorsOf, relativeLinks } from '../../support/markdown-links.ts';

const ROOT = fileURLToPath(new URL('../../../', import.meta.url));
const PAGES = [
  ...pagesIn(ROOT, false),
  ...['docs', 'deploy', 'fixtures', 'bench'].flatMap((folder) => pagesIn(join(ROOT, folder), true)),
];

describe('links of the pages', () => {
  test.each(PAGES.map((page) => relative(ROOT, page)))('%s leads only to what is there', (page) => {
    expect(brokenIn(join(ROOT, page))).toEqual([]);
  });

  test('leave no page of docs/ alone', () => {
    const linked = new Set(PAGES.flatMap((page) => targetsOf(page).map(({ path }) => path)));
    const alone = PAGES.filter((page) => page.startsWith(join(ROOT, 'docs')) && !linked.has(page));
    expect(alone.map((page) => relative(ROOT, page))).toEqual([]);
  });
});

describe('the check of links', () => {
  test('sees what is in prose and not what is in code', () => {
    const text = 'See [a](a.md#b), [web](https://example.com) and `[no](c.md)`.\n```sh\n[no](d.md)\n```\n';
    expect(relativeLinks(text)).toEqual(['a.md#b']);
  });

  test('makes anchors as they are linked to', () => {
    const text = '# Was ist `assay`?\n## A b, c\n## A b, c\n```sh\n# no heading\n```\n';
    expect([...anchorsOf(text)]).toEqual(['was-ist-assay', 'a-b-c', 'a-b-c-1']);
  });
});

function brokenIn(page: string): string[] {
  const broken = targetsOf(page).filter(({ path, anchor }) => {
    if (!existsSync(path)) return true;
    return anchor !== undefined && !anchorsOf(readFileSync(path, 'utf8')).has(anchor);
  });
  return broken.map(({ target }) => target);
}

function targetsOf(page: string): { target: string; path: string; anchor: string | undefined }[] {
  return relativeLinks(readFileSync(page, 'utf8')).map((target) => {
    const [path = '', anchor] = target.split('#');
    return { target, path: path === '' ? page : asPage(resolve(dirname(page), decodeURIComponent(path))), anchor };
  });
}

/** A folder is shown by its README.md. */
function asPage(path: string): string {
  const readme = join(path, 'README.md');
  return existsSync(readme) ? readme : path;
}

function pagesIn(folder: string, deep: boolean): string[] {
  if (!existsSync(folder)) return [];
  return readdirSync(folder, { recursive: deep, encoding: 'utf8' })
    .filter((name) => name.endsWith('.md') && !name.includes('node_modules'))
    .map((name) => join(folder, name));
}
