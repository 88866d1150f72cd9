import { describe, expect, test } from 'vitest';
import { header, send } from '../support/http.ts';
import { digestOf, randomContent } from '../support/oci-content.ts';
import { expectRefusal } from '../support/oci-error.ts';
import { expectStatus, freshRepository, locationOf } from '../support/repository.ts';
import { useServer } from '../support/server.ts';

const server = useServer();
const RANGE_CODES = ['BLOB_UPLOAD_INVALID', 'RANGE_INVALID', 'SIZE_INVALID'];

describe('the status of an upload', () => {
  test('names its location and the last byte that arrived', async () => {
    const repository = freshRepository(server);
    const location = await repository.startUpload();
    expectStatus(await repository.patch(location, randomContent(1234), '0-1233'), 202);
    const reply = await send('GET', location);
    expect(reply.status).toBe(204);
    expect(reply.body.length).toBe(0);
    expect(header(reply, 'range')).toBe('0-1233');
    const more = await repository.patch(locationOf(reply, server.url), randomContent(66), '1234-1299');
    expect(header(more, 'range')).toBe('0-1299');
  });

  test('has a range from 0 when nothing has arrived yet', async () => {
    const reply = await send('GET', await freshRepository(server).startUpload());
    expect(reply.status).toBe(204);
    expect(header(reply, 'location')).toBeDefined();
    expect(header(reply, 'range')).toMatch(/^0-(?:0|-1)$/);
  });

  test('of an upload that never was is a 404', async () => {
    const repository = freshRepository(server);
    const location = await repository.startUpload();
    const unknown = location.replace(/[0-9a-f]{8}-[0-9a-f]{4}/, '00000000-0000');
    expect(unknown).not.toBe(location);
    expectRefusal(await send('GET', unknown), 404, 'BLOB_UPLOAD_UNKNOWN');
    expectRefusal(await repository.patch(unknown, randomContent(5)), 404, 'BLOB_UPLOAD_UNKNOWN');
    expectRefusal(
      await repository.close(unknown, digestOf(Buffer.from('x')), Buffer.from('x')),
      404,
      'BLOB_UPLOAD_UNKNOWN',
    );
    expectRefusal(await send('DELETE', unknown), 404, 'BLOB_UPLOAD_UNKNOWN');
  });

  test.each(['..', '%2e%2e', '%2e%2e%2f%2e%2e%2fblobs', 'x', '%00', 'a'.repeat(3000)])(
    'of "%s" is refused',
    async (id) => {
      const repository = freshRepository(server);
      await repository.startUpload();
      const reply = await send('GET', repository.url(`blobs/uploads/${id}`));
      expect([400, 404, 405, 414]).toContain(reply.status);
    },
  );

  test('of an upload of another repository is a 404', async () => {
    const mine = freshRepository(server);
    const other = freshRepository(server);
    const location = (await mine.startUpload()).replace(mine.name, other.name);
    expectRefusal(await send('GET', location), 404, 'BLOB_UPLOAD_UNKNOWN');
    expectRefusal(await other.patch(location, randomContent(5)), 404, 'BLOB_UPLOAD_UNKNOWN');
  });
});

describe('cancelling an upload', () => {
  test('ends it, with what it held', async () => {
    const repository = freshRepository(server);
    const bytes = randomContent(200_000);
    const location = await repository.startUpload();
    expectStatus(await repository.patch(location, bytes), 202);
    expect((await send('DELETE', location)).status).toBe(204);
    expectRefusal(await send('GET', location), 404, 'BLOB_UPLOAD_UNKNOWN');
    expectRefusal(await repository.patch(location, bytes), 404, 'BLOB_UPLOAD_UNKNOWN');
    expectRefusal(await repository.close(location, digestOf(bytes)), 404, 'BLOB_UPLOAD_UNKNOWN');
    expectRefusal(await send('DELETE', location), 404, 'BLOB_UPLOAD_UNKNOWN');
    expect((await repository.head(`blobs/${digestOf(bytes)}`)).status).toBe(404);
  });

  test('ends one that holds nothing yet', async () => {
    const location = await freshRepository(server).startUpload();
    expect((await send('DELETE', location)).status).toBe(204);
    expect((await send('GET', location)).status).toBe(404);
  });

  test('leaves the others alone', async () => {
    const repository = freshRepository(server);
    const [one, two] = [await repository.startUpload(), await repository.startUpload()];
    expectStatus(await repository.patch(two, Buffer.from('abc')), 202);
    expectStatus(await send('DELETE', one), 204);
    expectStatus(await repository.close(two, digestOf(Buffer.from('abc'))), 201);
  });
});

