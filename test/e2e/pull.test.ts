import { mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { Pulled } from '../../lib/client/pull.ts';
import type { Version } from '../../lib/definition/wire.ts';
import { assay } from '../support/assay-command.ts';
import { DEFINITION_FOLDERS, makeAuthorRepository } from '../support/author-repository.ts';
import { directoryState } from '../support/directory-state.ts';
import { send, textOf } from '../support/http.ts';
import type { Outcome } from '../support/run-program.ts';
import { useServer } from '../support/server.ts';
import { useTemporaryFolder } from '../support/use-temporary-folder.ts';

const server = useServer();
const folder = useTemporaryFolder();
let author: string;
let place: string;
let number = 0;

beforeAll(async () => {
  author = (await makeAuthorRepository(folder.path)).path;
  const { code, stderr } = await assay(
    ['publish', '--all'],
    { ASSAY_URL: server.url, HOME: folder.path },
    { cwd: author },
  );
  if (code !== 0) throw new Error(stderr);
});

/** Every test has a cache and a working folder of its own. */
beforeEach(async () => {
  place = join(folder.path, `place-${(number += 1)}`);
  await mkdir(place);
});

function run(...args: string[]): Promise<Outcome> {
  return assay(args, { ASSAY_URL: server.url, ASSAY_CACHE: join(place, 'cache'), HOME: folder.path }, { cwd: place });
}

async function json<T>(...args: string[]): Promise<T> {
  const { code, stdout, stderr } = await run(...args, '--json');
  if (code !== 0) throw new Error(`${args.join(' ')} ended with ${code}: ${stderr}`);
  return JSON.parse(stdout) as T;
}

async function published(folderOfVersion: string): Promise<Record<string, string>> {
  const state = await directoryState(join(author, folderOfVersion));
  return Object.fromEntries(Object.entries(state).filter(([, what]) => what !== 'folder'));
}

async function pulled(directory: string): Promise<Record<string, string>> {
  const state = await directoryState(join(place, directory));
  return Object.fromEntries(Object.entries(state).filter(([, what]) => what !== 'folder'));
}

describe('assay pull', () => {
  test.each(DEFINITION_FOLDERS)('brings %s as its author has it', async (path) => {
    const at = path.lastIndexOf('/');
    const reference = `${path.slice(0, at)}@${path.slice(at + 1)}`;
    const { code, stdout } = await run('pull', reference, 'here');
    expect({ code, told: stdout.startsWith('Made here: ') }).toEqual({ code: 0, told: true });
    expect(await pulled('here')).toEqual(await published(path));
    expect((await run('verify', 'here')).code).toBe(0);
  });

  test('takes the newest release, a pin and a digest', async () => {
    expect((await json<Pulled>('pull', 'test-cases/carom', 'a')).version).toBe('v1.1.0');
    const old = await json<Version>('resolve', 'test-cases/carom@v1.0.0');
    await setPin('tried', 'v1.0.0');
    expect((await json<Pulled>('pull', 'test-cases/carom@tried', 'b')).digest).toBe(old.digest);
    expect((await json<Pulled>('pull', `test-cases/carom@${old.digest}`, 'c')).tree).toBe(old.tree);
    expect(await pulled('b')).toEqual(await pulled('c'));
  });

  test('fetches only what is new, and replaces what nobody changed', async () => {
    const first = await json<Pulled>('pull', 'test-cases/carom@v1.0.0', 'here');
    const second = await json<Pulled>('pull', 'test-cases/carom@v1.1.0', 'here');
    expect([first.outcome, second.outcome]).toEqual(['pulled', 'replaced']);
    expect(second.fetched.files).toBeLessThan(first.fetched.files);
    expect((await json<Pulled>('pull', 'test-cases/carom@v1.1.0', 'here')).outcome).toBe('already-there');
    await writeFile(join(place, 'here', 'result.json'), '{}');
    const refused = await run('pull', 'test-cases/carom@v1.0.0', 'here');
    expect(refused.code).toBe(1);
    expect(refused.stderr).toContain('--force');
    expect((await json<Pulled>('pull', 'test-cases/carom@v1.0.0', 'here', '--force')).outcome).toBe('replaced');
    expect(await readdir(place)).toEqual(['cache', 'here']);
  });

  test('works from the cache without a server', async () => {
    await run('pull', 'test-cases/carom@v1.0.0', 'here');
    const gone = ['--url', 'http://127.0.0.1:9'];
    const { code, stderr } = await run('pull', 'test-cases/carom@v1.0.0', 'again', ...gone, '--offline');
    expect({ code, stderr }).toMatchObject({ code: 1, stderr: expect.stringContaining('does not know') });
    expect((await run('pull', 'test-cases/carom@v1.0.0', 'again', '--offline')).code).toBe(0);
    expect(await pulled('again')).toEqual(await pulled('here'));
  });

  test('tells what it does not find', async () => {
    for (const reference of ['test-cases/carom@v9.9.9', 'test-cases/nothing@v1.0.0', 'test-cases/carom@nopin']) {
      const { code, stdout, stderr } = await run('pull', reference, 'here');
      expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
      expect(stderr).toMatch(/^assay pull: ./);
    }
    expect(await readdir(place)).not.toContain('here');
  });

  test('may be started twenty times at once for one directory', { timeout: 120_000 }, async () => {
    const ended = await Promise.all(
      Array.from({ length: 20 }, () => run('pull', 'test-cases/carom@v1.0.0', 'here', '--json')),
    );
    expect(ended.map(({ code, stderr }) => ({ code, stderr }))).toEqual(
      Array.from({ length: 20 }, () => ({ code: 0, stderr: '' })),
    );
    const outcomes = ended.map(({ stdout }) => (JSON.parse(stdout) as Pulled).outcome);
    expect(outcomes.filter((outcome) => outcome === 'pulled')).toHaveLength(1);
    expect(await pulled('here')).toEqual(await published('test-cases/carom/v1.0.0'));
    expect(await readdir(place)).toEqual(['cache', 'here']);
  });
});

describe('assay verify', () => {
  test('lists what differs, exit 1', async () => {
    await run('pull', 'test-cases/carom@v1.0.0', 'here');
    await writeFile(join(place, 'here', 'prompt.md'), 'another prompt\n');
    await rm(join(place, 'here', 'description.md'));
    await writeFile(join(place, 'here', 'more'), '');
    const { code, stdout } = await run('verify', 'here', '--url', 'http://127.0.0.1:9');
    expect(code).toBe(1);
    expect(stdout).toBe(
      'changed: prompt.md\nmissing: description.md\nextra: more\nhere is not test-cases/carom v1.0.0.\n',
    );
  });

  test('compares an author’s folder with what was published of it', async () => {
    const path = join(author, 'test-cases/carom/v1.1.0');
    expect((await run('verify', path, '--against', 'test-cases/carom@v1.1.0')).code).toBe(0);
    expect((await run('verify', path, '--against', 'test-cases/carom@v1.0.0')).code).toBe(1);
  });
});

describe('assay lock', () => {
  test('holds a pin where it was, for pull --locked', async () => {
    await setPin('stable', 'v1.0.0');
    expect((await run('lock', 'test-cases/carom@stable', 'containers/claude@v1.0.0')).code).toBe(0);
    expect((await run('lock', '--check')).code).toBe(0);
    const bytes = await readFile(join(place, 'assay.lock'), 'utf8');
    await setPin('stable', 'v1.1.0');
    expect((await run('lock', '--check')).code).toBe(1);
    expect(await readFile(join(place, 'assay.lock'), 'utf8')).toBe(bytes);
    expect((await json<Pulled>('pull', '--locked', 'test-cases/carom', 'carom')).version).toBe('v1.0.0');
    const all = await json<{ pulled: Pulled[] }>('pull', '--locked', 'all');
    expect(all.pulled.map(({ directory }) => directory)).toEqual([
      'all/containers/claude/v1.0.0',
      'all/test-cases/carom/v1.0.0',
    ]);
    expect(await pulled('all/test-cases/carom/v1.0.0')).toEqual(await published('test-cases/carom/v1.0.0'));
    expect((await run('lock')).stdout).toContain('v1.0.0 → v1.1.0');
    expect((await json<Pulled>('pull', '--locked', 'test-cases/carom', 'carom')).outcome).toBe('replaced');
    expect((await run('pull', '--locked', 'test-cases/other', 'x')).stderr).toContain('assay lock test-cases/other');
  });

  test('tells the line of what is wrong in its file', async () => {
    await writeFile(join(place, 'assay.lock'), '{\n  "lockVersion": 1,\n  "definitions": [\n    7\n  ]\n}\n');
    const { code, stderr } = await run('pull', '--locked', 'x');
    expect({ code, stderr }).toMatchObject({ code: 1, stderr: expect.stringContaining('assay.lock:') });
    await rm(join(place, 'assay.lock'));
    expect((await run('pull', '--locked', 'x')).stderr).toContain('there is no assay.lock');
    expect((await run('lock')).code).toBe(2);
  });
});

async function setPin(pin: string, to: string): Promise<void> {
  const url = `${server.url}/api/v1/pins/test-cases/carom@${pin}`;
  const headers = { 'content-type': 'application/json' };
  const reply = await send('PUT', url, { headers, body: Buffer.from(JSON.stringify({ to })) });
  if (reply.status >= 300) throw new Error(textOf(reply));
}
