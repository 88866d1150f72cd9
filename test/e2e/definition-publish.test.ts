import { join } from 'node:path';
import { beforeEach, describe, expect, test } from 'vitest';
import type { Version } from '../../lib/definition/wire.ts';
import { Author } from '../support/author.ts';
import { expectSoundServer } from '../support/git-client.ts';
import { testCase } from '../support/publishing.ts';
import { useServer } from '../support/server.ts';
import { useTemporaryFolder } from '../support/use-temporary-folder.ts';
import { git, tryGit } from '../unit/git/support/git-command.ts';

interface Outcome {
  readonly outcome: string;
  readonly path: string;
  readonly code?: string;
  readonly family?: string;
  readonly version?: string;
  readonly tree?: string;
  readonly published?: Version;
  readonly faults?: readonly object[];
  readonly dirty?: readonly string[];
  readonly sent?: { readonly objects: number };
}

const server = useServer();
const folder = useTemporaryFolder();
let author: Author;
let family: string;
let url: string;
let made = 0;

beforeEach(async () => {
  made += 1;
  family = `cases/carom-${made}`;
  url = `${server.url}/git/${family}.git`;
  author = await Author.in(folder.path, server);
});

async function publish(...args: string[]): Promise<{ code: number | null; outcomes: Outcome[] }> {
  const { code, stdout, stderr } = await author.run('publish', ...args, '--json');
  if (!stdout.startsWith('{')) throw new Error(`publish ended with ${code}: ${stdout}${stderr}`);
  return { code, ...(JSON.parse(stdout) as { outcomes: Outcome[] }) };
}

const remoteRefs = (): Promise<string> => git(folder.path, 'ls-remote', url).catch(() => '');

