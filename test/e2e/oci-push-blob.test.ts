import { describe, expect, test } from 'vitest';
import { header, send, type Reply } from '../support/http.ts';
import { ALGORITHMS, digestOf, randomContent, unknownDigest } from '../support/oci-content.ts';
import { expectRefusal } from '../support/oci-error.ts';
import { expectStatus, freshRepository, locationOf, type Repository } from '../support/repository.ts';
import { useServer } from '../support/server.ts';

const server = useServer();
const UUID = /[0-9a-f]{8}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{12}/i;
const SIZES = [0, 1, 5000, 65_536, 65_537, 2_200_000];

/** `pieces` of the bytes, one after the other, the way a client streams them. */
async function* streamed(bytes: Buffer, pieces = 7): AsyncGenerator<Uint8Array> {
  const size = Math.max(1, Math.ceil(bytes.length / pieces));
  for (let start = 0; start < bytes.length; start += size) yield bytes.subarray(start, start + size);
}

async function expectStored(repository: Repository, closed: Reply, digest: string, bytes: Buffer): Promise<void> {
  expectStatus(closed, 201);
  expect(header(closed, 'docker-content-digest')).toBe(digest);
  const reply = expectStatus(await send('GET', locationOf(closed, repository.url(''))), 200);
  expect(reply.body.equals(bytes)).toBe(true);
  expect((await repository.get(`blobs/${digest}`)).body.equals(bytes)).toBe(true);
}

