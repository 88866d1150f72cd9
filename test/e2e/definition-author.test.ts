import { join } from 'node:path';
import { beforeEach, describe, expect, test } from 'vitest';
import { assay } from '../support/assay-command.ts';
import { Author } from '../support/author.ts';
import { testCase } from '../support/publishing.ts';
import { useServer } from '../support/server.ts';
import { useTemporaryFolder } from '../support/use-temporary-folder.ts';
import { git, gitBytes } from '../unit/git/support/git-command.ts';

const server = useServer();
const folder = useTemporaryFolder();
let author: Author;
let family: string;
let path: string;
let made = 0;

beforeEach(async () => {
  made += 1;
  family = `authors/case-${made}`;
  path = `${family}/v1.0.0`;
  author = await Author.in(folder.path, server);
});

describe('an author’s repository', () => {
  test.each(['with space', 'co:lon', 'quo"te', 'back\\slash', 'line\nend', 'ends with one\n'])(
    'may lie in a folder named %j',
    async (name) => {
      const there = await Author.in(join(folder.path, name), server);
      await there.commit(testCase(), path);
      expect(await there.run('publish', '--all')).toMatchObject({ code: 0, stderr: '' });
      there.write({ 'prompt.md': 'changed\n' }, path);
      const taken = await there.run('publish', path, '--worktree', '--as', `${family}@v1.0.1`);
      expect(taken).toMatchObject({ code: 0, stdout: expect.stringMatching(/^published /), stderr: '' });
    },
  );

  test('may show commits in another way than they are', async () => {
    await author.commit(testCase(), path);
    await author.git('config', 'log.showSignature', 'true');
    await author.git('config', 'i18n.logOutputEncoding', 'ISO-8859-1');
    await author.git('-c', 'user.name=x', 'commit', '-q', '--amend', '--author', 'Jörg <j@example.com>', '-m', 'x');
    expect(await author.run('publish', path)).toMatchObject({ code: 0 });
    const clone = join(folder.path, `clone-${made}`);
    await git(folder.path, 'clone', '-q', `${server.url}/git/${family}.git`, clone);
    expect((await gitBytes(clone, ['log', '-1', '--format=%an'])).toString('utf8')).toBe('Jörg\n');
  });

  test('is read as everybody else gets it, whatever this machine has put in the place of commits', async () => {
    const real = await author.commit(testCase(), path);
    const tree = await author.git('rev-parse', `HEAD:${path}`);
    const other = await author.commit({ 'prompt.md': 'another\n' }, path);
    await author.git('checkout', '-q', '--detach', real);
    await author.git('replace', real, other);
    await author.git('-c', 'core.useReplaceRefs=false', 'reset', '-q', '--hard', real);
    expect(await author.run('publish', path)).toMatchObject({ code: 0 });
    expect(await author.json('show', `${family}@v1.0.0`)).toMatchObject({ tree });
  });

  test('is found by its place alone, also from the hook of another', async () => {
    await author.commit(testCase(), path);
    const other = await Author.in(folder.path, server);
    const env = {
      ASSAY_URL: server.url,
      HOME: folder.path,
      GIT_DIR: join(other.path, '.git'),
      GIT_OBJECT_DIRECTORY: join(other.path, '.git', 'objects'),
      GIT_LITERAL_PATHSPECS: '1',
    };
    for (const args of [['--all'], ['--all', '--worktree'], [path]]) {
      expect(await assay(['publish', ...args], env, { cwd: author.path })).toMatchObject({ code: 0, stderr: '' });
    }
  });

  test('with a submodule in a definition is told where it is', async () => {
    const inner = await Author.in(folder.path, server);
    await inner.commit({ 'a.txt': 'a' });
    await author.commit(testCase(), path);
    const add = ['submodule', 'add', '-q', inner.path, `${path}/sub`];
    await author.git('-c', 'protocol.file.allow=always', ...add);
    await author.commit();
    for (const args of [
      ['publish', path],
      ['publish', path, '--worktree'],
      ['publish', path, '--dry-run'],
    ]) {
      const { code, stdout } = await author.run(...args);
      expect({ code, stdout }).toMatchObject({ code: 1, stdout: expect.stringContaining(`${path}/sub: a submodule`) });
    }
  });

  test('that is bare has nothing to publish, and says so', async () => {
    await author.commit(testCase(), path);
    const bare = join(folder.path, `bare-${made}.git`);
    await git(folder.path, 'clone', '-q', '--bare', author.path, bare);
    const { code, stderr } = await assay(['publish', '--all'], { HOME: folder.path }, { cwd: bare });
    expect({ code, stderr }).toMatchObject({ code: 1, stderr: expect.stringContaining('bare repository') });
  });
});
