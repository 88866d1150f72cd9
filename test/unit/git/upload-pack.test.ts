import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { git, gitBytes, temporaryFolder, tryGit } from './support/git-command.ts';
import { GitServer } from './support/git-server.ts';
import { MemoryRepository } from './support/memory-repository.ts';
import { commitAll, sampleRepository, writeFiles } from './support/sample-repository.ts';

const folder = temporaryFolder();
const author = join(folder.path, 'author');
const repository = new MemoryRepository();
let server: GitServer;

beforeAll(async () => {
  await sampleRepository(author);
  server = await GitServer.start(repository);
  await git(author, 'push', '-q', server.url, '--all');
  await git(author, 'push', '-q', server.url, '--tags');
});

afterAll(async () => {
  await server.close();
  folder.remove();
});

async function expectSound(clone: string): Promise<void> {
  const { code, stderr } = await tryGit(clone, ['fsck', '--full', '--strict']);
  expect(stderr.replace(/^notice:.*\n/gm, '')).toBe('');
  expect(code).toBe(0);
}

async function refsOf(clone: string): Promise<string> {
  return git(clone, 'for-each-ref', '--format=%(objectname) %(refname)');
}

const log = (clone: string) => git(clone, 'log', '--format=%H');

describe.each([2, 0])('git over protocol version %s', (version) => {
  const run = (cwd: string, ...args: string[]) => git(cwd, '-c', `protocol.version=${version}`, ...args);
  const path = (name: string) => join(folder.path, `v${version}-${name}`);

  it('clones everything there is', async () => {
    await run(folder.path, 'clone', '-q', '--mirror', server.url, path('mirror'));
    expect(await refsOf(path('mirror'))).toBe(await refsOf(author));
    expect(server.requests.at(-1)).toContain(`v${version}`);
    await expectSound(path('mirror'));
  });

  it('checks out the branch that HEAD names', async () => {
    await run(folder.path, 'clone', '-q', server.url, path('clone'));
    expect(await git(path('clone'), 'rev-parse', 'HEAD')).toBe(await git(author, 'rev-parse', 'main'));
    expect(await git(path('clone'), 'status', '--porcelain')).toBe('');
    expect(await git(path('clone'), 'tag')).toBe('light\nv1.0.0');
    await expectSound(path('clone'));
  });

  it('sends with a single branch the tags that point into it, and no others', async () => {
    await run(folder.path, 'clone', '-q', '--bare', '--single-branch', '--branch', 'side', server.url, path('side'));
    expect(await log(path('side'))).toBe(await git(author, 'log', '--format=%H', 'side'));
    expect(await git(path('side'), 'tag')).toBe('light\nv1.0.0');
    await expectSound(path('side'));
  });

  it('sends only what a fetch lacks', async () => {
    await run(folder.path, 'clone', '-q', '--bare', '--single-branch', '--branch', 'light', server.url, path('old'));
    const before = (await git(path('old'), 'rev-list', '--objects', '--all')).split('\n').length;
    const { stderr } = await tryGit(path('old'), [
      '-c',
      `protocol.version=${version}`,
      'fetch',
      '--progress',
      server.url,
      'main',
    ]);
    const sent = Number(/Enumerating objects: (\d+)/.exec(stderr)?.[1]);
    // The tag of version 1.0.0 goes along.
    const all = (await git(author, 'rev-list', '--objects', 'main', 'v1.0.0')).split('\n').length;
    expect(sent).toBeGreaterThan(0);
    expect(sent).toBeLessThanOrEqual(all - before);
    await expectSound(path('old'));
  });

  it('finds the common history in many rounds', async () => {
    const away = path('away');
    await run(folder.path, 'clone', '-q', '--single-branch', '--branch', 'light', server.url, away);
    await git(away, 'checkout', '-q', '-b', 'away');
    const tree = await git(away, 'rev-parse', 'HEAD^{tree}');
    let parent = await git(away, 'rev-parse', 'HEAD');
    for (let at = 0; at < 150; at += 1) {
      parent = (
        await gitBytes(away, ['commit-tree', tree, '-p', parent, '-m', `away ${at}`], {
          env: { GIT_COMMITTER_DATE: `${1_700_000_000 + at} +0000`, GIT_AUTHOR_DATE: `${1_700_000_000 + at} +0000` },
        })
      )
        .toString()
        .trim();
    }
    await git(away, 'update-ref', 'refs/heads/away', parent);
    await git(away, 'remote', 'remove', 'origin');
    await git(away, 'tag', '-d', 'light');
    const requests = server.requests.length;
    await run(away, 'fetch', '-q', '--no-tags', server.url, 'main:refs/heads/theirs');
    expect(server.requests.length - requests).toBeGreaterThan(3);
    expect(await git(away, 'rev-parse', 'theirs')).toBe(await git(author, 'rev-parse', 'main'));
    await expectSound(away);
  });

  // Without tags: to follow one, a client of version 0 leaves out the branch that it wanted to deepen.
  it('clones to a depth, deepens, and unshallows', async () => {
    const shallow = path('shallow');
    await run(folder.path, 'clone', '-q', '--no-tags', '--depth', '1', server.url, shallow);
    expect((await log(shallow)).split('\n')).toHaveLength(1);
    await expectSound(shallow);
    await run(shallow, 'fetch', '-q', '--no-tags', '--deepen', '1');
    expect(await log(shallow)).toBe(await git(author, 'log', '--format=%H', 'main', '--not', 'main~2', 'side~1'));
    await expectSound(shallow);
    await run(shallow, 'fetch', '-q', '--no-tags', '--depth', '4');
    expect(await git(shallow, 'rev-parse', 'main~3')).toBe(await git(author, 'rev-parse', 'main~3'));
    expect((await tryGit(shallow, ['rev-parse', '--verify', '-q', 'main~4'])).code).not.toBe(0);
    await expectSound(shallow);
    await run(shallow, 'fetch', '-q', '--no-tags', '--unshallow');
    expect(await log(shallow)).toBe(await git(author, 'log', '--format=%H', 'main'));
    expect(await git(shallow, 'rev-parse', '--is-shallow-repository')).toBe('false');
    await expectSound(shallow);
  });

  it('clones since a date and without what a ref reaches', async () => {
    const since = path('since');
    const date = `${1_577_836_800 + 5 * 86_400}`;
    await run(folder.path, 'clone', '-q', '--shallow-since', date, server.url, since);
    expect(await log(since)).toBe(await git(author, 'log', '--format=%H', `--since=${date}`, 'main'));
    await expectSound(since);
    const exclude = path('exclude');
    await run(folder.path, 'clone', '-q', '--shallow-exclude', 'v1.0.0', server.url, exclude);
    expect(await log(exclude)).toBe(await git(author, 'log', '--format=%H', 'main', '^v1.0.0'));
    await expectSound(exclude);
  });

  it('goes on from a shallow clone', async () => {
    const shallow = path('onward');
    await run(folder.path, 'clone', '-q', '--bare', '--depth', '1', '--branch', 'light', server.url, shallow);
    await run(shallow, 'fetch', '-q', server.url, 'side:side');
    expect(await git(shallow, 'rev-list', '--count', 'side', '^light')).toBe(
      await git(author, 'rev-list', '--count', 'side', '^light'),
    );
    await expectSound(shallow);
  });

  it.each(['blob:none', 'blob:limit=1k', 'tree:0', 'tree:2', 'combine:blob:limit=200k+tree:3'])(
    'leaves out what %s says and brings it when it is needed',
    async (filter) => {
      const partial = path(`partial-${filter.replaceAll(/\W/g, '-')}`);
      await run(folder.path, 'clone', '-q', '--no-checkout', `--filter=${filter}`, server.url, partial);
      const listed = await git(partial, 'rev-list', '--objects', '--missing=print', 'HEAD');
      expect(listed).toMatch(/^\?/m);
      const missing = listed.split('\n').filter((line) => line.startsWith('?'));
      // What another server leaves out for the same filter, counted by git itself.
      const kept = await git(author, 'rev-list', '--objects', '--no-object-names', `--filter=${filter}`, 'main');
      const here = listed
        .split('\n')
        .filter((line) => !line.startsWith('?'))
        .map((line) => line.slice(0, 40));
      expect(here.filter((oid) => kept.includes(oid)).length).toBe(here.length);
      expect(missing.length).toBeGreaterThan(0);
      await run(partial, 'checkout', '-q', 'HEAD');
      expect(await git(partial, 'status', '--porcelain')).toBe('');
      expect(await git(partial, 'rev-parse', 'HEAD:story.txt')).toBe(await git(author, 'rev-parse', 'main:story.txt'));
    },
  );

  it('follows an updated branch with a partial clone', async () => {
    const partial = path('partial-follow');
    await run(
      folder.path,
      'clone',
      '-q',
      '--bare',
      '--filter=blob:none',
      '--single-branch',
      '--branch=light',
      server.url,
      partial,
    );
    await run(partial, 'fetch', '-q', 'origin', 'main:main');
    expect(await git(partial, 'cat-file', '-p', 'main:story.txt')).toContain('day 7');
  });

  it('gives an object by its id, and none that is not in the repository', async () => {
    const single = path('single');
    await git(folder.path, 'init', '-q', single);
    const old = await git(author, 'rev-parse', 'main~4');
    await run(single, 'fetch', '-q', server.url, old);
    expect(await git(single, 'rev-parse', 'FETCH_HEAD')).toBe(old);
    const foreign = await tryGit(single, ['-c', `protocol.version=${version}`, 'fetch', server.url, '1'.repeat(40)]);
    expect(foreign.code).not.toBe(0);
    expect(foreign.stderr).toContain('not our ref');
  });

  it('serves an empty repository', async () => {
    const empty = await GitServer.start(new MemoryRepository());
    await run(folder.path, 'clone', '-q', empty.url, path('empty'));
    expect(await git(path('empty'), 'symbolic-ref', 'HEAD')).toBe('refs/heads/main');
    await empty.close();
  });

  it('serves a repository whose HEAD names a branch that is not there', async () => {
    repository.head = 'refs/heads/nowhere';
    try {
      await run(folder.path, 'clone', '-q', '--bare', server.url, path('headless'));
      expect(await refsOf(path('headless'))).toBe(await refsOf(author));
    } finally {
      repository.head = 'refs/heads/main';
    }
  });
});

