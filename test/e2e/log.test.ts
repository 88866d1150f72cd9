import { chmod, copyFile, readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { openCheckpoint } from '../../lib/log/checkpoint.ts';
import { parseVerifierKey } from '../../lib/log/verifier-key.ts';
import { assay, errorsIn } from '../support/assay-command.ts';
import { makeAuthorRepository } from '../support/author-repository.ts';
import { header, send, type Reply } from '../support/http.ts';
import { RECORDS } from '../support/record-fixtures.ts';
import type { Outcome } from '../support/run-program.ts';
import { Server, useServer } from '../support/server.ts';
import { useTemporaryFolder } from '../support/use-temporary-folder.ts';
import { git } from '../unit/git/support/git-command.ts';

const server = useServer();
const folder = useTemporaryFolder();

function get(path: string): Promise<Reply> {
  return send('GET', server.url + path);
}

async function run(...args: string[]): Promise<Outcome> {
  const outcome = await assay(args, { ASSAY_URL: server.url, ASSAY_ACTOR: 'ada' }, { cwd: folder.path });
  expect(outcome.stderr).not.toContain('Error');
  return outcome;
}

async function size(): Promise<number> {
  const key = parseVerifierKey((await get('/log/key')).body.toString().trim());
  return openCheckpoint((await get('/log/checkpoint')).body.toString(), key).size;
}

/** What the log says, as a reader of tiles sees it. */
async function entries(): Promise<Record<string, unknown>[]> {
  const bundle = (await get(`/log/tile/entries/000.p/${await size()}`)).body;
  const found: Record<string, unknown>[] = [];
  for (let at = 0; at < bundle.length;) {
    const end = at + 2 + bundle.readUInt16BE(at);
    found.push(JSON.parse(bundle.toString('utf8', at + 2, end)) as Record<string, unknown>);
    at = end;
  }
  return found;
}

describe('the public log of a server', () => {
  let repository = '';
  beforeAll(async () => {
    repository = (await makeAuthorRepository(folder.path)).path;
    await run('publish', join(repository, 'test-cases/carom'));
  });

  test('has a definition once its publisher is answered, and once', async () => {
    expect(await entries()).toMatchObject([
      { type: 'definition', family: 'test-cases/carom', version: 'v1.0.0', by: 'ada', v: 1 },
      { type: 'definition', family: 'test-cases/carom', version: 'v1.1.0', by: 'ada', v: 1 },
    ]);
    expect((await run('publish', join(repository, 'test-cases/carom'))).code).toBe(0);
    expect(await size()).toBe(2);
  });

  test('has pins and statements, and no address of anybody', async () => {
    expect((await run('pin', 'test-cases/carom@v1.0.0', '--as', 'stable')).code).toBe(0);
    expect((await run('state', 'test-cases/carom@v1.0.0', '--erratum', 'a typo')).code).toBe(0);
    const said = await entries();
    expect(said.slice(2)).toMatchObject([
      { type: 'pin', pin: 'stable', from: null, to: { version: 'v1.0.0' } },
      { type: 'statement', kind: 'erratum', text: 'a typo' },
    ]);
    expect(JSON.stringify(said)).not.toContain('127.0.0.1');
  });

  test('has a version that a pushed tag published', async () => {
    const before = await size();
    const clone = join(folder.path, 'clone');
    await git(folder.path, 'clone', '--quiet', '--branch', 'v1.1.0', `${server.url}/git/test-cases/carom.git`, clone);
    await git(clone, 'push', '--quiet', `${server.url}/git/test-cases/pushed.git`, 'v1.1.0');
    expect(await size()).toBe(before + 1);
    expect((await entries()).at(-1)).toMatchObject({ type: 'definition', family: 'test-cases/pushed' });
  });

  test('is served as tiles that never change, under a checkpoint that is never kept', async () => {
    const count = await size();
    const checkpoint = await get('/log/checkpoint');
    expect(checkpoint.status).toBe(200);
    expect(header(checkpoint, 'cache-control')).toBe('no-store');
    expect(header(checkpoint, 'content-type')).toBe('text/plain; charset=utf-8');
    for (const path of [`/log/tile/0/000.p/${count}`, `/log/tile/entries/000.p/${count}`, '/log/tile/0/000.p/1']) {
      const tile = await get(path);
      expect(tile.status).toBe(200);
      expect(header(tile, 'cache-control')).toContain('immutable');
    }
    expect((await get('/log/tile/0/000.p/1')).body).toHaveLength(32);
  });

  test.each([
    ['/log/tile/0/000', 404, 'tile-unknown'],
    ['/log/tile/0/000.p/255', 404, 'tile-unknown'],
    ['/log/tile/1/000.p/1', 404, 'tile-unknown'],
    ['/log/tile/entries/001.p/1', 404, 'tile-unknown'],
    ['/log/tile/0/0', 404, 'tile-unknown'],
    ['/log/tile/x', 404, 'tile-unknown'],
    ['/log/tile/%00', 404, 'tile-unknown'],
    ['/log/tile/%zz', 400, 'request-malformed'],
    ['/log/nothing', 404, 'path-unknown'],
    ['/api/v1/log/proof', 400, 'request-malformed'],
    ['/api/v1/log/proof?index=-1', 400, 'request-malformed'],
    ['/api/v1/log/proof?index=99999', 404, 'index-unknown'],
  ])('answers %s with %i', async (path, status, code) => {
    const reply = await get(path);
    expect(reply.status).toBe(status);
    expect(header(reply, 'content-type')).toBe('application/problem+json');
    expect(JSON.parse(reply.body.toString())).toMatchObject({ status, code });
  });

  test('is verified, goes on from what was saved, and is checked with a key that is known', async () => {
    const key = (await get('/log/key')).body.toString().trim();
    const first = await run('log', 'verify', '--save', 'checkpoint', '--json');
    expect(first.code).toBe(0);
    expect(JSON.parse(first.stdout)).toMatchObject({ size: await size(), key, problems: [] });
    expect((await run('pin', 'test-cases/carom@v1.1.0', '--as', 'stable')).code).toBe(0);
    const second = await run('log', 'verify', '--from', 'checkpoint', '--key', key);
    expect(second.code).toBe(0);
    expect(second.stdout).toContain('go on from');
    expect(second.stderr).toBe('');
  });

  test("is not verified against another key, or another log's checkpoint", async () => {
    const other = new Server();
    await other.start();
    try {
      const theirs = await send('GET', `${other.url}/log/key`);
      expect((await run('log', 'verify', '--key', theirs.body.toString().trim())).code).toBe(1);
      await writeFile(join(folder.path, 'theirs'), (await send('GET', `${other.url}/log/checkpoint`)).body);
      const outcome = await run('log', 'verify', '--from', 'theirs');
      expect(outcome.code).toBe(1);
      expect(outcome.stderr).toContain('none of the keys');
    } finally {
      await other.close();
    }
  });

  test('proves its entries to whoever is offline', async () => {
    const proved = await run('log', 'proof', '1', '--out', 'one.json');
    expect(proved.code).toBe(0);
    const nowhere = { ASSAY_URL: 'http://127.0.0.1:1' };
    const checked = await assay(['log', 'check', 'one.json', '--json'], nowhere, { cwd: folder.path });
    expect(checked.code).toBe(0);
    expect(JSON.parse(checked.stdout)).toMatchObject({ index: 1, entry: { version: 'v1.1.0' } });
    const text = await readFile(join(folder.path, 'one.json'), 'utf8');
    for (const [from, to] of [
      ['v1.1.0', 'v1.1.1'],
      ['"index": 1', '"index": 0'],
      ['"proof": [\n', '"proof": ["",\n'],
      ['"assay-log-inclusion-v1"', '"assay-log-inclusion-v2"'],
    ] as const) {
      expect(text).toContain(from);
      await writeFile(join(folder.path, 'bad.json'), text.replace(from, to));
      expect((await assay(['log', 'check', 'bad.json'], nowhere, { cwd: folder.path })).code).toBe(1);
    }
    expect((await run('log', 'proof', '99999')).code).toBe(1);
    expect((await run('log', 'proof')).code).toBe(2);
  });

  test('has runs with all that happens to them, and proves by which entry one was published', async () => {
    const before = await size();
    const run1 = join(RECORDS, 'format-1', 'least');
    const { id } = JSON.parse(await readFile(join(run1, 'record.json'), 'utf8')) as { id: string };
    expect((await run('submit', run1)).code).toBe(0);
    expect((await run('retract', id, '--reason', 'it measured nothing')).code).toBe(0);
    expect((await entries()).slice(before)).toMatchObject([
      { type: 'run', id },
      { type: 'retract', id },
    ]);
    const proved = await run('log', 'proof', id, '--json');
    expect(proved.code).toBe(0);
    const { file } = JSON.parse(proved.stdout) as { file: string };
    const { stdout } = await run('log', 'check', file, '--json');
    expect(JSON.parse(stdout)).toMatchObject({ index: before, entry: { type: 'run', id } });
    expect((await run('log', 'proof', 'no-such-run')).code).toBe(1);
    expect((await run('log', 'verify')).code).toBe(0);
  });

  test('still tells what happened in a family', async () => {
    const { code, stdout } = await run('log', 'test-cases/carom', '--limit', '1');
    expect(code).toBe(0);
    expect(stdout.trim().split('\n')).toHaveLength(1);
  });

  test('is there after a kill, whole', async () => {
    const before = await get('/log/checkpoint');
    await server.kill();
    await server.start();
    expect((await get('/log/checkpoint')).body).toEqual(before.body);
    expect((await run('log', 'verify')).code).toBe(0);
    expect(await errorsIn(server.data, server.environment)).toEqual([]);
  });
});

describe('the key of a server', () => {
  test('is in its data folder, and is refused at a start where others may read it', async () => {
    await expectRefused(
      ['serve', '--port', '0', '--data', server.data, '--log-key', join(folder.path, 'none')],
      'signed with',
    );
    const copy = join(folder.path, 'copy.key');
    await copyFile(join(server.data, 'log.key'), copy);
    await chmod(copy, 0o644);
    await expectRefused(['serve', '--port', '0', '--data', server.data, '--log-key', copy], 'chmod 600');
    await expectRefused(['serve', '--port', '0', '--data', server.data, '--log-origin', 'another'], 'another');
    await expectRefused(['serve', '--port', '0', '--log-origin', 'a b'], '--log-origin');
    expect((await stat(join(server.data, 'log.key'))).mode & 0o777).toBe(0o600);
  });

  // A stop may take as long as requests are given to end.
  test('is rotated, and the log goes on', { timeout: 90_000 }, async () => {
    const old = (await get('/log/key')).body.toString().trim();
    expect((await run('log', 'verify', '--save', 'before')).code).toBe(0);
    await server.stop();
    const rotated = await assay(['log', 'rotate-key', '--data', server.data, '--json'], server.environment);
    expect(rotated.code).toBe(0);
    await server.start();
    const now = (await get('/log/key')).body.toString().trim();
    expect(JSON.parse(rotated.stdout)).toMatchObject({ from: old, to: now });
    expect((await run('log', 'verify', '--from', 'before', '--key', now)).code).toBe(0);
    expect((await run('log', 'verify', '--key', old)).code).toBe(1);
    const keys = JSON.parse((await get('/log/keys')).body.toString()) as { before: { verifier: string }[] };
    expect(keys.before.map(({ verifier }) => verifier)).toEqual([old]);
    expect(await errorsIn(server.data, server.environment)).toEqual([]);
  });
});

async function expectRefused(args: readonly string[], why: string): Promise<void> {
  const { code, stderr } = await assay(args, server.environment, { cwd: folder.path });
  expect(code).toBe(2);
  expect(stderr).toContain(why);
}