describe('a chunk out of order', () => {
  const bytes = randomContent(3000);

  const OUT_OF_ORDER = {
    'that leaves a gap': '1500-1999',
    'that was sent before': '0-999',
    'that overlaps what is there': '500-1499',
  };

  test.each(Object.entries(OUT_OF_ORDER))('%s is a 416, and the upload goes on', async (_, range) => {
    const repository = freshRepository(server);
    const location = await repository.startUpload();
    expectStatus(await repository.patch(location, bytes.subarray(0, 1000), '0-999'), 202);
    const [start = 0, last = 0] = range.split('-').map(Number);
    const wrong = bytes.subarray(start, last + 1);
    expectRefusal(await repository.patch(location, wrong, range), 416, RANGE_CODES);
    expectRefusal(await repository.close(location, digestOf(bytes), wrong, range), 416, RANGE_CODES);

    const status = expectStatus(await send('GET', location), 204);
    expect(header(status, 'range')).toBe('0-999');
    const next = expectStatus(
      await repository.patch(locationOf(status, server.url), bytes.subarray(1000), '1000-2999'),
      202,
    );
    expectStatus(await repository.close(locationOf(next, server.url), digestOf(bytes)), 201);
    expect((await repository.get(`blobs/${digestOf(bytes)}`)).body.equals(bytes)).toBe(true);
  });

  test('that is the first is a 416 unless it begins at 0', async () => {
    const repository = freshRepository(server);
    const location = await repository.startUpload();
    expectRefusal(await repository.patch(location, bytes.subarray(1), '1-2999'), 416, RANGE_CODES);
    expectRefusal(await repository.close(location, digestOf(bytes), bytes.subarray(1), '1-2999'), 416, RANGE_CODES);
    expectStatus(await repository.patch(location, bytes, '0-2999'), 202);
    expectStatus(await repository.close(location, digestOf(bytes)), 201);
  });
});

describe('a Content-Range', () => {
  test.each(['abc', '0', '5-', '-5', '9-0', '0-4294967295999999999999', 'bytes=', '0-9, 10-19'])(
    'of "%s" is refused',
    async (range) => {
      const repository = freshRepository(server);
      const location = await repository.startUpload();
      expectRefusal(await repository.patch(location, randomContent(10), range), [400, 416], RANGE_CODES);
      expect(header(await send('GET', location), 'range')).toMatch(/^0-(?:0|-1)$/);
    },
  );

  test.each(['0-8', '0-10', '0-99'])('of %s for ten bytes is refused', async (range) => {
    const repository = freshRepository(server);
    const location = await repository.startUpload();
    expectRefusal(await repository.patch(location, randomContent(10), range), [400, 416], RANGE_CODES);
  });
});

describe('two chunks for the same place at once', () => {
  test('leave one of them, whole', async () => {
    const repository = freshRepository(server);
    for (let round = 0; round < 10; round += 1) {
      const location = await repository.startUpload();
      const rivals = [randomContent(150_000), randomContent(150_000)];
      const replies = await Promise.all(rivals.map((bytes) => repository.patch(location, bytes, '0-149999')));
      const won = rivals.filter((_, at) => replies[at]?.status === 202);
      expect(replies.every(({ status }) => status < 500)).toBe(true);
      expect(won.length).toBe(1);
      expectStatus(await repository.close(location, digestOf(won[0] ?? Buffer.alloc(0))), 201);
    }
  });
});
