import { Agent } from 'node:http';
import { describe, expect, test } from 'vitest';
import { header, send } from '../support/http.ts';
import {
  descriptorOf,
  digestOf,
  EMPTY_JSON,
  imageIndex,
  imageManifest,
  MEDIA,
  randomContent,
  unknownDigest,
} from '../support/oci-content.ts';
import { expectRefusal } from '../support/oci-error.ts';
import { RawConnection } from '../support/raw-connection.ts';
import { expectStatus, freshRepository, type Repository } from '../support/repository.ts';
import { useServer } from '../support/server.ts';

const server = useServer();
const LIMIT = 4 * 1024 * 1024;

async function expectAlive(): Promise<void> {
  expect((await send('GET', `${server.url}/v2/`)).status).toBe(200);
}

function manifestOfSize(size: number): Buffer {
  const config = descriptorOf(EMPTY_JSON, MEDIA.config);
  const room = size - imageManifest(config, [], { annotations: { filler: '' } }).length;
  return imageManifest(config, [], { annotations: { filler: 'x'.repeat(room) } });
}

async function repositoryWithConfig(): Promise<Repository> {
  const repository = freshRepository(server);
  await repository.pushBlob(EMPTY_JSON);
  return repository;
}

async function* inPieces(bytes: Buffer, size = 65_536): AsyncGenerator<Uint8Array> {
  for (let start = 0; start < bytes.length; start += size) yield bytes.subarray(start, start + size);
}

describe('a manifest of more than 4 MiB', () => {
  test.each([true, false])('is a 413, and nothing is stored (keep-alive %s)', async (keepAlive) => {
    const repository = await repositoryWithConfig();
    const agent = new Agent({ keepAlive });
    const reply = await repository.putManifest('v1', manifestOfSize(LIMIT + 1), MEDIA.manifest, agent);
    agent.destroy();
    expectRefusal(reply, 413, ['MANIFEST_INVALID', 'SIZE_INVALID', 'UNSUPPORTED']);
    expect((await repository.head('manifests/v1')).status).toBe(404);
    await expectAlive();
  });

  test('is a 413 where its length was not said before', async () => {
    const repository = await repositoryWithConfig();
    const reply = await repository.putManifest('v1', inPieces(manifestOfSize(LIMIT + 1)));
    expectRefusal(reply, 413, ['MANIFEST_INVALID', 'SIZE_INVALID', 'UNSUPPORTED']);
    expect((await repository.head('manifests/v1')).status).toBe(404);
  });

  test('is refused at its headers, before anybody sends it', async () => {
    const repository = await repositoryWithConfig();
    const connection = await RawConnection.open(server);
    connection.write(
      `PUT /v2/${repository.name}/manifests/v1 HTTP/1.1\r\nHost: x\r\nContent-Type: ${MEDIA.manifest}\r\nContent-Length: 99999999999\r\n\r\n`,
    );
    await connection.until(() => connection.status !== undefined);
    expect(connection.status).toBe(413);
    connection.destroy();
    await expectAlive();
  });
});

