import { connect, type Socket } from 'node:net';
import { afterEach, describe, expect, test } from 'vitest';
import { Author } from '../support/author.ts';
import { freshFamily } from '../support/git-client.ts';
import { send, textOf } from '../support/http.ts';
import { randomContent } from '../support/oci-content.ts';
import { freshRepository } from '../support/repository.ts';
import { RawConnection } from '../support/raw-connection.ts';
import { useServer } from '../support/server.ts';
import { useTemporaryFolder } from '../support/use-temporary-folder.ts';
import { git } from '../unit/git/support/git-command.ts';

const READERS = Number(process.env['ASSAY_TEST_READERS'] ?? (process.env['ASSAY_TEST_AGAIN'] === '1' ? 60 : 200));
const IDLE = 2000;
const MIB = 1024 * 1024;
/** So much one reader who takes nothing may cost: what the kernel holds is not in it. A clone deflates, which takes more. */
const MOST_BY_READER = 1.25 * MIB;
const MOST_BY_CLONE = 2.5 * MIB;
const CLONES = READERS / 4;

const sockets: Socket[] = [];
afterEach(() => {
  for (const socket of sockets.splice(0)) socket.resetAndDestroy();
});

async function open(server: { readonly url: string }): Promise<Socket> {
  const { hostname, port } = new URL(server.url);
  const socket = connect(Number(port), hostname);
  sockets.push(socket);
  socket.on('error', () => {});
  await new Promise<void>((resolve, reject) => {
    socket.once('connect', resolve);
    socket.once('error', reject);
  });
  return socket;
}

async function metric(server: { readonly url: string }, name: string): Promise<number> {
  const text = textOf(await send('GET', `${server.url}/metrics`));
  return Number(new RegExp(`^${name} (\\S+)$`, 'm').exec(text)?.[1]);
}

function memory(server: { readonly url: string }): Promise<number> {
  return metric(server, 'process_resident_memory_bytes');
}

/** Asks on a connection each, reads the first bytes of every answer, and then nothing more. */
async function readersOf(server: { readonly url: string }, request: string, count: number): Promise<void> {
  await Promise.all(
    Array.from({ length: count }, async () => {
      const socket = await open(server);
      const began = new Promise((resolve) => socket.once('readable', resolve));
      socket.write(request);
      await began;
      expect(String(socket.read(12))).toBe('HTTP/1.1 200');
    }),
  );
}

describe('clients who ask for much and read nothing', () => {
  const server = useServer({ flags: ['--max-packs', '100000'] });
  const folder = useTemporaryFolder();

  async function growth(request: string, count = READERS): Promise<number> {
    // The first of them pays for what all of them share.
    await send('GET', `${server.url}/metrics`);
    const before = await memory(server);
    await readersOf(server, request, count);
    const after = await memory(server);
    expect((await send('GET', `${server.url}/healthz`)).status).toBe(200);
    console.log(`${count} readers: ${Math.round(before / MIB)} MiB before, ${Math.round(after / MIB)} MiB with them`);
    return after - before;
  }

  async function family(): Promise<{ family: string; url: string }> {
    const fresh = freshFamily(server);
    const author = await Author.in(folder.path, server);
    const files = Object.fromEntries(Array.from({ length: 6 }, (_, at) => [`f${at}.bin`, randomContent(2 * MIB)]));
    await author.commit({ ...files, 'test-case.toml': 'name = "Large"\n' });
    await git(author.path, 'tag', 'v1.0.0');
    await git(author.path, 'push', '-q', fresh.url, 'v1.0.0');
    return fresh;
  }

  test('of a large blob cost next to no memory', { timeout: 60_000 }, async () => {
    const repository = freshRepository(server);
    const digest = await repository.pushBlob(randomContent(64 * MIB));
    const grown = await growth(`GET /v2/${repository.name}/blobs/${digest} HTTP/1.1\r\nHost: x\r\n\r\n`);
    expect(grown).toBeLessThan(READERS * MOST_BY_READER);
  });

  test('of an archive and of a clone, neither', { timeout: 60_000 }, async () => {
    const { family: name, url } = await family();
    const archive = await growth(`GET /api/v1/definitions/${name}@v1.0.0/archive HTTP/1.1\r\nHost: x\r\n\r\n`);
    expect(archive).toBeLessThan(READERS * MOST_BY_READER);
    const tip = (await git('.', 'ls-remote', url, 'refs/heads/main')).slice(0, 40);
    const wants = `0032want ${tip}\n00000009done\n`;
    const head = `POST ${new URL(url).pathname}/git-upload-pack HTTP/1.1\r\nHost: x\r\nContent-Type: application/x-git-upload-pack-request`;
    const clone = await growth(`${head}\r\nContent-Length: ${wants.length}\r\n\r\n${wants}`, CLONES);
    expect(clone).toBeLessThan(CLONES * MOST_BY_CLONE);
  });
});

