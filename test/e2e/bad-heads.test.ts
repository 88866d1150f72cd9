import { describe, expect, test } from 'vitest';
import { freshRepository } from '../support/repository.ts';
import { RawConnection } from '../support/raw-connection.ts';
import { useServer } from '../support/server.ts';

const server = useServer();

/** All that comes back until the server closes the connection. */
async function answered(bytes: string): Promise<RawConnection> {
  const connection = await RawConnection.open(server);
  connection.write(bytes);
  await connection.closed(10_000);
  return connection;
}

describe('a client that nothing more can be understood of', () => {
  test.each([
    ['behind a request that closes the connection', 'Connection: close\r\n'],
    ['behind a request that does not', ''],
  ])('gets its answer, with nonsense %s', async (_, headers) => {
    const connection = await answered(`GET /v2/ HTTP/1.1\r\nHost: x\r\n${headers}\r\n{"nonsense": true}`);
    expect(connection.status).toBe(200);
    expect(connection.received.match(/^HTTP\/1\.1 /gm)).toHaveLength(1);
    expect(connection.received).toMatch(/\{\}$/);
  });

  test('gets the answer to a blob as a whole, with nonsense behind the request', async () => {
    const repository = freshRepository(server);
    const digest = await repository.pushBlob(Buffer.alloc(3_000_000, 'a'));
    const { pathname } = new URL(repository.url(`blobs/${digest}`));
    const connection = await answered(`GET ${pathname} HTTP/1.1\r\nHost: x\r\n\r\n\0\0\0\0`);
    expect(connection.received).toMatch(/\r\n\r\na{3000000}$/);
  });

  test('is told why its body was refused, however that goes on', async () => {
    const head =
      'PUT /v2/a/manifests/b HTTP/1.1\r\nHost: x\r\nOrigin: http://other.example\r\nTransfer-Encoding: chunked';
    const connection = await answered(`${head}\r\n\r\nthis is no chunk`);
    expect(connection.status).toBe(403);
    expect(connection.received).toMatch(/"code":"DENIED"/);
  });

  test('is told that this is no proxy', async () => {
    const connection = await answered('CONNECT example.com:443 HTTP/1.1\r\nHost: example.com:443\r\n\r\n');
    expect(connection.status).toBe(405);
    expect(connection.received).toMatch(/"code":"method-not-allowed"/);
  });
});
