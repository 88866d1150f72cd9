import { equal } from 'node:assert/strict';
import fs from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import * as isomorphic from 'isomorphic-git';
import http from 'isomorphic-git/http/node';
import { describe, expect, test } from 'vitest';
import type { RetentionReport, Version } from '../../lib/definition/wire.ts';
import { assay, errorsIn, startAssay } from '../support/assay-command.ts';
import { Author } from '../support/author.ts';
import { expectSoundClone } from '../support/git-client.ts';
import { jsonOf, send } from '../support/http.ts';
import { ImageTools } from '../support/image-tools.ts';
import { describeWith } from '../support/programs.ts';
import { testCase } from '../support/publishing.ts';
import { rounds } from '../support/rounds.ts';
import { useServer } from '../support/server.ts';
import { useTemporaryFolder } from '../support/use-temporary-folder.ts';
import { git, tryGit } from '../unit/git/support/git-command.ts';

const server = useServer();
const folder = useTemporaryFolder();
let made = 0;

interface Place {
  readonly family: string;
  readonly url: string;
  readonly author: Author;
  readonly versions: readonly Version[];
}

/** A family with versions v1.0.0, v1.1.0, … of files of their own. */
async function publishedFamily(count: number, files = 1): Promise<Place> {
  made += 1;
  const family = `retained/case-${made}`;
  const author = await Author.in(folder.path, server);
  const wanted = Array.from({ length: count }, (_, minor) => `v1.${minor}.0`);
  for (const version of wanted) {
    const own = Object.fromEntries(
      Array.from({ length: files }, (_, at) => [`own/${version}/${at}`, `${version} ${at}\n`]),
    );
    await author.commit(testCase({ 'which.txt': `${version}\n`, ...own }), `${family}/${version}`);
  }
  const { code, stderr } = await author.run('publish', ...wanted.map((version) => `${family}/${version}`));
  if (code !== 0) throw new Error(stderr);
  const versions: Version[] = [];
  for (const version of wanted)
    versions.push(jsonOf(await send('GET', `${server.url}/api/v1/definitions/${family}@${version}`)) as Version);
  return { family, url: `${server.url}/git/${family}.git`, author, versions };
}

function collected(...options: string[]): ReturnType<typeof assay> {
  return assay(['gc', '--grace', '0', '--data', server.data, ...options], server.environment);
}

async function names(family: string): Promise<string[]> {
  const { versions } = jsonOf(await send('GET', `${server.url}/api/v1/definitions/${family}`)) as {
    versions: { version: string }[];
  };
  return versions.map(({ version }) => version);
}

describe('assay retain', () => {
  test('tells every version and why it stays, and removes nothing before --apply', async () => {
    const { family, author } = await publishedFamily(4);
    await author.run('pin', `${family}@v1.1.0`, '--as', 'stable');
    const dry = await author.run('retain', family, '--keep-last', '1');
    expect(dry.code).toBe(0);
    expect(dry.stdout).toMatch(/stays +v1\.3\.0 .*the newest, among the last 1\n/);
    expect(dry.stdout).toMatch(/stays +v1\.1\.0 .*the pin stable stands at it\n/);
    expect(dry.stdout).toMatch(/would go +v1\.0\.0/);
    expect(dry.stdout).toContain('Would remove 2 versions; 2 stay. Nothing was changed: --apply does it.');
    expect(await names(family)).toHaveLength(4);
    const report = await author.json<RetentionReport>('retain', family, '--keep-last', '1', '--apply');
    expect(report).toMatchObject({ family, applied: true });
    expect(report.versions.map(({ version, action }) => `${version} ${action}`)).toEqual([
      'v1.3.0 kept',
      'v1.2.0 removed',
      'v1.1.0 kept',
      'v1.0.0 removed',
    ]);
    expect(await names(family)).toEqual(['v1.1.0', 'v1.3.0']);
  });

  test.each([
    [['--keep-last', '0'], '--keep-last is a number of versions'],
    [['--keep-last', 'many'], '--keep-last is a number of versions'],
    [['--keep-younger-than', 'long'], '--keep-younger-than is "long"'],
    [['--keep-younger-than', '0s'], '--keep-younger-than is "0s"'],
    [['--keep-younger-than', '90'], '--keep-younger-than is "90"; it takes a time with its unit'],
    [[], 'what is to stay?'],
  ])('refuses %j by name', async (options, why) => {
    const { code, stderr } = await assay(['retain', 'retained/case', ...options], { ASSAY_URL: server.url });
    expect([code, stderr]).toEqual([2, expect.stringContaining(why)]);
  });

  test('ends with 1 where there is no such family', async () => {
    const { code, stderr } = await assay(['retain', 'retained/none', '--keep-last', '1'], { ASSAY_URL: server.url });
    expect([code, stderr]).toEqual([1, expect.stringContaining('retained/none')]);
  });
});

