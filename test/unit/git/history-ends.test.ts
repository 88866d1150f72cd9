import { cp, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { advertiseUploadPack } from '../../../lib/git/upload-pack/upload-pack.ts';
import { git, temporaryFolder, tryGit } from './support/git-command.ts';
import { GitServer } from './support/git-server.ts';
import { gather, MemoryRepository } from './support/memory-repository.ts';
import { commitAll, writeFiles } from './support/sample-repository.ts';

const VERSIONS = ['v1', 'v2', 'v3', 'v4', 'v5'] as const;
const folder = temporaryFolder();
const author = join(folder.path, 'author');
/** Real git's own shallow repository, with the same objects. */
const peer = join(folder.path, 'peer.git');
const oids: Record<string, string> = {};
let repository: MemoryRepository;
let server: GitServer;

beforeAll(async () => {
  await git(folder.path, 'init', '-q', author);
  for (const [day, version] of VERSIONS.entries()) {
    writeFiles(author, { [`only-${version}`]: version, 'all/changes': version, 'all/stays': 'the same' });
    await rm(join(author, `only-v${Number(version.slice(1)) - 1}`), { force: true });
    oids[version] = await commitAll(author, version, day);
    await git(author, 'tag', version);
  }
  writeFiles(author, { 'all/changes': 'later' });
  oids['later'] = await commitAll(author, 'later', 5);
});

beforeEach(async () => {
  repository = new MemoryRepository();
  server = await GitServer.start(repository);
  await git(author, 'push', '-q', server.url, 'v5:refs/heads/main', '--tags');
});

afterEach(() => server.close());
afterAll(() => folder.remove());

/** Takes versions away as retention does: their tags, the edges to them, and in the end the objects that only they need. */
async function takeAway(...versions: (typeof VERSIONS)[number][]): Promise<void> {
  const kept = VERSIONS.filter((version) => !versions.includes(version));
  for (const version of versions) {
    const next = VERSIONS[VERSIONS.indexOf(version) + 1]!;
    repository.values.delete(`refs/tags/${version}`);
    if (kept.includes(next)) repository.shallow.set(oids[next]!, [oids[version]!]);
  }
  const trees = await Promise.all(kept.map((version) => git(author, 'rev-list', '--objects', '-1', version)));
  const needed = new Set(trees.flatMap((list) => list.split('\n').map((line) => line.slice(0, 40))));
  for (const oid of repository.kept.keys()) if (!needed.has(oid)) repository.kept.delete(oid);
}

/** The same, with real git as the server. */
async function makePeer(): Promise<void> {
  await rm(peer, { recursive: true, force: true });
  await git(folder.path, 'clone', '-q', '--bare', author, peer);
  const names = [...repository.values].map(([name, oid]) => `create ${name} ${oid}\n`);
  await git(peer, 'symbolic-ref', 'HEAD', 'refs/heads/main');
  for (const ref of (await git(peer, 'for-each-ref', '--format=%(refname)')).split('\n'))
    if (ref !== '') await git(peer, 'update-ref', '-d', ref);
  await tryGit(peer, ['update-ref', '--stdin'], { input: names.join('') });
  await writeFile(join(peer, 'shallow'), [...repository.shallow.keys()].map((oid) => `${oid}\n`).join(''));
  await git(peer, 'config', 'uploadpack.allowFilter', 'true');
  await git(peer, 'config', 'uploadpack.allowAnySHA1InWant', 'true');
}

async function expectSound(clone: string): Promise<void> {
  const { code, stderr } = await tryGit(clone, ['fsck', '--full', '--strict']);
  expect(stderr.replace(/^notice:.*\n/gm, '')).toBe('');
  expect(code).toBe(0);
}

/** All that can be seen of a clone: refs, what they lead to, and where its history ends. */
async function stateOf(clone: string): Promise<Record<string, string>> {
  const shallow = await readFile(join(await git(clone, 'rev-parse', '--absolute-git-dir'), 'shallow'), 'utf8').catch(
    () => '',
  );
  return {
    refs: await git(clone, 'for-each-ref', '--format=%(objectname) %(refname)'),
    commits: await git(clone, 'log', '--all', '--format=%H %P', '--date-order'),
    shallow: [...new Set(shallow.split('\n'))].sort().join('\n'),
  };
}

describe.each([2, 0])(
  'over version %s of the protocol, a repository whose history ends before its beginning',
  (version) => {
    const run = (cwd: string, ...args: string[]) => tryGit(cwd, ['-c', `protocol.version=${version}`, ...args]);
    const path = (name: string) => join(folder.path, `v${version}-${name}`);

    async function ran(cwd: string, ...args: string[]): Promise<void> {
      const { code, stderr } = await run(cwd, ...args);
      expect(code, stderr).toBe(0);
    }

    /** The same with us and with real git, each into a clone of its own; both then hold the same. */
    async function expectAlike(name: string, ...steps: (readonly string[])[]): Promise<string> {
      await makePeer();
      const [ours, theirs] = [path(`${name}-ours`), path(`${name}-theirs`)];
      for (const [clone, url] of [
        [ours, server.url],
        [theirs, `file://${peer}`],
      ] as const) {
        await rm(clone, { recursive: true, force: true });
        for (const step of steps) {
          const isClone = step[0] === 'clone';
          await ran(isClone ? folder.path : clone, ...step, ...(isClone ? [url, clone] : []));
        }
      }
      expect(await stateOf(ours)).toEqual(await stateOf(theirs));
      await expectSound(ours);
      return ours;
    }

    it.each([
      ['in the middle', ['v2']],
      ['at the beginning', ['v1', 'v2']],
      ['twice', ['v2', 'v4']],
    ] as const)('is cloned whole where something was taken away %s', async (name, taken) => {
      await takeAway(...taken);
      const clone = await expectAlike(`whole-${name.replaceAll(' ', '-')}`, ['clone', '-q']);
      const tags = VERSIONS.filter((version) => !(taken as readonly string[]).includes(version));
      expect(await git(clone, 'tag')).toBe(tags.join('\n'));
      for (const tag of tags) expect(await git(clone, 'show', `${tag}:only-${tag}`)).toBe(tag);
    });

    it('is cloned to a depth before and behind its end, and deepened to the end', async () => {
      await takeAway('v2');
      await expectAlike(
        'depth',
        ['clone', '-q', '--no-tags', '--depth', '1'],
        ['fetch', '-q', '--depth', '2'],
        ['fetch', '-q', '--depth', '9'],
      );
      await expectAlike('unshallow', ['clone', '-q', '--no-tags', '--depth', '1'], ['fetch', '-q', '--unshallow']);
      await expectAlike(
        'deepen',
        ['clone', '-q', '--no-tags', '--depth', '1'],
        ['fetch', '-q', '--deepen', '1'],
        ['fetch', '-q', '--deepen', '9'],
      );
      await expectAlike('tag', ['clone', '-q', '--no-tags', '--depth', '1', '--branch', 'v3']);
      await expectAlike('not', ['clone', '-q', '--no-tags', '--shallow-exclude', 'v3']);
    });

    it('is cloned without blobs, which come when they are asked for', async () => {
      await takeAway('v2', 'v4');
      // Real git, as client of itself, looks for the ends of the history in this case until all memory is used up.
      const { code, stderr } = await run(
        folder.path,
        'clone',
        '--filter=blob:none',
        '--no-checkout',
        server.url,
        path('blobless'),
      );
      expect(code, stderr).toBe(0);
      // Where only the first answer can name the ends, there is no way out of that, so nothing is left out.
      expect(stderr.includes('filtering not recognized')).toBe(version === 0);
      for (const tag of ['v1', 'v3', 'v5']) {
        expect(await git(path('blobless'), 'show', `${tag}:only-${tag}`)).toBe(tag);
        expect(await git(path('blobless'), 'rev-list', '--count', tag)).toBe('1');
      }
      await expectSound(path('blobless'));
    });

    it('goes on to be fetched by a clone that has everything', async () => {
      await ran(folder.path, 'clone', '-q', server.url, path('full'));
      await takeAway('v2', 'v4');
      await git(author, 'push', '-q', server.url, `${oids['later']}:refs/heads/main`);
      await ran(path('full'), 'fetch', '-q');
      expect(await git(path('full'), 'rev-list', '--count', 'origin/main')).toBe('6');
      expect((await stateOf(path('full')))['shallow']).toBe('');
      await expectSound(path('full'));
    });

    it('is fetched by a clone that ends at what was taken away', async () => {
      await ran(folder.path, 'clone', '-q', '--bare', '--single-branch', '--branch', 'v2', server.url, path('before'));
      await takeAway('v1', 'v2');
      const { code, stderr } = await run(path('before'), 'fetch', server.url, '+refs/heads/main:refs/heads/main');
      // It has what stood before the end, and says so.
      expect(code, stderr).toBe(0);
      expect(await git(path('before'), 'rev-list', '--count', 'main')).toBe('5');
      expect((await stateOf(path('before')))['shallow']).toBe('');
      await expectSound(path('before'));
    });

    it('is fetched by a clone that has missed what was taken away, once its user agrees to the hole', async () => {
      await ran(folder.path, 'clone', '-q', '--bare', '--single-branch', '--branch', 'v1', server.url, path('missed'));
      await cp(path('missed'), path('missed-theirs'), { recursive: true });
      await takeAway('v2');
      await makePeer();
      const refspec = '+refs/heads/main:refs/heads/main';
      const refused = await run(path('missed'), 'fetch', server.url, refspec);
      expect(refused.stderr).toContain(
        version === 2 ? 'shallow roots are not allowed to be updated' : 'did not send all necessary objects',
      );
      expect((await run(path('missed-theirs'), 'fetch', `file://${peer}`, refspec)).stderr).toContain('shallow roots');
      await ran(path('missed'), 'fetch', '-q', '--update-shallow', server.url, refspec);
      await ran(path('missed-theirs'), 'fetch', '-q', '--update-shallow', `file://${peer}`, refspec);
      expect(await stateOf(path('missed'))).toEqual(await stateOf(path('missed-theirs')));
      await expectSound(path('missed'));
    });

    it('takes pushes of what was made on top of it, and refuses what counts on what is gone', async () => {
      await ran(folder.path, 'clone', '-q', server.url, path('old'));
      await takeAway('v1', 'v2');
      await ran(folder.path, 'clone', '-q', server.url, path('new'));
      writeFiles(path('new'), { added: 'x' });
      await commitAll(path('new'), 'on top', 6);
      await ran(path('new'), 'push', '-q', 'origin', 'HEAD:refs/heads/main');
      // The clone from before takes the server to have all that is behind main.
      await git(path('old'), 'checkout', '-q', '-b', 'back', 'v2');
      writeFiles(path('old'), { added: 'y' });
      await commitAll(path('old'), 'on top of what is gone', 7);
      const { code, stderr } = await run(path('old'), 'push', 'origin', 'back');
      expect(code).not.toBe(0);
      expect(stderr).toMatch(/versions were removed from this\s+(remote: )?repository: push from a fresh clone/);
    });

    it('is shallow for ever to a clone that was so before', async () => {
      await ran(folder.path, 'clone', '-q', '--depth', '1', server.url, path('shallow'));
      await takeAway('v2', 'v3');
      await git(author, 'push', '-q', server.url, `${oids['later']}:refs/heads/main`);
      await ran(path('shallow'), 'fetch', '-q');
      expect(await git(path('shallow'), 'rev-list', '--count', 'origin/main')).toBe('2');
      await expectSound(path('shallow'));
    });
  },
);

it('says where its history ends in lines without a newline, since some clients take none there', async () => {
  await takeAway('v1', 'v2');
  const advertised = await gather(advertiseUploadPack(repository, 0, { agent: 'assay/1' }));
  expect(advertised.toString()).toMatch(new RegExp(`\\n0034shallow ${oids['v3']}0000$`));
});
