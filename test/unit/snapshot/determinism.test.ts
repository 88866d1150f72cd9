import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { otherNodes } from '../../support/programs.ts';
import { tryProgram } from '../../support/run-program.ts';

const ROOT = fileURLToPath(new URL('../../../', import.meta.url));
const { ids } = JSON.parse(await readFile(join(ROOT, 'fixtures/snapshots/golden.json'), 'utf8')) as {
  ids: Readonly<Record<string, string>>;
};

/** By the built program, in a process of its own. */
async function renderedIds(node: string, env: NodeJS.ProcessEnv = {}): Promise<unknown> {
  const args = [join(ROOT, 'test/support/render-fixture.mjs'), ...Object.keys(ids)];
  const { stdout, stderr } = await tryProgram(node, args, { env: { PATH: process.env['PATH'], ...env } });
  expect(stderr).toBe('');
  return JSON.parse(stdout);
}

describe('the snapshot of a log', () => {
  test('is the one that it was when this was written', async () => {
    expect(await renderedIds(process.execPath)).toEqual(ids);
  });

  test.each([
    { LC_ALL: 'tr_TR.UTF-8', TZ: 'Asia/Kathmandu' },
    { LC_ALL: 'C', LANG: 'sv_SE.UTF-8', TZ: 'America/St_Johns' },
    { LC_ALL: 'ar_EG.UTF-8', LANGUAGE: 'ar', TZ: 'Pacific/Kiritimati', NODE_ICU_DATA: '' },
  ])('is the same in another place: $LC_ALL, $TZ', async (env) => {
    expect(await renderedIds(process.execPath, env)).toEqual(ids);
  });

  test.skipIf(otherNodes().length === 0)('is the same on other versions of Node', async () => {
    for (const node of otherNodes()) expect(await renderedIds(node), node).toEqual(ids);
  });
});

/** What reads a clock, a place, chance, or the process around. */
const IMPURE =
  /\bnew Date\b|\bDate\.|\bIntl\b|[lL]ocale[A-Z]\w*|\bMath\.random\b|\brandom(?:UUID|Bytes|Int)\b|\bperformance\b|\bprocess\.|\.normalize\(/;

/** What brings bytes in and out, and has no part in what they are. */
const OUTSIDE = new Set(['directory-objects.ts', 'http-objects.ts', 'stored-sources.ts']);

describe('the renderer', () => {
  test('asks neither a clock nor a place nor chance', async () => {
    const files: string[] = [];
    for (const folder of ['lib/snapshot', 'lib/scrub'])
      files.push(
        ...(await readdir(join(ROOT, folder))).filter((name) => !OUTSIDE.has(name)).map((name) => join(folder, name)),
      );
    expect(files.length).toBeGreaterThan(25);
    for (const name of files) {
      const source = await readFile(join(ROOT, name), 'utf8');
      expect(IMPURE.exec(source)?.[0], name).toBeUndefined();
      expect(/from 'node:(?!crypto')/.exec(source)?.[0], name).toBeUndefined();
    }
  });
});
