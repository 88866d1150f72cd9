import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, test } from 'vitest';
import { piecesBehind } from '../support/behind-the-server.ts';
import { send } from '../support/http.ts';
import { digestOf, randomContent } from '../support/oci-content.ts';
import { expectRefusal } from '../support/oci-error.ts';
import { expectStatus, freshRepository } from '../support/repository.ts';
import { useServer } from '../support/server.ts';

const server = useServer({ flags: ['--upload-expiry', '2s', '--gc-interval', '500ms'] });
const LIMIT = 15_000;

async function until(holds: () => Promise<boolean>): Promise<void> {
  const end = Date.now() + LIMIT;
  while (!(await holds())) {
    if (Date.now() > end) throw new Error('it did not come to pass');
    await sleep(200);
  }
}

describe('an upload that nobody continues', () => {
  test('expires, and what it held is gone', async () => {
    const repository = freshRepository(server);
    const before = (await piecesBehind(server)).size;
    const location = await repository.startUpload();
    expectStatus(await repository.patch(location, randomContent(500_000)), 202);
    expect((await piecesBehind(server)).size).toBeGreaterThan(before);
    await until(async () => (await send('GET', location)).status === 404);
    expectRefusal(await repository.patch(location, randomContent(10)), 404, 'BLOB_UPLOAD_UNKNOWN');
    await until(async () => (await piecesBehind(server)).size === before);
  });

  test('expires where nothing ever came, too', async () => {
    const location = await freshRepository(server).startUpload();
    await until(async () => (await send('GET', location)).status === 404);
    expect((await send('DELETE', location)).status).toBe(404);
  });
});

describe('an upload that goes on', () => {
  test('does not expire, however old it gets', async () => {
    const repository = freshRepository(server);
    const bytes = randomContent(800_000);
    const location = await repository.startUpload();
    for (let at = 0; at < 8; at += 1) {
      expectStatus(await repository.patch(location, bytes.subarray(at * 100_000, (at + 1) * 100_000)), 202);
      await sleep(700);
    }
    expectStatus(await repository.close(location, digestOf(bytes)), 201);
    expect((await repository.get(`blobs/${digestOf(bytes)}`)).body.equals(bytes)).toBe(true);
  });

  test('in a single slow request does not expire under it', async () => {
    const repository = freshRepository(server);
    const bytes = randomContent(800_000);
    async function* slowly(): AsyncGenerator<Uint8Array> {
      for (let at = 0; at < 8; at += 1) {
        yield bytes.subarray(at * 100_000, (at + 1) * 100_000);
        await sleep(600);
      }
    }
    expectStatus(await repository.close(await repository.startUpload(), digestOf(bytes), slowly()), 201);
    expect((await repository.get(`blobs/${digestOf(bytes)}`)).body.equals(bytes)).toBe(true);
  });
});
