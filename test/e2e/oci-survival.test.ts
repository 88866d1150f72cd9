import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, test } from 'vitest';
import { errorsIn } from '../support/assay-command.ts';
import { header, send } from '../support/http.ts';
import { ALGORITHMS, digestOf, imageIndex, MEDIA, randomContent } from '../support/oci-content.ts';
import { RawConnection } from '../support/raw-connection.ts';
import { expectStatus, freshRepository, locationOf } from '../support/repository.ts';
import { rounds, someOf } from '../support/rounds.ts';
import { Server, useServer } from '../support/server.ts';
import { until } from '../support/until.ts';

const server = useServer();

async function heldBy(location: string): Promise<number> {
  const range = header(expectStatus(await send('GET', location), 204), 'range') ?? '';
  const last = Number(range.split('-')[1]);
  return last === 0 || Number.isNaN(last) ? 0 : last + 1;
}

async function restartBy(how: 'SIGTERM' | 'SIGKILL'): Promise<void> {
  const code = how === 'SIGKILL' ? await server.kill() : await server.stop();
  expect(code).toBe(how === 'SIGKILL' ? null : 0);
  await server.start();
}

describe.each(['SIGTERM', 'SIGKILL'] as const)('after %s', (how) => {
  test.each(ALGORITHMS)('an upload continues behind its last chunk (%s)', async (algorithm) => {
    const repository = freshRepository(server);
    const bytes = randomContent(900_000);
    const started = await repository.startUpload();
    const patched = expectStatus(await repository.patch(started, bytes.subarray(0, 500_000), '0-499999'), 202);
    await restartBy(how);
    const status = expectStatus(await send('GET', locationOf(patched, server.url)), 204);
    expect(header(status, 'range')).toBe('0-499999');
    const digest = digestOf(bytes, algorithm);
    expectStatus(
      await repository.close(locationOf(status, server.url), digest, bytes.subarray(500_000), '500000-899999'),
      201,
    );
    expect((await repository.get(`blobs/${digest}`)).body.equals(bytes)).toBe(true);
  });

  test('an upload that had only begun continues', async () => {
    const repository = freshRepository(server);
    const bytes = randomContent(100);
    const location = await repository.startUpload();
    await restartBy(how);
    expectStatus(await send('GET', location), 204);
    expectStatus(await repository.close(location, digestOf(bytes), bytes), 201);
  });

  test('all that was acknowledged is there', async () => {
    const repository = freshRepository(server);
    const large = randomContent(700_000);
    const large512 = randomContent(700_001);
    const [image, digest, digest512] = await Promise.all([
      repository.pushImage('v1'),
      repository.pushBlob(large),
      repository.pushBlob(large512, 'sha512'),
    ]);
    const deleted = await repository.pushImage('gone');
    expectStatus(await repository.delete(`manifests/${deleted.digest}`), 202);
    await restartBy(how);
    expect((await repository.get('manifests/v1')).body.equals(image.bytes)).toBe(true);
    expect((await repository.get(`blobs/${digest}`)).body.equals(large)).toBe(true);
    expect((await repository.get(`blobs/${digest512}`)).body.equals(large512)).toBe(true);
    expect((await repository.head('manifests/gone')).status).toBe(404);
    expect(await repository.tags()).toEqual(['v1']);
  });

  test('an upload that was cancelled stays so', async () => {
    const repository = freshRepository(server);
    const location = await repository.startUpload();
    expectStatus(await repository.patch(location, randomContent(100_000)), 202);
    expectStatus(await send('DELETE', location), 204);
    await restartBy(how);
    expectStatus(await send('GET', location), 404);
  });
});