describe('assay publish', () => {
  test('publishes a folder by its name, once, and then says that it is unchanged', async () => {
    const commit = await author.commit(testCase(), `${family}/v1.0.0`);
    await author.git('remote', 'add', 'origin', 'https://me:secret@example.com/tests.git');
    const path = `${family}/v1.0.0`;
    const first = await author.run('publish', path);
    expect(first).toMatchObject({ code: 0, stderr: '' });
    expect(first.stdout).toMatch(/^published {2}cases\/carom-\d+@v1\.0\.0 {2}sha256:[0-9a-f]{64} {2}\(2 files; /);
    const version = await author.json<Version>('show', `${family}@v1.0.0`);
    expect(version).toMatchObject({
      tree: await author.git('rev-parse', `HEAD:${path}`),
      source: { repository: 'https://example.com/tests.git', commit, path },
    });
    const again = await author.run('publish', path);
    expect(again).toMatchObject({ code: 0, stdout: expect.stringMatching(/^unchanged /) });
    expect(await publish(path)).toMatchObject({
      code: 0,
      outcomes: [{ outcome: 'unchanged', path, family, version: 'v1.0.0', published: { digest: version.digest } }],
    });
    await author.commit({ 'unrelated.txt': 'x' });
    expect(await publish(path)).toMatchObject({ code: 0, outcomes: [{ outcome: 'unchanged' }] });
    const { events } = await author.json<{ events: unknown[] }>('log', family);
    expect(events).toHaveLength(1);
  });

  test('refuses other content under a published version with both digests and what differs', async () => {
    const path = `${family}/v1.0.0`;
    await author.commit(testCase({ kept: 'kept' }), path);
    const { outcomes } = await publish(path);
    await author.commit({ 'prompt.md': 'Play otherwise.\n', added: 'x' }, path);
    const before = await remoteRefs();
    const refused = await publish(path);
    expect(refused).toMatchObject({
      code: 1,
      outcomes: [
        {
          outcome: 'refused',
          code: 'version-conflict',
          message: expect.stringContaining(outcomes[0]!.published!.digest),
          refused: { digest: expect.stringMatching(/^sha256:/), tree: await author.git('rev-parse', `HEAD:${path}`) },
          published: { digest: outcomes[0]!.published!.digest },
          difference: { added: 1, changed: 1, removed: 0 },
        },
      ],
    });
    const { code, stdout } = await author.run('publish', path);
    expect(code).toBe(1);
    expect(stdout).toContain('added');
    expect(stdout).toContain('prompt.md');
    expect(await remoteRefs()).toBe(before);
  });

  test('publishes all of a repository, older versions first, and goes on after a refusal', async () => {
    for (const version of ['v1.10.0', 'v1.9.0', 'v1.0.0'])
      await author.commit(testCase({ version }), `${family}/${version}`);
    await author.commit({ 'test-case.toml': 'prompt = "no.md"\n' }, `${family}/v2.0.0`);
    await author.commit({ 'test-case.toml': '' }, `${family}/v1.0.0/inner/v1.0.0`);
    const { code, outcomes } = await publish('--all');
    expect(code).toBe(1);
    expect(outcomes.map(({ outcome, path }) => [outcome, path])).toEqual([
      ['published', `${family}/v1.0.0`],
      ['published', `${family}/v1.9.0`],
      ['published', `${family}/v1.10.0`],
      ['refused', `${family}/v2.0.0`],
    ]);
    expect(outcomes.at(-1)).toMatchObject({
      code: 'bad-definition',
      faults: [{ file: 'test-case.toml', line: 1, key: 'prompt' }],
    });
    const said = await author.run('publish', '--all');
    expect(said.stdout).toContain(`${family}/v2.0.0/test-case.toml:1:`);
    expect(said.stdout).toContain('0 published, 3 unchanged, 1 refused');
    const { versions } = await author.json<{ versions: Version[] }>('ls', family);
    expect(versions.map(({ version }) => version)).toEqual(['v1.10.0', 'v1.9.0', 'v1.0.0']);
    await expectSoundServer(url, folder.path, server);
  });

  test('sends only what the server has not', async () => {
    const many = Object.fromEntries(Array.from({ length: 60 }, (_, at) => [`files/${at % 6}/${at}`, `${at}\n`]));
    await author.commit(testCase(many), `${family}/v1.0.0`);
    await author.commit(testCase({ ...many, 'files/0/0': 'changed\n' }), `${family}/v1.1.0`);
    const { outcomes } = await publish('--all');
    expect(outcomes.map(({ sent }) => sent?.objects)).toEqual([70, 4]);
  });

  test('refuses what is not committed and lists it, unless it is to take the folder as it lies', async () => {
    const path = `${family}/v1.0.0`;
    await author.commit({ ...testCase(), '.gitignore': '*.log\n' }, path);
    author.write({ 'prompt.md': 'changed\n', 'new ü.txt': 'new\n', 'x.log': 'ignored' }, path);
    const dirty = await publish(path);
    expect(dirty).toMatchObject({ code: 1, outcomes: [{ outcome: 'refused', code: 'not-committed' }] });
    expect(dirty.outcomes[0]?.dirty?.toSorted()).toEqual([`${path}/new ü.txt`, `${path}/prompt.md`]);
    expect((await author.run('publish', path)).stdout).toContain('--worktree');
    expect(await remoteRefs()).toBe('');
    const index = await author.git('status', '--porcelain');
    const taken = await publish(path, '--worktree');
    expect(taken).toMatchObject({
      code: 0,
      outcomes: [{ outcome: 'published', published: { source: { worktree: true } } }],
    });
    expect(await author.git('status', '--porcelain')).toBe(index);
    const { files } = await author.json<{ files: { path: string }[] }>('ls', `${family}@v1.0.0`);
    expect(files.map((file) => file.path)).toEqual(['.gitignore', 'new ü.txt', 'prompt.md', 'test-case.toml']);
    expect((await author.run('cat', `${family}@v1.0.0`, 'prompt.md')).stdout).toBe('changed\n');
    const clean = await author.commit();
    expect(clean).toMatch(/^[0-9a-f]{40}$/);
    expect(await publish(path)).toMatchObject({ code: 0, outcomes: [{ outcome: 'unchanged' }] });
  });

  test('takes another name from the command line or the metadata', async () => {
    await author.commit(testCase(), 'drafts/carom');
    expect(await publish('drafts/carom')).toMatchObject({
      code: 1,
      outcomes: [{ outcome: 'refused', code: 'no-name' }],
    });
    const named = await publish('drafts/carom', '--as', `${family}@v0.1.0-rc.1`);
    expect(named).toMatchObject({ code: 0, outcomes: [{ outcome: 'published', family, version: 'v0.1.0-rc.1' }] });
    await author.commit({ 'test-case.toml': `family = "${family}"\nversion = "0.2.0"\n` }, 'drafts/carom');
    expect(await publish('drafts/carom')).toMatchObject({
      outcomes: [{ outcome: 'published', family, version: 'v0.2.0' }],
    });
  });

  test('sends nothing in a dry run', async () => {
    await author.commit(testCase(), `${family}/v1.0.0`);
    expect(await publish('--all', '--dry-run')).toMatchObject({
      code: 0,
      outcomes: [{ outcome: 'would-publish', family }],
    });
    expect(await remoteRefs()).toBe('');
  });

  test('ends with 2 where it is used wrongly and with 1 where there is nothing to do', async () => {
    await author.commit({ 'readme.md': 'x' });
    for (const args of [[], ['.', '--all'], ['--nonsense'], ['--as']])
      expect((await author.run('publish', ...args)).code).toBe(2);
    for (const args of [['.'], ['--all'], ['nowhere'], ['/']]) {
      const { code, stderr } = await author.run('publish', ...args);
      expect({ args, code, said: stderr.startsWith('assay publish: ') }).toEqual({ args, code: 1, said: true });
    }
    const away = await author.run('publish', '--all', '--url', 'http://127.0.0.1:1');
    expect(away.code).toBe(1);
  });

  test('tells of two publishers who race: one is in, and the other hears why not', async () => {
    const other = await Author.in(folder.path, server);
    const path = `${family}/v1.0.0`;
    await author.commit(testCase({ who: 'one' }), path);
    await other.commit(testCase({ who: 'other' }), path);
    const runs = await Promise.all([author.run('publish', path), other.run('publish', path)]);
    expect(new Set(runs.map(({ code }) => code))).toEqual(new Set([0, 1]));
    expect(runs.find(({ code }) => code === 1)?.stdout).toContain('is published already with other content');
    await expectSoundServer(url, folder.path, server);
  });
});

describe('other commands', () => {
  test('tell of versions, files, differences, pins and what was said, as text and as JSON', async () => {
    await author.commit(testCase({ 'a/b': '1' }), `${family}/v1.0.0`);
    await author.commit(testCase({ 'a/b': '2', new: 'x' }), `${family}/v1.1.0`);
    const { outcomes } = await publish('--all');
    const [one, two] = outcomes.map(({ published }) => published!.digest);
    expect((await author.run('ls', '--prefix', family)).stdout).toContain(`${family} `);
    expect(await author.json('diff', `${family}@v1.0.0`, 'v1.1.0')).toMatchObject({ added: 1, changed: 1, removed: 0 });
    expect((await author.run('diff', `${family}@v1.0.0`, 'v1.1.0')).stdout).toContain('1 added, 1 changed, 0 removed');
    expect((await author.run('resolve', family)).stdout).toBe(`${two}\n`);
    expect(await author.json('pin', `${family}@v1.0.0`, '--as', 'stable', '--expect', 'none')).toMatchObject({
      digest: one,
    });
    const moved = await author.run('pin', `${family}@v1.1.0`, '--as', 'stable', '--expect', two!);
    expect(moved).toMatchObject({ code: 1, stdout: '' });
    expect(moved.stderr).toContain('v1.0.0');
    expect(
      await author.json('pin', `${family}@v1.1.0`, '--as', 'stable', '--expect', one!, '--note', 'better'),
    ).toMatchObject({ digest: two });
    expect(await author.json('state', `${family}@v1.1.0`, '--retire', 'mirrored')).toMatchObject({
      retired: 'mirrored',
    });
    const retired = await author.run('resolve', `${family}@stable`);
    expect(retired).toMatchObject({ code: 0, stdout: `${two}\n`, stderr: expect.stringContaining('mirrored') });
    await author.run('state', `${family}@v1.1.0`, '--erratum', 'blurred');
    const said = `assay: ${family}@v1.1.0 is retired: mirrored\nassay: erratum of ${family}@v1.1.0: blurred\n`;
    const lockFile = join(author.path, '.git', 'assay.lock');
    for (const args of [
      ['resolve', `${family}@stable`],
      ['pull', `${family}@stable`, join(author.path, '.git', 'pulled')],
      ['lock', `${family}@stable`, '--lock-file', lockFile],
    ]) {
      expect(await author.run(...args)).toMatchObject({ code: 0, stderr: said });
    }
    expect((await author.run('resolve', family)).stdout).toBe(`${one}\n`);
    expect(await author.json('pin', family, '--history', 'stable')).toMatchObject({
      history: [{ note: 'better' }, { from: null }],
    });
    const { events } = await author.json<{ events: { what: string }[] }>('log', family, '--limit', '3');
    expect(events.map(({ what }) => what)).toEqual(['erratum', 'retired', 'pinned']);
    expect((await author.run('cat', `${family}@v1.0.0`, 'nothing')).code).toBe(1);
    expect((await author.run('show', `${family}@v9.0.0`)).code).toBe(1);
    expect((await author.run('show', 'No Family')).code).toBe(2);
  });
});

async function tagged(tag: string, files: Record<string, string>, ...how: string[]): Promise<string> {
  const commit = await author.commit({ ...testCase(), ...files });
  await author.git('tag', ...how, tag);
  return commit;
}

describe('git push of a tag', () => {
  test('publishes what it tags, and gives a clone its main', async () => {
    const commit = await tagged('v1.0.0', { a: '1' }, '-a', '-m', 'the first');
    await author.git('push', '-q', url, 'v1.0.0');
    const version = await author.json<Version>('show', `${family}@v1.0.0`);
    expect(version).toMatchObject({
      commit,
      published: { with: 'git push' },
      tree: await author.git('rev-parse', 'HEAD^{tree}'),
    });
    const clone = join(folder.path, `clone-${made}`);
    await git(folder.path, 'clone', '-q', url, clone);
    expect(await git(clone, 'rev-parse', 'main')).toBe(commit);
    expect(await git(clone, 'tag')).toBe('v1.0.0');
    await author.git('push', '-q', url, 'v1.0.0');
    await expectSoundServer(url, folder.path, server);
  });

  test('publishes each of several, with main at the newest', async () => {
    for (const version of ['v1.8.0', 'v1.9.0']) await tagged(version, { a: version });
    const newest = await tagged('v1.10.0', { a: 'newest' });
    await author.git('push', '-q', '--tags', url);
    const { versions } = await author.json<{ versions: Version[] }>('ls', family);
    expect(versions.map(({ version }) => version)).toEqual(['v1.10.0', 'v1.9.0', 'v1.8.0']);
    expect(await git(folder.path, 'ls-remote', url, 'refs/heads/main')).toBe(`${newest}\trefs/heads/main`);
    expect(
      (await author.json<{ events: { number: number }[] }>('log', family)).events.map(({ number }) => number),
    ).toEqual([2, 1, 0]);
    await expectSoundServer(url, folder.path, server);
  });

  test('of a bad definition is refused in words, and nothing is stored', async () => {
    await tagged('v1.0.0', { 'test-case.toml': 'name = "x"\nprompt = "no.md"\n' });
    const { code, stderr } = await tryGit(author.path, ['push', url, 'v1.0.0']);
    expect(code).not.toBe(0);
    expect(stderr).toMatch(/test-case\.toml:2: prompt: .*no\.md/);
    expect(await remoteRefs()).toBe('');
    expect((await author.run('ls', family)).code).toBe(1);
  });

  test('that is published neither moves it nor deletes it', async () => {
    const commit = await tagged('v1.0.0', { a: '1' });
    await author.git('push', '-q', url, 'v1.0.0');
    const before = await remoteRefs();
    const other = await author.commit({ a: 'other' });
    for (const refspec of ['HEAD:refs/tags/v1.0.0', ':refs/tags/v1.0.0']) {
      const { code, stderr } = await tryGit(author.path, ['push', '--force', url, refspec]);
      expect(code).not.toBe(0);
      expect(stderr).toContain(commit);
      expect(stderr).toContain(refspec.startsWith(':') ? 'cannot be deleted' : other);
    }
    expect(await remoteRefs()).toBe(before);
  });

  test('and assay publish agree on what the version is', async () => {
    await author.commit(testCase({ a: '1' }));
    await author.git('tag', 'v1.0.0');
    await author.git('push', '-q', url, 'v1.0.0');
    const { digest } = await author.json<Version>('show', `${family}@v1.0.0`);
    expect(await publish('.', '--as', `${family}@v1.0.0`)).toMatchObject({
      code: 0,
      outcomes: [{ outcome: 'unchanged', published: { digest } }],
    });
    await author.commit({ a: '2' });
    expect(await publish('.', '--as', `${family}@v1.0.0`)).toMatchObject({
      code: 1,
      outcomes: [{ code: 'version-conflict' }],
    });
    expect(await publish('.', '--as', `${family}@v1.1.0`)).toMatchObject({
      code: 0,
      outcomes: [{ outcome: 'published' }],
    });
    await expectSoundServer(url, folder.path, server);
  });
});
