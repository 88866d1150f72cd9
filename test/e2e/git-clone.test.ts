import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { expectSoundClone, freshFamily } from '../support/git-client.ts';
import { useServer } from '../support/server.ts';
import { useTemporaryFolder } from '../support/use-temporary-folder.ts';
import { git, tryGit } from '../unit/git/support/git-command.ts';
import { commitAll, sampleRepository, writeFiles } from '../unit/git/support/sample-repository.ts';

const server = useServer();
const folder = useTemporaryFolder();
const at = (name: string): string => join(folder.path, name);
let url = '';

beforeAll(async () => {
  ({ url } = freshFamily(server));
  await sampleRepository(at('author'));
  await git(at('author'), 'push', '-q', url, '--all');
  await git(at('author'), 'push', '-q', url, '--tags');
});

describe.each([2, 0])('git over protocol version %s', (version) => {
  const run = (cwd: string, ...args: string[]): Promise<string> =>
    git(cwd, '-c', `protocol.version=${version}`, ...args);
  const path = (name: string): string => at(`v${version}-${name}`);

  it('clones all that was pushed', async () => {
    await run(folder.path, 'clone', '-q', '--mirror', url, path('mirror'));
    expect(await refsOf(path('mirror'))).toBe(await refsOf(at('author')));
    await expectSoundClone(path('mirror'));
    await run(folder.path, 'clone', '-q', url, path('clone'));
    expect(await git(path('clone'), 'status', '--porcelain', '--branch')).toBe('## main...origin/main');
    expect(await git(path('clone'), 'rev-parse', 'HEAD^{tree}')).toBe(
      await git(at('author'), 'rev-parse', 'main^{tree}'),
    );
  });

  it('fetches only what is new', async () => {
    const { url: own } = freshFamily(server);
    await git(at('author'), 'push', '-q', own, 'main~3:refs/heads/main');
    await run(folder.path, 'clone', '-q', own, path('fetching'));
    const before = Number(await countObjects(path('fetching')));
    await git(at('author'), 'push', '-q', own, 'main');
    await run(path('fetching'), 'fetch', '-q');
    expect(await git(path('fetching'), 'rev-parse', 'origin/main')).toBe(await git(at('author'), 'rev-parse', 'main'));
    expect(before).toBeGreaterThan(10);
    await expectSoundClone(path('fetching'));
  });

  // Without tags: to follow one, a client of version 0 leaves out the branch that it wanted to deepen.
  it('clones shallow, deepens and unshallows', async () => {
    await run(folder.path, 'clone', '-q', '--no-tags', '--depth', '1', url, path('shallow'));
    expect(await git(path('shallow'), 'rev-list', '--count', 'HEAD')).toBe('1');
    await expectSoundClone(path('shallow'));
    await run(path('shallow'), 'fetch', '-q', '--no-tags', '--deepen', '2');
    expect(Number(await git(path('shallow'), 'rev-list', '--count', 'HEAD'))).toBeGreaterThan(2);
    await expectSoundClone(path('shallow'));
    await run(path('shallow'), 'fetch', '-q', '--no-tags', '--unshallow');
    expect(await git(path('shallow'), 'rev-list', '--count', 'HEAD')).toBe(
      await git(at('author'), 'rev-list', '--count', 'main'),
    );
    await expectSoundClone(path('shallow'));
  });

  it.each(['blob:none', 'blob:limit=1k', 'tree:0'])(
    'clones partially with %s, and fetches the rest when asked',
    async (filter) => {
      const clone = path(`partial-${filter.replaceAll(/\W/g, '-')}`);
      await run(folder.path, 'clone', '-q', '--no-checkout', `--filter=${filter}`, url, clone);
      const missing = await git(clone, 'rev-list', '--objects', '--all', '--missing=print');
      expect(missing).toContain('?');
      await run(clone, 'checkout', '-q', 'main');
      expect(await git(clone, 'status', '--porcelain')).toBe('');
      expect(await run(clone, 'show', 'main~5:story.txt')).toContain('line 0 of a story');
      await expectSoundClone(clone);
    },
  );

  it('clones a repository that has nothing yet', async () => {
    const { family, url: empty } = freshFamily(server);
    const rules = await fetch(`${server.url}/api/v1/families/${family}/rules`, { method: 'PUT', body: '{}' });
    expect(rules.status).toBe(200);
    await run(folder.path, 'clone', '-q', empty, path('empty'));
    writeFiles(path('empty'), { 'first.txt': 'first\n' });
    await commitAll(path('empty'), 'first', 1);
    await run(path('empty'), 'push', '-q', 'origin', 'HEAD:refs/heads/main');
    expect(await run(folder.path, 'ls-remote', empty)).toContain('refs/heads/main');
  });

  it('is told that a repository is not there', async () => {
    const { code, stderr } = await tryGit(folder.path, ['clone', `${server.url}/git/nobody/here.git`, path('none')]);
    expect(code).not.toBe(0);
    expect(stderr).toContain('there is no repository nobody/here');
  });

  it('gets no object of another repository, whatever it asks for', async () => {
    const { url: other } = freshFamily(server);
    writeFiles(at(`secret-${version}`), { 'secret.txt': `secret of version ${version}\n` });
    await git(at(`secret-${version}`), 'init', '-q');
    const secret = await commitAll(at(`secret-${version}`), 'secret', 3);
    await git(at(`secret-${version}`), 'push', '-q', other, 'main');
    const blob = await git(at(`secret-${version}`), 'rev-parse', 'HEAD:secret.txt');
    await run(folder.path, 'init', '-q', path('thief'));
    for (const oid of [secret, blob]) {
      const { code, stderr } = await tryGit(path('thief'), ['-c', `protocol.version=${version}`, 'fetch', url, oid]);
      expect(code).not.toBe(0);
      expect(stderr).toContain('not our ref');
    }
    await run(path('thief'), 'fetch', '-q', other, secret);
    expect(await git(path('thief'), 'rev-parse', 'FETCH_HEAD')).toBe(secret);
  });
});

function refsOf(clone: string): Promise<string> {
  return git(clone, 'for-each-ref', '--format=%(objectname) %(refname)');
}

async function countObjects(clone: string): Promise<string> {
  return (await git(clone, 'rev-list', '--objects', '--all', '--count')).trim();
}

it('serves what it served before it was started again', async () => {
  const before = await git(folder.path, 'ls-remote', url);
  await server.restart();
  expect(await git(folder.path, 'ls-remote', url)).toBe(before);
  await git(folder.path, 'clone', '-q', '--mirror', url, at('again'));
  await expectSoundClone(at('again'));
});
