import { randomBytes } from 'node:crypto';
import { mkdir, readdir, stat } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { expectSoundServer, freshFamily } from '../support/git-client.ts';
import { someOf } from '../support/rounds.ts';
import { Server } from '../support/server.ts';
import { useTemporaryFolder } from '../support/use-temporary-folder.ts';
import { git, tryGit } from '../unit/git/support/git-command.ts';
import { commitAll, writeFiles } from '../unit/git/support/sample-repository.ts';

const FILES = 3000;
const folder = useTemporaryFolder();
let server: Server;
let temporary = '';
let author = '';
let tip = '';

beforeAll(async () => {
  temporary = join(folder.path, 'temporary');
  await mkdir(temporary);
  server = new Server({ env: { TMPDIR: temporary } });
  await server.start();
  author = join(folder.path, 'author');
  const files: Record<string, string | Uint8Array> = { 'large.bin': randomBytes(9_000_000) };
  for (let n = 0; n < FILES; n += 1) files[`d${n % 50}/f${n}.txt`] = `file ${n}\n`.repeat(20);
  for (let n = 0; n < 20; n += 1) files[`middle/${n}.bin`] = randomBytes(80_000);
  writeFiles(author, files);
  await git(author, 'init', '-q');
  tip = await commitAll(author, 'all', 1);
});

afterAll(() => server.close());

async function refsOf(url: string): Promise<string> {
  return (await tryGit(folder.path, ['ls-remote', url])).stdout.toString().trim();
}

/**
 * What is left of pushes on the disk. One that dies just as it makes a file leaves the name, and a start removes that from the data
 * folder alone.
 */
async function setAside(): Promise<string[]> {
  const left: string[] = [];
  for (const place of [server.data, temporary]) {
    for (const name of await readdir(place, { recursive: true })) {
      if (!basename(name).startsWith('spool-')) continue;
      if (place === server.data || (await stat(join(place, name))).size > 0) left.push(name);
    }
  }
  return left;
}

it('has all of a push or none of its refs, whenever it is killed', async () => {
  const { url } = freshFamily(server);
  const delays = someOf(4, [30, 90, 150, 220, 300, 400, 550, 800, 1200]);
  let through = 0;
  for (const delay of delays) {
    const branch = `after-${delay}`;
    const pushing = tryGit(author, ['push', '-q', url, `main:refs/heads/${branch}`]);
    await sleep(delay);
    await server.kill();
    const { code } = await pushing;
    await server.start();
    const refs = await refsOf(url);
    through += code === 0 ? 1 : 0;
    // Who was told that it is there finds it; who was told nothing may find it.
    expect(code !== 0 || refs.includes(`refs/heads/${branch}`)).toBe(true);
    expect(
      [
        ...new Set(
          refs
            .split('\n')
            .filter(Boolean)
            .map((line) => line.split('\t')[0]),
        ),
      ].every((oid) => oid === tip),
    ).toBe(true);
  }
  await git(author, 'push', '-q', url, 'main');
  expect(await expectSoundServer(url, folder.path, server)).toContain(`${tip} refs/heads/main`);
  expect(through).toBeLessThan(delays.length);
  expect(await setAside()).toEqual([]);
}, 120_000);

it('works on when clients go in the middle', async () => {
  const { url } = freshFamily(server);
  await git(author, 'push', '-q', url, 'main');
  for (const delay of someOf(1, [40, 100, 200])) {
    const leaving = [
      tryGit(folder.path, ['clone', '-q', url, join(folder.path, `left-${delay}`)], {
        env: { GIT_HTTP_LOW_SPEED_TIME: '1' },
      }),
    ];
    const controller = new AbortController();
    const reading = fetch(`${url}/git-upload-pack`, {
      method: 'POST',
      signal: controller.signal,
      headers: { 'Content-Type': 'application/x-git-upload-pack-request', 'Git-Protocol': 'version=2' },
      body: `0011command=fetch0001000fno-progress0032want ${tip}\n0009done\n0000`,
    }).then((response) => response.arrayBuffer());
    await sleep(delay);
    controller.abort();
    await Promise.allSettled([reading, ...leaving]);
  }
  expect((await fetch(`${server.url}/healthz`)).status).toBe(200);
  await expectSoundServer(url, folder.path, server);
  expect(server.said).not.toContain('"level":"error"');
}, 60_000);