describe('headers', () => {
  test('of a hundred kilobytes are a 431, and the server lives', async () => {
    const connection = await RawConnection.open(server);
    connection.write(`GET /v2/ HTTP/1.1\r\nHost: x\r\nX-Filler: ${'x'.repeat(100_000)}\r\n\r\n`);
    await connection.until(() => connection.status !== undefined);
    expect(connection.status).toBe(431);
    await connection.closed(10_000);
    await expectAlive();
  });

  test('in their thousands are refused or ignored, and the server lives', async () => {
    const connection = await RawConnection.open(server);
    const many = Array.from({ length: 3000 }, (_, at) => `X-${at}: y\r\n`).join('');
    connection.write(`GET /v2/ HTTP/1.1\r\nHost: x\r\n${many}\r\n`);
    await connection.until(() => connection.status !== undefined);
    expect([200, 431]).toContain(connection.status);
    connection.destroy();
    await expectAlive();
  });

  test.each(['Range', 'If-None-Match', 'Accept', 'Content-Range', 'If-Range', 'Content-Type'])(
    'named %s may hold anything without harm',
    async (name) => {
      const repository = freshRepository(server);
      const image = await repository.pushImage('v1');
      for (const value of [
        ',',
        '"',
        ',,,;;;==',
        'W/',
        '\u00ff\u00fe',
        'bytes=',
        'x'.repeat(7000),
        '"'.repeat(3000),
        '*'.repeat(3000),
      ]) {
        const manifest = await repository.send('GET', 'manifests/v1', { headers: { [name]: value } });
        expect([200, 304, 400, 406, 416]).toContain(manifest.status);
        const blob = await repository.send('GET', `blobs/${digestOf(image.layer)}`, { headers: { [name]: value } });
        expect([200, 304, 400, 416]).toContain(blob.status);
        const put = await repository.send('PUT', 'manifests/v2', { headers: { [name]: value }, body: imageIndex([]) });
        expect(put.status).toBeLessThan(500);
      }
    },
  );
});

describe('a request line', () => {
  test('of a hundred kilobytes is a 414 or 431, and the server lives', async () => {
    const connection = await RawConnection.open(server);
    connection.write(`GET /v2/${'a'.repeat(100_000)}/tags/list HTTP/1.1\r\nHost: x\r\n\r\n`);
    await connection.until(() => connection.status !== undefined);
    expect([400, 404, 414, 431]).toContain(connection.status);
    connection.destroy();
    await expectAlive();
  });

  test('with a thousand parameters does no harm', async () => {
    const repository = freshRepository(server);
    const query = Array.from({ length: 1000 }, (_, at) => `p${at}=1`).join('&');
    expectStatus(await repository.send('POST', `blobs/uploads/?${query}`), 202, 400, 414);
    await expectAlive();
  });

  test('with a query that cannot be decoded is no fault of the server', async () => {
    const repository = freshRepository(server);
    await repository.pushImage('v1');
    for (const path of [
      'tags/list?n=%',
      'tags/list?last=%ff',
      'tags/list?last=%00',
      `referrers/${unknownDigest()}?artifactType=%`,
      'tags/list?%zz',
    ]) {
      expect((await repository.get(path)).status).toBeLessThan(500);
    }
  });
});

const HTTP_0_9 = 'GET /v2/\r\n\r\n';

describe('what is no HTTP', () => {
  test.each([
    'hello\r\n\r\n',
    HTTP_0_9,
    'GET /v2/ HTTP/1.1\r\n\r\n',
    'GET /v2/ HTTP/9.9\r\nHost: x\r\n\r\n',
    'GET /v2/ HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n',
    'PUT /v2/a/manifests/b HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\n',
    'PUT /v2/a/manifests/b HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n',
    '\u0016\u0003\u0001\u0002\u0000\u0001\u0000\u0001\u00fc\u0003\u0003',
  ])('is a 4xx or the end of the connection, and the server lives (%j)', async (bytes) => {
    const connection = await RawConnection.open(server);
    connection.write(Buffer.from(bytes, 'latin1'));
    connection.end();
    await connection.closed(10_000);
    // The parser of Node takes a request line without a version for one of HTTP/0.9 and lets it through.
    const accepted = bytes === HTTP_0_9 ? [200] : [];
    expect([undefined, 400, 405, 501, 505, ...accepted]).toContain(connection.status);
    await expectAlive();
  });
});