describe('a removed version', () => {
  test('is gone in every dialect, which says so, and leaves clones whole, before its bytes go and after', async () => {
    const { family, url, author, versions } = await publishedFamily(4);
    const full = join(folder.path, `full-${made}`);
    await git(folder.path, 'clone', '-q', url, full);
    await author.run('pin', `${family}@v1.0.0`, '--as', 'first');
    expect((await author.run('retain', family, '--keep-last', '2', '--apply')).code).toBe(0);
    const gone = versions[1]!;
    for (const when of ['before', 'after'] as const) {
      for (const ref of [gone.version, gone.digest]) {
        const reply = await send('GET', `${server.url}/api/v1/definitions/${family}@${ref}`);
        expect(reply.status).toBe(410);
        expect(jsonOf(reply)).toMatchObject({
          code: 'version-removed',
          detail: expect.stringContaining('was removed on') as string,
        });
        const manifest = await send('GET', `${server.url}/v2/${family}/manifests/${ref}`);
        expect(manifest.status).toBe(404);
        expect(jsonOf(manifest)).toMatchObject({
          errors: [
            { code: 'MANIFEST_UNKNOWN', message: expect.stringContaining('retention: kept the last 2') as string },
          ],
        });
      }
      const pull = await author.run('pull', `${family}@${gone.version}`, join(folder.path, `pulled-${made}-${when}`));
      expect([pull.code, pull.stderr]).toEqual([1, expect.stringContaining('was removed on')]);
      for (const version of [2, 0]) {
        const clone = join(folder.path, `clone-${made}-${when}-${version}`);
        await git(folder.path, '-c', `protocol.version=${version}`, 'clone', '-q', '--mirror', url, clone);
        await expectSoundClone(clone);
        expect(await git(clone, 'tag')).toBe('v1.0.0\nv1.2.0\nv1.3.0');
        expect(await git(clone, 'rev-list', '--count', 'main')).toBe('2');
        expect(await git(clone, 'show', 'pins/first:which.txt')).toBe('v1.0.0');
        const partial = join(folder.path, `partial-${made}-${when}-${version}`);
        await git(folder.path, '-c', `protocol.version=${version}`, 'clone', '-q', '--filter=blob:none', url, partial);
        expect(await git(partial, 'show', 'v1.2.0:which.txt')).toBe('v1.2.0');
      }
      const dir = join(folder.path, `isomorphic-${made}-${when}`);
      await isomorphic.clone({ fs, http, dir, url });
      expect(await isomorphic.listTags({ fs, dir })).toEqual(['v1.0.0', 'v1.2.0', 'v1.3.0']);
      expect(await git(dir, 'status', '--porcelain')).toBe('');
      expect(await errorsIn(server.data, server.environment)).toEqual([]);
      if (when === 'before') {
        equal((await collected()).stdout.includes(`removed  objects    ${family}`), true);
        await collected();
      }
    }
    // The clone from before has it still, and goes on.
    await author.commit(testCase({ 'which.txt': 'v1.4.0\n' }), `${family}/v1.4.0`);
    expect((await author.run('publish', `${family}/v1.4.0`)).code).toBe(0);
    await git(full, 'fetch', '-q');
    await expectSoundClone(full);
    expect(await git(full, 'rev-list', '--count', 'origin/main')).toBe('5');
    const again = await author.run('publish', `${family}/v1.1.0`);
    expect([again.code, again.stdout]).toEqual([1, expect.stringContaining('its name is not used again')]);
  });

  test('is told of in the log, which auditors still find good', async () => {
    const { family, author } = await publishedFamily(2);
    await author.run('retain', family, '--keep-last', '1', '--apply');
    const { stdout } = await author.run('log', family);
    expect(stdout).toMatch(/removed +v1\.0\.0 +retention: kept the last 1/);
    expect((await author.run('log', 'verify')).code).toBe(0);
  });
});

