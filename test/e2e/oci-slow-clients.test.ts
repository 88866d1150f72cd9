import { once } from 'node:events';
import { connect } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, test } from 'vitest';
import { header, send } from '../support/http.ts';
import { descriptorOf, digestOf, imageIndex, MEDIA, randomContent } from '../support/oci-content.ts';
import { RawConnection } from '../support/raw-connection.ts';
import { expectStatus, freshRepository, locationOf } from '../support/repository.ts';
import { useServer } from '../support/server.ts';

// Nearly all of the time is waiting, so the tests wait side by side.
const TIMEOUT = 2;
const server = useServer({ flags: ['--body-timeout', String(TIMEOUT)] });
const BYTES = randomContent(400_000);

/** The headers of a request whose body is still to come, on a connection of its own. */
async function begin(method: string, url: string, length: number, more = ''): Promise<RawConnection> {
  const { pathname, search, host } = new URL(url);
  const connection = await RawConnection.open(server);
  connection.write(
    `${method} ${pathname}${search} HTTP/1.1\r\nHost: ${host}\r\nContent-Length: ${length}\r\n${more}\r\n`,
  );
  return connection;
}

/** How many bytes the server says that it holds. */
async function heldBy(location: string): Promise<number> {
  const range = header(expectStatus(await send('GET', location), 204), 'range') ?? '';
  const last = Number(range.split('-')[1]);
  return last === 0 || Number.isNaN(last) ? 0 : last + 1;
}

describe.concurrent('a client that stops in the middle', () => {
  test('of a manifest is told 408 or cut off, and nothing is stored', async () => {
    const repository = freshRepository(server);
    await repository.pushImage('there');
    const bytes = imageIndex([]);
    const connection = await begin(
      'PUT',
      repository.url('manifests/half'),
      bytes.length,
      `Content-Type: ${MEDIA.index}\r\n`,
    );
    connection.write(bytes.subarray(0, 10));
    await connection.closed(TIMEOUT * 1000 + 8000);
    expect([undefined, 408]).toContain(connection.status);
    expect((await repository.head('manifests/half')).status).toBe(404);
  });

  test('of a PATCH is told 408 or cut off, and can go on from what arrived', async () => {
    const repository = freshRepository(server);
    const location = await repository.startUpload();
    const connection = await begin('PATCH', location, BYTES.length);
    connection.write(BYTES.subarray(0, 250_000));
    await connection.closed(TIMEOUT * 1000 + 8000);
    expect([undefined, 408]).toContain(connection.status);
    const held = await heldBy(location);
    expect(held).toBeLessThanOrEqual(250_000);
    const patched = await repository.patch(location, BYTES.subarray(held), `${held}-${BYTES.length - 1}`);
    expectStatus(await repository.close(locationOf(expectStatus(patched, 202), server.url), digestOf(BYTES)), 201);
    expect((await repository.get(`blobs/${digestOf(BYTES)}`)).body.equals(BYTES)).toBe(true);
  });

  test('of its headers is not waited for for ever', async () => {
    const connection = await RawConnection.open(server);
    connection.write('GET /v2/ HTTP/1.1\r\nHost: x\r\nX-Half: ');
    await connection.closed(90_000);
    expect([undefined, 408]).toContain(connection.status);
  }, 100_000);
});

describe.concurrent('a client that is slow and steady', () => {
  test('is served, however long it takes altogether', async () => {
    const repository = freshRepository(server);
    const location = await repository.startUpload();
    const pieces = 8;
    const size = BYTES.length / pieces;
    async function* slowly(): AsyncGenerator<Uint8Array> {
      for (let at = 0; at < pieces; at += 1) {
        yield BYTES.subarray(at * size, (at + 1) * size);
        await sleep(TIMEOUT * 250);
      }
    }
    const patched = expectStatus(await repository.patch(location, slowly()), 202);
    expectStatus(await repository.close(locationOf(patched, server.url), digestOf(BYTES)), 201);
  });
});