describe('a connection', () => {
  test('goes on after a request that was refused with its body unread', async () => {
    const agent = new Agent({ keepAlive: true, maxSockets: 1 });
    const repository = freshRepository(server);
    for (let round = 0; round < 5; round += 1) {
      const refused = await repository.send('PUT', 'manifests/.bad', { body: randomContent(300_000), agent });
      expect([400, 404]).toContain(refused.status);
      expect((await send('GET', `${server.url}/v2/`, { agent })).status).toBe(200);
    }
    agent.destroy();
  });

  test('answers requests that were sent all at once, in their order', async () => {
    const repository = freshRepository(server);
    const image = await repository.pushImage('v1');
    const connection = await RawConnection.open(server);
    const targets = ['tags/list', `manifests/${image.digest}`, 'manifests/absent', `blobs/${digestOf(image.layer)}`];
    const requests = targets.map((path, at) => {
      const last = at === targets.length - 1 ? 'Connection: close\r\n' : '';
      return `GET /v2/${repository.name}/${path} HTTP/1.1\r\nHost: x\r\n${last}\r\n`;
    });
    connection.write(requests.join(''));
    await connection.closed(10_000);
    const statuses = [...connection.received.matchAll(/HTTP\/1\.1 (\d{3})/g)].map(([, status]) => status);
    expect(statuses).toEqual(['200', '200', '404', '200']);
  });
});

describe('a target that names the whole address', () => {
  test.each(['tags/list', 'manifests/v1', 'manifests/absent', 'blobs/none'])(
    'is answered as its path is: %s',
    async (rest) => {
      const repository = freshRepository(server);
      await repository.pushImage('v1');
      const path = `/v2/${repository.name}/${rest}`;
      const { status, body } = await send('GET', `${server.url}${path}`);
      const connection = await RawConnection.open(server);
      connection.write(`GET HTTP://any:80${path} HTTP/1.1\r\nHost: any\r\nConnection: close\r\n\r\n`);
      await connection.closed(10_000);
      expect(connection.status).toBe(status);
      expect(connection.received.endsWith(body.toString('latin1'))).toBe(true);
    },
  );

  test('is the root where it has no path', async () => {
    const connection = await RawConnection.open(server);
    connection.write('GET http://any HTTP/1.1\r\nHost: any\r\nConnection: close\r\n\r\n');
    await connection.closed(10_000);
    expect(connection.status).toBe((await send('GET', `${server.url}/`)).status);
  });
});

describe('what is no HTTP, behind a request', () => {
  test('is never answered into the midst of the answer under way', async () => {
    const repository = freshRepository(server);
    const bytes = Buffer.alloc(64 * 1024 * 1024, 'a');
    const digest = await repository.pushBlob(bytes);
    const connection = await RawConnection.open(server);
    connection.write(`GET /v2/${repository.name}/blobs/${digest} HTTP/1.1\r\nHost: x\r\n\r\n`);
    await connection.until((received) => received.length > 0);
    connection.write('hello\r\n\r\n');
    await connection.closed(30_000);
    expect(connection.received.match(/HTTP\/1\.1 \d{3}/g)).toEqual(['HTTP/1.1 200']);
    expect(connection.received.endsWith('a')).toBe(true);
    expect(connection.received.length).toBeGreaterThan(bytes.length);
  });

  test('is answered when the answer before it has left', async () => {
    const connection = await RawConnection.open(server);
    connection.write('GET /v2/ HTTP/1.1\r\nHost: x\r\n\r\n');
    await connection.until(() => connection.status === 200);
    connection.write('hello\r\n\r\n');
    await connection.closed(10_000);
    expect(connection.received.match(/HTTP\/1\.1 \d{3}/g)).toEqual(['HTTP/1.1 200', 'HTTP/1.1 400']);
  });
});

describe('an unknown part of the server', () => {
  test('tells nothing about its inside', async () => {
    for (const path of ['/', '/v1/', '/v2/_unknown', '/etc/passwd', '/healthz/../..']) {
      const reply = await send('GET', `${server.url}${path}`);
      expect(reply.status).toBeLessThan(500);
      expect(reply.body.toString()).not.toMatch(/node_modules|\.ts:|\.js:|at async/);
      expect(header(reply, 'x-powered-by')).toBeUndefined();
    }
  });
});