describe.each(ALGORITHMS)('a blob goes up under %s', (algorithm) => {
  describe.each(SIZES)('with %i bytes', (size) => {
    const bytes = randomContent(size);
    const digest = digestOf(bytes, algorithm);

    test('by a POST and a PUT', async () => {
      const repository = freshRepository(server);
      const closed = await repository.close(await repository.startUpload(), digest, bytes);
      await expectStored(repository, closed, digest, bytes);
    });

    test('by a POST that names the algorithm, and a PUT', async () => {
      const repository = freshRepository(server);
      const location = await repository.startUpload(`?digest-algorithm=${algorithm}`);
      await expectStored(repository, await repository.close(location, digest, bytes), digest, bytes);
    });

    test('by a POST and a PUT of unknown length', async () => {
      const repository = freshRepository(server);
      const closed = await repository.close(await repository.startUpload(), digest, streamed(bytes));
      await expectStored(repository, closed, digest, bytes);
    });

    test('by a single POST', async () => {
      const repository = freshRepository(server);
      const closed = await repository.send('POST', `blobs/uploads/?digest=${digest}`, { body: bytes });
      await expectStored(repository, closed, digest, bytes);
    });

    test('by a single POST of unknown length', async () => {
      const repository = freshRepository(server);
      const closed = await repository.send('POST', `blobs/uploads/?digest=${digest}`, { body: streamed(bytes) });
      await expectStored(repository, closed, digest, bytes);
    });

    test('in one streamed PATCH', async () => {
      const repository = freshRepository(server);
      const patched = expectStatus(await repository.patch(await repository.startUpload(), streamed(bytes)), 202);
      const closed = await repository.close(locationOf(patched, server.url), digest);
      await expectStored(repository, closed, digest, bytes);
    });
  });

  describe('in chunks', () => {
    const bytes = randomContent(300_001);
    const digest = digestOf(bytes, algorithm);
    const chunks = [
      [0, 100_000],
      [100_000, 100_001],
      [100_001, 270_000],
      [270_000, 300_001],
    ] as const;

    test.each(['', `?digest-algorithm=${algorithm}`])('closed by an empty PUT (POST with "%s")', async (query) => {
      const repository = freshRepository(server);
      let location = await repository.startUpload(query);
      for (const [start, end] of chunks) {
        const reply = expectStatus(
          await repository.patch(location, bytes.subarray(start, end), `${start}-${end - 1}`),
          202,
        );
        expect(header(reply, 'range')).toBe(`0-${end - 1}`);
        location = locationOf(reply, server.url);
      }
      await expectStored(repository, await repository.close(location, digest), digest, bytes);
    });

    test('with the last one in the PUT', async () => {
      const repository = freshRepository(server);
      let location = await repository.startUpload();
      for (const [start, end] of chunks.slice(0, -1)) {
        const reply = expectStatus(
          await repository.patch(location, bytes.subarray(start, end), `${start}-${end - 1}`),
          202,
        );
        location = locationOf(reply, server.url);
      }
      const closed = await repository.close(location, digest, bytes.subarray(270_000), '270000-300000');
      await expectStored(repository, closed, digest, bytes);
    });

    test('that say no range, one after the other', async () => {
      const repository = freshRepository(server);
      let location = await repository.startUpload();
      for (const [start, end] of chunks) {
        const reply = expectStatus(await repository.patch(location, streamed(bytes.subarray(start, end))), 202);
        expect(header(reply, 'range')).toBe(`0-${end - 1}`);
        location = locationOf(reply, server.url);
      }
      await expectStored(repository, await repository.close(location, digest), digest, bytes);
    });

    test('to one location, for clients that never look at the next', async () => {
      const repository = freshRepository(server);
      const location = await repository.startUpload();
      for (const [start, end] of chunks) {
        expectStatus(await repository.patch(location, bytes.subarray(start, end), `${start}-${end - 1}`), 202);
      }
      await expectStored(repository, await repository.close(location, digest), digest, bytes);
    });
  });

  test('twice, and is there once', async () => {
    const repository = freshRepository(server);
    const bytes = randomContent(70_000);
    expect(await repository.pushBlob(bytes, algorithm)).toBe(await repository.pushBlob(bytes, algorithm));
    expect((await repository.get(`blobs/${digestOf(bytes, algorithm)}`)).body.equals(bytes)).toBe(true);
  });

  test.each([900, 300_000])('from eight clients at once with %i bytes', async (size) => {
    const repository = freshRepository(server);
    const bytes = randomContent(size);
    const digests = await Promise.all(Array.from({ length: 8 }, () => repository.pushBlob(bytes, algorithm)));
    expect(new Set(digests).size).toBe(1);
    expect((await repository.get(`blobs/${digestOf(bytes, algorithm)}`)).body.equals(bytes)).toBe(true);
  });

  test('under the digest of other bytes: refused, and nothing is stored', async () => {
    const repository = freshRepository(server);
    await repository.pushBlob(randomContent(10));
    const claimed = unknownDigest(algorithm);
    for (const size of [0, 900, 300_000]) {
      const bytes = randomContent(size);
      expectRefusal(await repository.close(await repository.startUpload(), claimed, bytes), 400, 'DIGEST_INVALID');
      expectRefusal(
        await repository.send('POST', `blobs/uploads/?digest=${claimed}`, { body: bytes }),
        400,
        'DIGEST_INVALID',
      );
      const patched = expectStatus(await repository.patch(await repository.startUpload(), bytes), 202);
      expectRefusal(await repository.close(locationOf(patched, server.url), claimed), 400, 'DIGEST_INVALID');
      expect((await repository.head(`blobs/${digestOf(bytes)}`)).status).toBe(404);
    }
    expect((await repository.head(`blobs/${claimed}`)).status).toBe(404);
  });
});

describe('starting an upload', () => {
  test('gives a location with a UUID', async () => {
    const reply = expectStatus(await freshRepository(server).send('POST', 'blobs/uploads/'), 202);
    expect(header(reply, 'location')).toMatch(UUID);
    expect(header(reply, 'content-length') ?? '0').toBe('0');
  });

  test('gives every upload a location of its own', async () => {
    const repository = freshRepository(server);
    const locations = await Promise.all(Array.from({ length: 20 }, () => repository.startUpload()));
    expect(new Set(locations).size).toBe(20);
  });

  test('for an algorithm that nobody supports is refused', async () => {
    const reply = await freshRepository(server).send('POST', 'blobs/uploads/?digest-algorithm=md5');
    expectRefusal(reply, 400, ['DIGEST_INVALID', 'UNSUPPORTED']);
  });
});

