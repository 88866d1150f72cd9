import fs from 'node:fs';
import { join } from 'node:path';
import * as isomorphic from 'isomorphic-git';
import http from 'isomorphic-git/http/node';
import { beforeEach, describe, expect, test } from 'vitest';
import type { Version } from '../../lib/definition/wire.ts';
import { Author } from '../support/author.ts';
import { expectSoundClone, expectSoundServer } from '../support/git-client.ts';
import { testCase } from '../support/publishing.ts';
import { useServer } from '../support/server.ts';
import { useTemporaryFolder } from '../support/use-temporary-folder.ts';
import { git } from '../unit/git/support/git-command.ts';

/** A client of Git that shares no code with Git. */
const server = useServer();
const folder = useTemporaryFolder();
const author = { name: 'A U Thor', email: 'author@example.com', timestamp: 1_600_000_000, timezoneOffset: 0 };
let publisher: Author;
let family: string;
let url: string;
let dir: string;
let made = 0;

beforeEach(async () => {
  made += 1;
  family = `other-clients/case-${made}`;
  url = `${server.url}/git/${family}.git`;
  dir = join(folder.path, `clone-${made}`);
  publisher = await Author.in(folder.path, server);
});

/** Publishes a version of its own content, a day after the one before. */
async function publish(version: string): Promise<Version> {
  await publisher.commit(testCase({ 'which.txt': version, 'größe/球台.md': 'ü\n' }), `${family}/${version}`);
  const { code, stdout } = await publisher.run('publish', `${family}/${version}`);
  if (code !== 0) throw new Error(stdout);
  return publisher.json<Version>('show', `${family}@${version}`);
}

async function commit(files: Readonly<Record<string, string>>): Promise<string> {
  for (const [filepath, text] of Object.entries(files)) {
    fs.writeFileSync(join(dir, filepath), text);
    await isomorphic.add({ fs, dir, filepath });
  }
  return isomorphic.commit({ fs, dir, message: 'by another client', author });
}

const push = (ref: string, options: { force?: boolean; delete?: boolean } = {}): Promise<isomorphic.PushResult> =>
  isomorphic.push({ fs, http, dir, url, ref, remoteRef: ref, ...options });

describe('isomorphic-git', () => {
  test('clones what was published, and fetches what comes after', async () => {
    const first = await publish('v1.0.0');
    await isomorphic.clone({ fs, http, dir, url });
    expect(await isomorphic.listTags({ fs, dir })).toEqual(['v1.0.0']);
    expect(await git(dir, 'status', '--porcelain')).toBe('');
    const second = await publish('v1.1.0');
    await publisher.run('pin', `${family}@v1.0.0`, '--as', 'stable');
    await isomorphic.fetch({ fs, http, dir, url, tags: true });
    for (const { version, tree, commit: oid } of [first, second]) {
      expect(await isomorphic.resolveRef({ fs, dir, ref: version })).toBe(oid);
      expect((await isomorphic.readCommit({ fs, dir, oid })).commit.tree).toBe(tree);
    }
    expect(await isomorphic.resolveRef({ fs, dir, ref: 'refs/remotes/origin/pins/stable' })).toBe(first.commit);
    await expectSoundClone(dir);
  });

  test('clones a part of the history, and more of it afterwards', async () => {
    for (const version of ['v1.0.0', 'v1.1.0', 'v1.2.0', 'v1.3.0']) await publish(version);
    // The parent of what it has is then a tip of its own.
    await publisher.run('pin', `${family}@v1.0.0`, '--as', 'old');
    const count = async (): Promise<number> => (await isomorphic.log({ fs, dir })).length;
    await isomorphic.clone({ fs, http, dir, url, depth: 1, singleBranch: true, noTags: true });
    expect(await count()).toBe(1);
    await expectSoundClone(dir);
    await isomorphic.fetch({ fs, http, dir, url, ref: 'main', depth: 1, relative: true });
    expect(await count()).toBe(2);
    await expectSoundClone(dir);
    await isomorphic.fetch({ fs, http, dir, url, ref: 'main', depth: 1000 });
    expect(await count()).toBe(4);
    await expectSoundClone(dir);
  });

  test.each([1, 2] as const)('reads the refs in version %i of the protocol', async (protocolVersion) => {
    const { commit: oid } = await publish('v1.0.0');
    const refs = await isomorphic.listServerRefs({ http, url, protocolVersion, symrefs: true });
    expect(refs).toContainEqual({ ref: 'HEAD', oid, target: 'refs/heads/main' });
    expect(refs).toContainEqual({ ref: 'refs/tags/v1.0.0', oid });
  });

  test('pushes a branch, and takes it away again', async () => {
    await publish('v1.0.0');
    await isomorphic.clone({ fs, http, dir, url });
    await isomorphic.branch({ fs, dir, ref: 'draft', checkout: true });
    const tip = await commit({ 'prompt.md': 'another prompt\n' });
    expect(await push('refs/heads/draft')).toMatchObject({ ok: true });
    expect(await expectSoundServer(url, folder.path, server)).toContain(`${tip} refs/heads/draft`);
    expect(await push('refs/heads/draft', { delete: true })).toMatchObject({ ok: true });
    expect(await git(folder.path, 'ls-remote', url)).not.toContain('draft');
  });

  test('publishes by a tag, is told what is wrong with one, and moves none', async () => {
    const first = await publish('v1.0.0');
    await isomorphic.clone({ fs, http, dir, url });
    await commit({ 'test-case.toml': 'name = "Carom"\nprompt = "no.md"\n' });
    await isomorphic.tag({ fs, dir, ref: 'v2.0.0' });
    await expect(push('refs/tags/v2.0.0')).rejects.toThrow(/test-case\.toml:2: prompt/);
    const oid = await commit({ 'test-case.toml': 'name = "Carom"\n', 'which.txt': 'good' });
    await isomorphic.annotatedTag({ fs, dir, ref: 'v2.0.1', message: 'the second', tagger: author });
    expect(await push('refs/tags/v2.0.1')).toMatchObject({ ok: true });
    expect(await publisher.json<Version>('show', `${family}@v2.0.1`)).toMatchObject({ commit: oid });
    await isomorphic.tag({ fs, dir, ref: 'v1.0.0', force: true });
    await expect(push('refs/tags/v1.0.0', { force: true })).rejects.toThrow('versions are immutable');
    await expect(push('refs/tags/v1.0.0', { delete: true })).rejects.toThrow('cannot be deleted');
    const refs = await expectSoundServer(url, folder.path, server);
    expect(refs).toContain(`${first.commit} refs/tags/v1.0.0`);
    expect(refs).not.toContain('v2.0.0');
  });
});
