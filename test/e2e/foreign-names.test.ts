import { describe, expect, test } from 'vitest';
import { assay } from '../support/assay-command.ts';
import { jsonOf, send, textOf } from '../support/http.ts';
import { RawConnection } from '../support/raw-connection.ts';
import { useServer } from '../support/server.ts';

const PATHS = [
  ['GET', '/'],
  ['GET', '/healthz'],
  ['GET', '/metrics'],
  ['GET', '/api/v1/families'],
  ['PUT', '/api/v1/families/a/b/rules'],
  ['GET', '/v2/a/b/manifests/latest'],
  ['HEAD', `/v2/a/b/blobs/sha256:${'0'.repeat(64)}`],
  ['POST', '/v2/a/b/blobs/uploads/'],
  ['GET', '/git/a/b.git/info/refs?service=git-upload-pack'],
  ['POST', '/git/a/b.git/git-receive-pack'],
  ['GET', '/log/checkpoint'],
  ['GET', '/nothing'],
] as const;

describe('a page whose name came to stand for this machine', () => {
  const server = useServer();

  test.each(PATHS)('neither reads nor writes: %s %s', async (method, path) => {
    const host = 'rebound.example.com';
    // As a browser sends it: the page and the server are of one origin for it.
    const headers = { host, origin: `http://${host}`, 'sec-fetch-site': 'same-origin' };
    expect((await send(method, server.url + path, { headers })).status).toBe(421);
  });

  test('is told in the envelope of the path', async () => {
    const headers = { host: 'rebound.example.com' };
    expect(jsonOf(await send('GET', `${server.url}/api/v1/families`, { headers }))).toMatchObject({
      status: 421,
      code: 'host-foreign',
      detail: expect.stringContaining('ASSAY_ALLOWED_HOSTS') as string,
    });
    expect(jsonOf(await send('GET', `${server.url}/v2/`, { headers }))).toMatchObject({ errors: [{ code: 'DENIED' }] });
    const git = await send('GET', `${server.url}/git/a.git/info/refs?service=git-upload-pack`, { headers });
    expect(textOf(git)).toMatch(/^this server does not answer to rebound\.example\.com/);
  });

  test('has no way around by a target that names another host', async () => {
    const connection = await RawConnection.open(server);
    connection.write('GET http://127.0.0.1/api/v1/families HTTP/1.1\r\nHost: rebound.example.com\r\n\r\n');
    await connection.until((received) => received.includes('host-foreign'));
    expect(connection.status).toBe(421);
    connection.destroy();
  });

  test('does not hinder those who use an address or a name that is nobody else’s', async () => {
    for (const host of ['localhost', '127.0.0.1:1', '[::1]', 'assay', '192.0.2.7']) {
      expect((await send('GET', `${server.url}/api/v1/families`, { headers: { host } })).status).toBe(200);
    }
  });
});

describe('a server on a network', () => {
  const server = useServer({ env: { ASSAY_TRUST: 'network', ASSAY_ALLOWED_HOSTS: 'assay.example.org,*.lan.example' } });

  test('answers to the names that are listed and to no other', async () => {
    for (const [host, status] of [
      ['assay.example.org:443', 200],
      ['tests.lan.example', 200],
      ['other.example.org', 421],
    ] as const) {
      expect((await send('GET', `${server.url}/v2/`, { headers: { host } })).status).toBe(status);
    }
  });
});

test('a name that is none is a wrong setting', async () => {
  const { code, stderr } = await assay(['serve'], { ASSAY_ALLOWED_HOSTS: 'http://assay.example.org' });
  expect(code).toBe(2);
  expect(stderr).toContain('ASSAY_ALLOWED_HOSTS');
});