describe('a published change', () => {
  it('reaches a clone by an incremental fetch that compares trees', async () => {
    const clone = join(folder.path, 'incremental');
    await git(folder.path, 'clone', '-q', server.url, clone);
    writeFiles(author, { 'days/3/note.md': 'changed\n', 'days/3/new.md': 'new\n' });
    await commitAll(author, 'one more', 20);
    await git(author, 'push', '-q', server.url, 'main');
    const { stderr } = await tryGit(clone, ['fetch', '--progress', 'origin']);
    // One commit, three trees from the root down, two blobs.
    expect(stderr).toContain('Enumerating objects: 6, done.');
    expect(await git(clone, 'rev-parse', 'origin/main')).toBe(await git(author, 'rev-parse', 'main'));
    await expectSound(clone);
  });
});

describe('a history whose dates lie', () => {
  // Each is the date of a commit on top of the one before: older than it, or the same.
  const days = {
    'run backwards': [9, 8, 7, 6, 5, 4],
    'are all the same': [5, 5, 5, 5, 5, 5],
    jump: [2, 9, 1, 8, 3, 5],
  };
  const tips = days.jump.map((_, at) => `refs/heads/tip-${at}`);
  let dated: GitServer;
  let count = 0;

  beforeAll(async () => {
    dated = await GitServer.start(new MemoryRepository());
  });

  afterAll(() => dated.close());

  describe.each(Object.entries(days))('%s', (name, dates) => {
    const local = join(folder.path, name);
    const below = `refs/heads/${name.replaceAll(' ', '-')}`;

    beforeAll(async () => {
      await git(folder.path, 'init', '-q', local);
      for (const [at, day] of dates.entries()) {
        writeFiles(local, { [`${at}/new.txt`]: `${name} ${at}\n`, 'same.txt': at % 2 === 0 ? 'even\n' : 'odd\n' });
        await commitAll(local, `${at}`, day);
        await git(local, 'push', '-q', dated.url, `HEAD:${below}/tip-${at}`);
      }
    });

    it.each([
      ['an incremental fetch', ['--single-branch', '--branch'], ['fetch', '-q', 'origin']],
      ['a deepened clone', ['--depth=1', '--branch'], ['fetch', '-q', '--deepen=1', 'origin']],
      ['an unshallowed clone', ['--depth=1', '--branch'], ['fetch', '-q', '--unshallow', 'origin']],
    ])('leaves no gap in %s', async (_what, how, fetch) => {
      const tip = `${below}/tip-${how[0] === '--depth=1' ? tips.length - 1 : 0}`.slice('refs/heads/'.length);
      const clone = join(folder.path, `dated-${(count += 1)}`);
      await git(folder.path, 'clone', '-q', ...how, tip, dated.url, clone);
      await git(clone, ...fetch, `+${below}/*:refs/remotes/origin/*`);
      expect((await refsOf(clone)).match(/refs\/remotes\/origin\/tip-/g)).toHaveLength(tips.length);
      await expectSound(clone);
    });
  });
});