describe('connections that do nothing', () => {
  const server = useServer();

  test(`do not hinder a client who works, ${IDLE} of them`, { timeout: 60_000 }, async () => {
    const before = await memory(server);
    for (let at = 0; at < IDLE; at += 100) await Promise.all(Array.from({ length: 100 }, () => open(server)));
    const repository = freshRepository(server);
    const began = performance.now();
    for (let at = 0; at < 10; at += 1) {
      const { bytes } = await repository.pushImage(`v${at}`);
      expect((await repository.get(`manifests/v${at}`)).body.equals(bytes)).toBe(true);
    }
    const ms = performance.now() - began;
    const grown = (await memory(server)) - before;
    console.log(
      `${IDLE} idle connections: 10 images pushed and pulled in ${ms.toFixed(0)} ms, ${Math.round(grown / MIB)} MiB more`,
    );
    expect(sockets.filter((socket) => !socket.destroyed).length).toBe(IDLE);
    expect(grown).toBeLessThan(200 * MIB);
  });
});

describe('a client with as much under way as it may have', () => {
  const server = useServer({ flags: ['--max-uploads', '2', '--max-packs', '1'] });

  /** An upload that has begun and does not end. */
  async function hold(path: string): Promise<RawConnection> {
    const connection = await RawConnection.open(server);
    connection.write(`POST ${path} HTTP/1.1\r\nHost: x\r\nContent-Length: 1000000\r\nExpect: 100-continue\r\n\r\n`);
    await connection.until((received) => received.startsWith('HTTP/1.1 100'));
    return connection;
  }

  test(
    'is told 429 in the envelope of the path and when to come again, and is served then',
    { timeout: 30_000 },
    async () => {
      const repository = freshRepository(server);
      const digest = `sha256:${'a'.repeat(64)}`;
      const held = await Promise.all([0, 1].map(() => hold(`/v2/${repository.name}/blobs/uploads/?digest=${digest}`)));
      const [refused, push, media] = await Promise.all([
        repository.send('POST', 'blobs/uploads/'),
        send('POST', `${server.url}/git/a.git/git-receive-pack`, { body: Buffer.from('0000') }),
        send('PUT', `${server.url}/api/v1/media/${digest}`, { body: Buffer.from('x') }),
      ]);
      expect(refused.status).toBe(429);
      expect(refused.headers['retry-after']).toBe('1');
      expect(JSON.parse(textOf(refused))).toMatchObject({ errors: [{ code: 'TOOMANYREQUESTS' }] });
      expect([push.status, textOf(push)]).toEqual([429, expect.stringMatching(/^this client has 2 uploads/)]);
      expect(JSON.parse(textOf(media))).toMatchObject({ status: 429, code: 'too-many-requests' });
      // Reading, and the other kind of work, are not touched.
      expect((await send('GET', `${server.url}/v2/`)).status).toBe(200);
      expect((await send('POST', `${server.url}/git/a.git/git-upload-pack`)).status).toBe(404);
      held[0]?.destroy();
      expect((await repository.send('POST', 'blobs/uploads/')).status).toBe(202);
      for (const connection of held) connection.destroy();
    },
  );
});
