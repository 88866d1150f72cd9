import { cpSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { GitError } from '../../../lib/git/error.ts';
import { DEFAULT_PACK_LIMITS } from '../../../lib/git/pack-limits.ts';
import { StoreError } from '../../../lib/store/store-error.ts';
import { git, gitBytes, temporaryFolder, tryGit } from './support/git-command.ts';
import { GitServer } from './support/git-server.ts';
import { MemoryRepository } from './support/memory-repository.ts';
import { commitAll, sampleRepository, writeFiles } from './support/sample-repository.ts';

const folder = temporaryFolder();
const sample = join(folder.path, 'sample');
let author: string;
let count = 0;
let repository: MemoryRepository;
let server: GitServer;

beforeAll(() => sampleRepository(sample));
beforeEach(async () => {
  author = join(folder.path, `author-${(count += 1)}`);
  cpSync(sample, author, { recursive: true, verbatimSymlinks: true });
  repository = new MemoryRepository();
  server = await GitServer.start(repository);
});
afterEach(() => server.close());
afterAll(() => folder.remove());

const sorted = (texts: Iterable<string>) => [...texts].sort((a, b) => (a < b ? -1 : 1));
const push = (...args: string[]) => tryGit(author, ['push', server.url, ...args]);

/** What a client reads of a push that must fail and change nothing. */
async function refusal(args: string[]): Promise<string> {
  const before = [...repository.values];
  const { code, stderr } = await push(...args);
  expect(code).not.toBe(0);
  expect([...repository.values]).toEqual(before);
  return stderr;
}

/** A commit around a tree that `git mktree` would not make. */
async function commitTree(entries: readonly [mode: string, name: string | Buffer, oid: string][]): Promise<string> {
  const bytes = Buffer.concat(
    entries.flatMap(([mode, name, oid]) => [
      Buffer.from(`${mode} `),
      Buffer.from(name),
      Buffer.alloc(1),
      Buffer.from(oid, 'hex'),
    ]),
  );
  const hash = ['hash-object', '-w', '--literally', '-t', 'tree', '--stdin'];
  const tree = (await gitBytes(author, hash, { input: bytes })).toString().trim();
  const content = `tree ${tree}\nauthor A <a@b> 1 +0000\ncommitter A <a@b> 1 +0000\n\nodd\n`;
  const commit = await gitBytes(author, ['hash-object', '-w', '--literally', '-t', 'commit', '--stdin'], {
    input: content,
  });
  return commit.toString().trim();
}

const hash = async (content: string) =>
  (await gitBytes(author, ['hash-object', '-w', '--stdin'], { input: content })).toString().trim();

describe('a push', () => {
  it('is stored whole and comes back the same', async () => {
    await git(author, 'push', '-q', server.url, '--all');
    await git(author, 'push', '-q', server.url, '--tags');
    const listed = await git(author, 'for-each-ref', '--format=%(refname) %(objectname)');
    expect(sorted([...repository.values].map((pair) => pair.join(' ')))).toEqual(sorted(listed.split('\n')));
    const objects = (await git(author, 'rev-list', '--objects', '--all', '--no-object-names')).split('\n');
    expect(sorted(repository.kept.keys())).toEqual(sorted(new Set(objects)));
  });

  it('completes thin packs from what is stored', async () => {
    await git(author, 'push', '-q', server.url, 'light:refs/heads/main');
    await git(author, 'push', '-q', '--thin', server.url, 'main');
    expect(repository.values.get('refs/heads/main')).toBe(await git(author, 'rev-parse', 'main'));
    // Only what was missing travelled.
    expect(repository.batches[1]!.objects.length).toBeLessThan(repository.kept.size);
  });

  it('moves, rewinds and deletes branches', async () => {
    await git(author, 'push', '-q', server.url, 'main', 'side');
    await git(author, 'push', '-q', '--force', server.url, 'main~1:main');
    expect(repository.values.get('refs/heads/main')).toBe(await git(author, 'rev-parse', 'main~1'));
    await git(author, 'push', '-q', server.url, ':side');
    expect([...repository.values.keys()]).toEqual(['refs/heads/main']);
  });

  it('of a tag alone stores the commits behind it', async () => {
    await git(author, 'push', '-q', server.url, 'v1.0.0');
    expect([...repository.values.keys()]).toEqual(['refs/tags/v1.0.0']);
    expect(repository.kept.has(await git(author, 'rev-parse', 'v1.0.0^{commit}'))).toBe(true);
  });

  it('of nothing new commits only the ref', async () => {
    await git(author, 'push', '-q', server.url, 'main');
    await git(author, 'push', '-q', server.url, 'main~2:refs/heads/older');
    expect(repository.batches[1]!.objects).toEqual([]);
  });

  it('from a shallow clone builds on what is stored', async () => {
    await git(author, 'push', '-q', server.url, 'main');
    const shallow = join(folder.path, `shallow-${count}`);
    await git(folder.path, 'clone', '-q', '--depth', '1', server.url, shallow);
    writeFiles(shallow, { 'more.txt': 'more\n' });
    const commit = await commitAll(shallow, 'from a shallow clone', 30);
    await git(shallow, 'push', '-q', 'origin', 'main');
    expect(repository.values.get('refs/heads/main')).toBe(commit);
  });

  it('of a large file keeps its bytes', async () => {
    const bytes = Buffer.alloc(3_000_000);
    for (let at = 0; at < bytes.length; at += 1) bytes[at] = (at * 7919) >> 5;
    writeFiles(author, { 'huge.bin': bytes });
    await commitAll(author, 'huge', 40);
    await git(author, 'push', '-q', server.url, 'main');
    const clone = join(folder.path, `huge-${count}`);
    await git(folder.path, 'clone', '-q', '--bare', server.url, clone);
    expect((await gitBytes(clone, ['cat-file', 'blob', 'HEAD:huge.bin'])).equals(bytes)).toBe(true);
  });
});

describe('a ref', () => {
  it('that may not move is refused with the reason, while others move', async () => {
    repository.refuseUpdate = ({ name }) =>
      name === 'refs/tags/light' ? 'a published version never moves' : undefined;
    const { code, stderr } = await push('main', 'light');
    expect(code).not.toBe(0);
    expect(stderr).toContain('a published version never moves');
    expect([...repository.values.keys()]).toEqual(['refs/heads/main']);
  });

  it('that is refused stops all others of an atomic push', async () => {
    repository.refuseUpdate = ({ name }) =>
      name === 'refs/tags/light' ? 'a published version never moves' : undefined;
    expect(await refusal(['--atomic', 'main', 'light'])).toContain('a published version never moves');
    expect(repository.batches).toEqual([]);
  });

  it('may be judged by what it would hold', async () => {
    const seen: (string | undefined)[] = [];
    await git(author, 'push', '-q', server.url, 'light:refs/heads/main');
    repository.refuse = async ({ to, from }, objects) => {
      const stats = await objects.stat([to!, from!]);
      seen.push(stats.get(to!)?.type, stats.get(from!)?.type);
      return undefined;
    };
    await git(author, 'push', '-q', server.url, 'main');
    expect(seen).toEqual(['commit', 'commit']);
  });

  it('that moved in between is left alone', async () => {
    repository.beforeCommit = () => {
      repository.beforeCommit = () => undefined;
      repository.values.set('refs/heads/main', '1'.repeat(40));
    };
    const { code, stderr } = await push('main');
    expect(code).not.toBe(0);
    expect(stderr).toContain('has moved');
    expect(repository.kept.size).toBe(0);
  });

  it('cannot be the folder of another', async () => {
    await git(author, 'push', '-q', server.url, 'main:refs/heads/a');
    expect(await refusal(['main:refs/heads/a/b'])).toContain('cannot be the folder');
    expect(await refusal(['main:refs/heads/c', 'main:refs/heads/c/d'])).toContain('cannot be the folder');
    await git(author, 'push', '-q', server.url, ':refs/heads/a', 'main:refs/heads/a/b');
    expect([...repository.values.keys()]).toEqual(['refs/heads/a/b']);
  });

  it('under refs/heads holds a commit', async () => {
    expect(await refusal(['v1.0.0:refs/heads/tagged', '--no-verify'])).toContain('is a tag where a commit belongs');
    expect(await refusal(['main^{tree}:refs/heads/tree'])).toContain('is a tree where a commit belongs');
  });
});

describe('what a push may not hold', () => {
  it.each([
    ['a whiteout', '100644', '.wh.gone', 'begins with ".wh."'],
    ['.git', '100644', '.GIT', 'takes for ".git"'],
    ['a climbing name', '100644', '..', 'leaves its directory'],
    ['an odd mode', '100664', 'file', 'a mode that Git does not write'],
    ['a name that is not UTF-8', '100644', Buffer.from([0x61, 0xff]), 'not UTF-8'],
  ])('is %s', async (_, mode, name, message) => {
    const inner = await commitTree([[mode, name, await hash('x')]]);
    const tree = await git(author, 'rev-parse', `${inner}^{tree}`);
    const commit = await commitTree([['40000', 'folder', tree]]);
    expect(await refusal([`${commit}:refs/heads/odd`])).toContain(message);
    const { stderr } = await push(`${commit}:refs/heads/odd`);
    expect(stderr).toContain('folder/');
    expect(repository.kept.size).toBe(0);
  });

  it('is a submodule', async () => {
    const commit = await commitTree([['160000', 'module', await git(author, 'rev-parse', 'main')]]);
    expect(await refusal([`${commit}:refs/heads/odd`])).toContain('a submodule');
  });

  it('does not keep the good refs beside it back', async () => {
    const commit = await commitTree([['100644', '..', await hash('x')]]);
    const { stderr } = await push('main', `${commit}:refs/heads/odd`);
    expect(stderr).toContain('leaves its directory');
    expect([...repository.values.keys()]).toEqual(['refs/heads/main']);
    expect(repository.kept.has(commit)).toBe(false);
  });

  it('is more than the limits allow', async () => {
    server.limits = { ...DEFAULT_PACK_LIMITS, objects: 10 };
    expect(await refusal(['main'])).toContain('objects of the pack');
    server.limits = { ...DEFAULT_PACK_LIMITS, packBytes: 1000 };
    expect(await refusal(['main'])).toContain('bytes of the pack');
    server.limits = { ...DEFAULT_PACK_LIMITS, objectBytes: 1000 };
    expect(await refusal(['main'])).toContain('bytes of a blob');
    server.limits = { ...DEFAULT_PACK_LIMITS, inflatedBytes: 10_000 };
    expect(await refusal(['main'])).toContain('bytes of all objects');
    expect(repository.kept.size).toBe(0);
  });

  it('is history with a hole in it', async () => {
    await git(author, 'push', '-q', server.url, 'main');
    const gone = await git(author, 'rev-parse', 'main:story.txt');
    repository.values.clear();
    repository.kept.delete(gone);
    repository.values.set('refs/heads/base', await git(author, 'rev-parse', 'main'));
    writeFiles(author, { 'new.txt': 'new' });
    await commitAll(author, 'on a hole', 50);
    expect(await refusal(['main'])).toContain(`object ${gone} is neither in the push nor in the repository`);
  });
});

describe('a fault of ours', () => {
  it('is told without its reason', async () => {
    repository.commit = () => Promise.reject(new Error('secret path /var/lib'));
    expect(await refusal(['main'])).toContain('internal error');
    const { stderr } = await push('main');
    expect(stderr).not.toContain('secret');
    expect(server.faults).toEqual(['secret path /var/lib', 'secret path /var/lib']);
  });

  it.each([
    ['full', 'the server has no room left; nothing was stored'],
    ['read-only', "the server's disk takes no writes; nothing was stored"],
    ['busy', 'try again'],
    ['damaged', 'internal error'],
  ] as const)('is told in plain words where it passes: %s', async (code, said) => {
    repository.commit = () => Promise.reject(new StoreError(code, 'of the disk /var/lib'));
    expect(await refusal(['main'])).toContain(said);
    expect((await push('main')).stderr).not.toContain('/var/lib');
    expect(server.faults).toEqual(['of the disk /var/lib', 'of the disk /var/lib']);
  });

  it('is a GitError only where the client can mend it', async () => {
    repository.commit = () => Promise.reject(new GitError('collision', 'two objects claim one id'));
    expect(await refusal(['main'])).toContain('two objects claim one id');
  });
});