const HEX = 'a'.repeat(64);
const MALFORMED = {
  'no algorithm': HEX,
  'an unknown algorithm': `md5:${'a'.repeat(32)}`,
  'too few digits': `sha256:${HEX.slice(1)}`,
  'too many digits': `sha256:${HEX}a`,
  'sha512 with the digits of sha256': `sha512:${HEX}`,
  capitals: `sha256:${HEX.toUpperCase()}`,
  'no hex': `sha256:${'z'.repeat(64)}`,
  'nothing behind the colon': 'sha256:',
  'a path': '../../../etc/passwd',
  'a line break behind it': `sha256:${HEX}\n`,
};

describe.each(Object.entries(MALFORMED))('a digest with %s', (_, digest) => {
  const query = `digest=${encodeURIComponent(digest)}`;

  test('cannot close an upload', async () => {
    const repository = freshRepository(server);
    expectRefusal(
      await repository.close(await repository.startUpload(), digest, randomContent(9)),
      400,
      'DIGEST_INVALID',
    );
  });

  test('cannot come with a single POST', async () => {
    const reply = await freshRepository(server).send('POST', `blobs/uploads/?${query}`, { body: randomContent(9) });
    expectRefusal(reply, 400, 'DIGEST_INVALID');
  });

  test('cannot be mounted', async () => {
    const reply = await freshRepository(server).send(
      'POST',
      `blobs/uploads/?mount=${encodeURIComponent(digest)}&from=a/b`,
    );
    expectRefusal(reply, 400, 'DIGEST_INVALID');
  });
});

describe('closing an upload', () => {
  test('without a digest is refused', async () => {
    const repository = freshRepository(server);
    const reply = await send('PUT', await repository.startUpload(), { body: randomContent(9) });
    expectRefusal(reply, 400, 'DIGEST_INVALID');
    expectRefusal(await repository.close(await repository.startUpload(), '', randomContent(9)), 400, 'DIGEST_INVALID');
  });

  test('ends it', async () => {
    const repository = freshRepository(server);
    const bytes = randomContent(40);
    const location = await repository.startUpload();
    expectStatus(await repository.close(location, digestOf(bytes), bytes), 201);
    expectRefusal(await send('GET', location), 404, 'BLOB_UPLOAD_UNKNOWN');
    expectRefusal(await repository.patch(location, bytes), 404, 'BLOB_UPLOAD_UNKNOWN');
  });

  test('by a client that asks before it sends the body works', async () => {
    const repository = freshRepository(server);
    const bytes = randomContent(100_000);
    const location = new URL(await repository.startUpload());
    location.searchParams.set('digest', digestOf(bytes));
    const reply = await send('PUT', location.href, { body: bytes, headers: { Expect: '100-continue' } });
    await expectStored(repository, reply, digestOf(bytes), bytes);
  });
});

describe('many uploads at once', () => {
  test('keep their bytes apart', async () => {
    const repository = freshRepository(server);
    const blobs = Array.from({ length: 24 }, (_, at) => randomContent(1000 + at * 9000));
    await Promise.all(
      blobs.map(async (bytes, at) => {
        const location = await repository.startUpload();
        const half = Math.floor(bytes.length / 2);
        const patched = expectStatus(await repository.patch(location, bytes.subarray(0, half)), 202);
        const algorithm = at % 2 === 0 ? 'sha256' : 'sha512';
        const rest = bytes.subarray(half);
        expectStatus(await repository.close(locationOf(patched, server.url), digestOf(bytes, algorithm), rest), 201);
        expect((await repository.get(`blobs/${digestOf(bytes, algorithm)}`)).body.equals(bytes)).toBe(true);
      }),
    );
  });
});
