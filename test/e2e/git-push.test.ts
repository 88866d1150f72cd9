import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { beforeAll, beforeEach, expect, it } from 'vitest';
import { expectSoundServer, freshFamily } from '../support/git-client.ts';
import { useServer } from '../support/server.ts';
import { useTemporaryFolder } from '../support/use-temporary-folder.ts';
import { git, tryGit } from '../unit/git/support/git-command.ts';
import { commitAll, sampleRepository, writeFiles } from '../unit/git/support/sample-repository.ts';

const server = useServer();
const folder = useTemporaryFolder();
let author = '';
let family = '';
let url = '';

beforeAll(async () => {
  author = join(folder.path, 'author');
  await sampleRepository(author);
});
beforeEach(() => {
  ({ family, url } = freshFamily(server));
});

const push = (...args: string[]): Promise<string> => git(author, 'push', '-q', ...args);
const oidOf = (name: string): Promise<string> => git(author, 'rev-parse', name);
const sound = (): Promise<string> => expectSoundServer(url, folder.path, server);

async function refused(...args: string[]): Promise<string> {
  const { code, stderr } = await tryGit(author, ['push', ...args]);
  expect(code).not.toBe(0);
  return stderr;
}

it('keeps everything that is pushed', async () => {
  await push(url, '--all');
  await push(url, '--tags');
  expect(await sound()).toBe(await git(author, 'for-each-ref', '--format=%(objectname) %(refname)'));
});

it('completes thin packs, and takes forced moves and deletes', async () => {
  await push(url, 'main~4:refs/heads/main', 'side');
  await push('--thin', url, 'main');
  expect(await sound()).toContain(`${await oidOf('main')} refs/heads/main`);
  expect(await refused(url, 'main~1:main')).toContain('rejected');
  await push('--force', url, 'main~1:main');
  await push(url, ':side');
  expect(await sound()).toBe(`${await oidOf('main~1')} refs/heads/main`);
});

it('takes all refs of an atomic push or none', async () => {
  await push(url, 'main~1:refs/heads/main');
  await refused('--atomic', url, 'light:refs/heads/new', 'side:refs/heads/pins/stable');
  expect(await sound()).toBe(`${await oidOf('main~1')} refs/heads/main`);
  await push('--atomic', url, 'main', 'light:refs/heads/new');
  expect((await sound()).split('\n')).toHaveLength(2);
});

it('keeps large files of every kind', async () => {
  const { url: own } = freshFamily(server);
  const clone = join(folder.path, 'large');
  await git(folder.path, 'clone', '-q', author, clone);
  const noise = randomBytes(3_000_000);
  writeFiles(clone, { 'noise.bin': noise, 'zeros.bin': Buffer.alloc(5_000_000), 'middle.bin': randomBytes(70_000) });
  await commitAll(clone, 'large files', 40);
  await git(clone, 'push', '-q', own, 'main');
  await expectSoundServer(own, folder.path, server);
});

it('lets a tag that is declared immutable neither move nor go', async () => {
  const rules = { method: 'PUT', body: '{"immutable":["v*"]}' };
  expect((await fetch(`${server.url}/api/v1/families/${family}/rules`, rules)).status).toBe(200);
  await push(url, 'main', 'v1.0.0');
  const moved = await refused('--force', url, 'main:refs/tags/v1.0.0');
  expect(moved).toContain(await oidOf('v1.0.0'));
  expect(moved).toContain(await oidOf('main'));
  expect(await refused(url, ':refs/tags/v1.0.0')).toContain('cannot be deleted');
  await push(url, 'light');
  await push('--force', url, 'main:refs/tags/light');
  expect(await sound()).toContain(`${await oidOf('v1.0.0')} refs/tags/v1.0.0`);
});

it('takes no push to pins', async () => {
  expect(await refused(url, 'main:refs/heads/pins/stable')).toContain('pins');
});

it('refuses what no version may hold, by its path', async () => {
  const bad = join(folder.path, 'bad');
  await git(folder.path, 'clone', '-q', author, bad);
  writeFiles(bad, { 'folder/.wh.file': 'deletes a file of a layer\n' });
  await commitAll(bad, 'bad', 50);
  const { code, stderr } = await tryGit(bad, ['push', url, 'main']);
  expect(code).not.toBe(0);
  expect(stderr).toContain('folder/.wh.file');
  expect(await git(author, 'ls-remote', url).catch(() => '')).toBe('');
});

it('lists the families of repositories with the others', async () => {
  await push(url, 'main');
  const { repositories } = (await (await fetch(`${server.url}/v2/_catalog`)).json()) as { repositories: string[] };
  expect(repositories).toContain(family);
});

it('lets one of two win that push to the same branch at once', async () => {
  await push(url, 'main~1:refs/heads/main');
  const results = await Promise.all([
    tryGit(author, ['push', url, 'main']),
    tryGit(author, ['push', '--force', url, 'side:main']),
  ]);
  expect(results.filter(({ code }) => code === 0).length).toBeGreaterThan(0);
  await sound();
});