describe.concurrent('a client that goes away in the middle', () => {
  test('of a PATCH can go on from what arrived', async () => {
    const repository = freshRepository(server);
    const location = await repository.startUpload();
    const connection = await begin('PATCH', location, BYTES.length);
    connection.write(BYTES.subarray(0, 250_000));
    await sleep(300);
    connection.destroy();
    await sleep(300);
    const held = await heldBy(location);
    expect(held).toBeLessThanOrEqual(250_000);
    const patched = await repository.patch(location, BYTES.subarray(held), `${held}-${BYTES.length - 1}`);
    expectStatus(await repository.close(locationOf(expectStatus(patched, 202), server.url), digestOf(BYTES)), 201);
  });

  test('of a PUT or a single POST leaves no blob behind', async () => {
    const repository = freshRepository(server);
    const bytes = randomContent(400_000);
    const put = new URL(await repository.startUpload());
    put.searchParams.set('digest', digestOf(bytes));
    const post = repository.url(`blobs/uploads/?digest=${digestOf(bytes)}`);
    for (const [method, url] of [
      ['PUT', put.href],
      ['POST', post],
    ] as const) {
      const connection = await begin(method, url, bytes.length);
      connection.write(bytes.subarray(0, 250_000));
      await sleep(200);
      connection.destroy();
      await sleep(200);
      expect((await repository.head(`blobs/${digestOf(bytes)}`)).status).toBe(404);
    }
    await repository.pushBlob(bytes);
    expect((await repository.get(`blobs/${digestOf(bytes)}`)).body.equals(bytes)).toBe(true);
  });

  test('of a manifest leaves nothing behind', async () => {
    const repository = freshRepository(server);
    await repository.pushImage('there');
    const bytes = imageIndex([]);
    const connection = await begin(
      'PUT',
      repository.url('manifests/half'),
      bytes.length,
      `Content-Type: ${MEDIA.index}\r\n`,
    );
    connection.write(bytes.subarray(0, 30));
    await sleep(200);
    connection.destroy();
    await sleep(200);
    expect((await repository.head('manifests/half')).status).toBe(404);
    expect(await repository.tags()).toEqual(['there']);
  });

  test('of a large pull does no harm to the next', async () => {
    const repository = freshRepository(server);
    const bytes = randomContent(20_000_000);
    const digest = await repository.pushBlob(bytes);
    const connections = await Promise.all(
      Array.from({ length: 10 }, () => begin('GET', repository.url(`blobs/${digest}`), 0)),
    );
    await Promise.all(connections.map((connection) => connection.until((received) => received.length > 1000)));
    for (const connection of connections) connection.destroy();
    expect((await repository.get(`blobs/${digest}`)).body.equals(bytes)).toBe(true);
  });

  test('and of fewer bytes than it promised, with a clean end, is refused', async () => {
    const repository = freshRepository(server);
    const bytes = Buffer.from('{"schemaVersion":2}');
    const connection = await begin('PUT', repository.url('manifests/short'), 500, `Content-Type: ${MEDIA.index}\r\n`);
    connection.write(bytes);
    connection.end();
    await connection.closed(TIMEOUT * 1000 + 8000);
    expect([undefined, 400, 408]).toContain(connection.status);
    expect((await repository.head('manifests/short')).status).toBe(404);
  });
});

/** Asks so often, reads nothing for two timeouts and more, and then all that still comes until the connection ends. */
async function readLate(path: string, times: number): Promise<string> {
  const { hostname, port } = new URL(server.url);
  const socket = connect(Number(port), hostname);
  socket.on('error', () => {});
  socket.write(`GET ${path} HTTP/1.1\r\nHost: x\r\n\r\n`.repeat(times));
  await sleep(TIMEOUT * 4000);
  const pieces: Buffer[] = [];
  socket.on('data', (piece: Buffer) => pieces.push(piece));
  await once(socket, 'close', { signal: AbortSignal.timeout(10_000) });
  return Buffer.concat(pieces).toString('latin1');
}

describe.concurrent('a reader who takes nothing', () => {
  test('of a large blob is cut', { timeout: 30_000 }, async () => {
    const repository = freshRepository(server);
    const digest = await repository.pushBlob(Buffer.alloc(64 * 1024 * 1024, 'a'));
    const received = await readLate(`/v2/${repository.name}/blobs/${digest}`, 1);
    expect(received).toMatch(/^HTTP\/1\.1 200/);
    expect(received.length).toBeLessThan(32 * 1024 * 1024);
  });

  test('of lists is cut', { timeout: 30_000 }, async () => {
    const repository = freshRepository(server);
    const { digest, bytes } = await repository.pushImage('v1');
    const subject = descriptorOf(bytes, MEDIA.manifest);
    for (let at = 0; at < 30; at += 1) {
      const referrer = imageIndex([], { subject, annotations: { at: String(at), filler: 'x'.repeat(60_000) } });
      expectStatus(await repository.putManifest(digestOf(referrer), referrer, MEDIA.index), 201);
    }
    const received = await readLate(`/v2/${repository.name}/referrers/${digest}`, 40);
    expect(received).toMatch(/^HTTP\/1\.1 200/);
    expect(received.length).toBeLessThan(32 * 1024 * 1024);
  });
});
