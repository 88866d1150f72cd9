import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { piecesBehind } from '../support/behind-the-server.ts';
import { freePort } from '../support/free-port.ts';
import { Gate } from '../support/gate.ts';
import { expectSoundServer, freshFamily } from '../support/git-client.ts';
import { send } from '../support/http.ts';
import { digestOf, randomContent } from '../support/oci-content.ts';
import { Nginx } from '../support/nginx.ts';
import { describeWith } from '../support/programs.ts';
import { expectStatus, freshRepository } from '../support/repository.ts';
import { useServer } from '../support/server.ts';
import { useTemporaryFolder } from '../support/use-temporary-folder.ts';
import { git } from '../unit/git/support/git-command.ts';
import { sampleRepository } from '../unit/git/support/sample-repository.ts';

describeWith(['nginx'], 'behind deploy/nginx.conf', () => {
  const server = useServer();
  const folder = useTemporaryFolder();
  let proxy: Nginx;

  beforeAll(async () => {
    proxy = new Nginx(folder.path);
    // The first of the two is down, as on the day on which one is replaced.
    await proxy.start([`127.0.0.1:${await freePort()}`, server.address]);
  });
  afterAll(() => proxy.close());

  test('nginx understands the file', async () => {
    const { code, stderr } = await new Nginx(folder.path).check(['127.0.0.1:1', '127.0.0.1:2']);
    expect(stderr).toContain('test is successful');
    expect(code).toBe(0);
  });

  test('an upload reaches the server while it goes on, and rests nowhere on the way', async () => {
    const repository = freshRepository(proxy);
    // An S3 is given pieces of 8 MiB.
    const bytes = randomContent(24 * 1024 * 1024);
    const half = bytes.length / 2;
    const pause = new Gate();
    async function* slowly(): AsyncGenerator<Uint8Array> {
      yield bytes.subarray(0, half);
      await pause.opened;
      yield bytes.subarray(half);
    }
    const pushed = repository.close(await repository.startUpload(), digestOf(bytes), slowly());
    await vi.waitFor(async () => expect(await arrived()).toBeGreaterThan(half / 2), { timeout: 20_000, interval: 50 });
    expect(await readdir(proxy.bodies)).toEqual([]);
    pause.open();
    expectStatus(await pushed, 201);
    const pulled = expectStatus(await repository.get(`blobs/${digestOf(bytes)}`), 200);
    expect(pulled.body.equals(bytes)).toBe(true);
    const part = expectStatus(await repository.get(`blobs/${digestOf(bytes)}`, { range: 'bytes=5-9' }), 206);
    expect(part.body.equals(bytes.subarray(5, 10))).toBe(true);
  });

  test('a repository is pushed and cloned', async () => {
    const author = join(folder.path, 'author');
    await sampleRepository(author);
    const { url } = freshFamily(proxy);
    await git(author, 'push', '-q', url, '--all');
    expect(await expectSoundServer(url, folder.path, server)).toBe(
      await git(author, 'for-each-ref', '--format=%(objectname) %(refname)', 'refs/heads'),
    );
  });

  test('a page of the server itself may write, and one of another site may not', async () => {
    const path = `/api/v1/families/${freshRepository(proxy).name}/rules`;
    const headers = { origin: proxy.url, 'sec-fetch-site': 'same-origin' };
    const put = (more: object): Promise<{ status: number }> =>
      send('PUT', proxy.url + path, { headers: { ...headers, ...more }, body: Buffer.from('{}') });
    expect((await put({})).status).toBe(200);
    expect((await put({ origin: 'https://example.com' })).status).toBe(403);
  });

  test('nobody takes the metrics of one server for those of all', async () => {
    expect((await send('GET', `${proxy.url}/metrics`)).status).toBe(404);
    expect((await send('GET', `${server.url}/metrics`)).status).toBe(200);
  });

  /** How many bytes of uploads the server has put where it keeps them. */
  async function arrived(): Promise<number> {
    const pieces = [...(await piecesBehind(server))].filter(([path]) => path.startsWith('uploads/'));
    return pieces.reduce((sum, [, size]) => sum + size, 0);
  }
});