describeWith(['skopeo'], 'skopeo', () => {
  test('is told that a version was removed, and copies the others', async () => {
    const { family, author } = await publishedFamily(2);
    const tools = await ImageTools.in(join(folder.path, `skopeo-${made}`));
    await author.run('retain', family, '--keep-last', '1', '--apply');
    await collected();
    const from = (tag: string) => `docker://${server.address}/${family}:${tag}`;
    await tools.skopeo('copy', '--src-tls-verify=false', from('v1.1.0'), 'oci:layout:v');
    await expect(tools.skopeo('copy', '--src-tls-verify=false', from('v1.0.0'), 'oci:layout:gone')).rejects.toThrow(
      'was removed on',
    );
  });
});

test('a retention that is killed in the middle leaves each version whole or removed, and can be done again', async () => {
  let { family, url } = await publishedFamily(20);
  let cut = 0;
  for (let round = 0; round < rounds(2, 4); round += 1) {
    // One that came to its end before the kill has left nothing to another.
    if ((await names(family)).length < 5 && cut === 0) ({ family, url } = await publishedFamily(20));
    const before = (await names(family)).length;
    const retaining = startAssay(['retain', family, '--keep-last', '1', '--apply'], { ASSAY_URL: server.url });
    const ended = new Promise<number | null>((resolve) => retaining.once('close', resolve));
    // Killed as soon as anything is seen to have gone.
    while (retaining.exitCode === null && (await names(family)).length === before) await sleep(0);
    await server.kill();
    if ((await ended) !== 0) cut += 1;
    await server.start();
    expect(await errorsIn(server.data, server.environment)).toEqual([]);
    const clone = join(folder.path, `killed-${round}`);
    await git(folder.path, 'clone', '-q', '--mirror', url, clone);
    await expectSoundClone(clone);
    expect((await git(clone, 'tag')).split('\n').sort()).toEqual((await names(family)).sort());
  }
  expect(cut).toBeGreaterThan(0);
  expect((await assay(['retain', family, '--keep-last', '1', '--apply'], { ASSAY_URL: server.url })).code).toBe(0);
  expect(await names(family)).toEqual(['v1.19.0']);
  await collected();
  await collected();
  expect(await errorsIn(server.data, server.environment)).toEqual([]);
}, 120_000);

test('collections without grace, and a server that is killed in them, take nothing from clones and publishes', async () => {
  const { family, url, author } = await publishedFamily(6, 60);
  await author.run('retain', family, '--keep-last', '2', '--apply');
  for (let round = 0; round < rounds(2, 4); round += 1) {
    const collecting = startAssay(['gc', '--grace', '0', '--data', server.data], server.environment);
    const ended = new Promise<void>((resolve) => collecting.once('close', () => resolve()));
    const clone = join(folder.path, `beside-${round}`);
    const version = `v2.${round}.0`;
    await author.commit(testCase({ 'which.txt': `${version}\n` }), `${family}/${version}`);
    const [cloned, publish] = await Promise.all([
      tryGit(folder.path, ['clone', '-q', '--mirror', url, clone]),
      author.run('publish', `${family}/${version}`),
      sleep(250 + round * 60).then(() => collecting.kill('SIGKILL')),
    ]);
    await ended;
    expect([cloned.code, cloned.stderr]).toEqual([0, '']);
    expect([publish.code, publish.stderr]).toEqual([0, '']);
    await expectSoundClone(clone);
    expect(await errorsIn(server.data, server.environment)).toEqual([]);
  }
}, 120_000);