describe('killed in the middle of a chunk', () => {
  test.each(someOf(1, [50, 150, 300]))(
    'the server holds a beginning of it, and the upload goes on (after %i ms)',
    async (delay) => {
      const repository = freshRepository(server);
      const bytes = randomContent(6_000_000);
      const location = await repository.startUpload();
      expectStatus(await repository.patch(location, bytes.subarray(0, 1_000_000), '0-999999'), 202);

      const { pathname, search } = new URL(location);
      const connection = await RawConnection.open(server);
      connection.write(`PATCH ${pathname}${search} HTTP/1.1\r\nHost: x\r\nContent-Length: 5000000\r\n\r\n`);
      connection.write(bytes.subarray(1_000_000, 4_000_000));
      await sleep(delay);
      await server.kill();
      await connection.closed(10_000);
      await server.start();

      const held = await heldBy(location);
      expect(held).toBeGreaterThanOrEqual(1_000_000);
      expect(held).toBeLessThanOrEqual(4_000_000);
      const rest = await repository.patch(location, bytes.subarray(held), `${held}-${bytes.length - 1}`);
      expectStatus(await repository.close(locationOf(expectStatus(rest, 202), server.url), digestOf(bytes)), 201);
      expect((await repository.get(`blobs/${digestOf(bytes)}`)).body.equals(bytes)).toBe(true);
    },
  );
});

describe('killed again and again while clients push', () => {
  test('the server has everything that it acknowledged, and nothing by halves', async () => {
    const repository = freshRepository(server);
    const acknowledged: { readonly tag: string; readonly bytes: Buffer; readonly blob: Buffer }[] = [];
    const attempted: Buffer[] = [];
    for (let round = 0; round < rounds(2, 4); round += 1) {
      const clients = Array.from({ length: 6 }, async (_, client) => {
        for (let at = 0; server.running; at += 1) {
          const tag = `r${round}-c${client}-${at}`;
          const blob = randomContent(at % 3 === 0 ? 200_000 : 2000);
          const bytes = imageIndex([], { annotations: { tag } });
          attempted.push(blob);
          try {
            await repository.pushBlob(blob);
            expectStatus(await repository.putManifest(tag, bytes, MEDIA.index), 201);
          } catch {
            return;
          }
          acknowledged.push({ tag, bytes, blob });
        }
      });
      const before = acknowledged.length;
      await until('a push is acknowledged', () => acknowledged.length > before);
      await sleep(50 + round * 130);
      await Promise.all([server.kill(), ...clients]);
      await server.start();
    }
    expect(acknowledged.length).toBeGreaterThan(0);
    for (const { tag, bytes, blob } of acknowledged) {
      expect((await repository.get(`manifests/${tag}`)).body.equals(bytes)).toBe(true);
      expect((await repository.get(`blobs/${digestOf(blob)}`)).body.equals(blob)).toBe(true);
    }
    for (const blob of attempted) {
      const reply = await repository.get(`blobs/${digestOf(blob)}`);
      expect([200, 404]).toContain(reply.status);
      expect(reply.status !== 200 || reply.body.equals(blob)).toBe(true);
    }
    const listed = await repository.tags();
    expect(listed).toEqual(expect.arrayContaining(acknowledged.map(({ tag }) => tag)));
    expect(await errorsIn(server.data, server.environment)).toEqual([]);
  });
});

describe('SIGTERM', () => {
  test('lets a request under way end, and then ends with 0', async () => {
    const own = new Server();
    await own.start();
    try {
      const repository = freshRepository(own);
      const bytes = randomContent(600_000);
      const location = await repository.startUpload();
      let stopped: Promise<number | null> = Promise.resolve(null);
      async function* slowly(): AsyncGenerator<Uint8Array> {
        yield bytes.subarray(0, 300_000);
        await sleep(300);
        stopped = own.stop();
        await sleep(700);
        yield bytes.subarray(300_000);
      }
      expectStatus(await repository.close(location, digestOf(bytes), slowly()), 201);
      expect(await stopped).toBe(0);
      await own.start();
      expect((await repository.get(`blobs/${digestOf(bytes)}`)).body.equals(bytes)).toBe(true);
    } finally {
      await own.close();
    }
  });

  test('does not wait for clients that keep a connection open without a word', async () => {
    const own = new Server();
    await own.start();
    try {
      const silent = await RawConnection.open(own);
      const idle = await RawConnection.open(own);
      idle.write('GET /v2/ HTTP/1.1\r\nHost: x\r\n\r\n');
      await idle.until((received) => received.includes('200'));
      const before = Date.now();
      expect(await own.stop()).toBe(0);
      expect(Date.now() - before).toBeLessThan(8000);
      silent.destroy();
      idle.destroy();
    } finally {
      await own.close();
    }
  });
});
