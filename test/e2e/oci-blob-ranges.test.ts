import { beforeAll, describe, expect, test } from 'vitest';
import { header, type Reply } from '../support/http.ts';
import { digestOf, randomContent, type Algorithm } from '../support/oci-content.ts';
import { expectRefusal } from '../support/oci-error.ts';
import { freshRepository, type Repository } from '../support/repository.ts';
import { useServer } from '../support/server.ts';

const server = useServer();

// Small content and large content are stored in two ways, and so are compressible and other bytes.
const CASES: readonly (readonly [string, Buffer, Algorithm])[] = [
  ['a small blob', randomContent(1000), 'sha256'],
  ['a small blob that compresses', Buffer.alloc(50_000, 'many words, few letters '), 'sha256'],
  ['a large blob', randomContent(2_500_000), 'sha256'],
  ['a large blob that compresses', Buffer.alloc(2_500_000, 'many words, few letters '), 'sha256'],
  ['a small blob under sha512', randomContent(1001), 'sha512'],
  ['a large blob under sha512', randomContent(2_500_001), 'sha512'],
];

describe.each(CASES)('a range of %s', (_, bytes, algorithm) => {
  const digest = digestOf(bytes, algorithm);
  const size = bytes.length;
  let repository: Repository;

  beforeAll(async () => {
    repository = freshRepository(server);
    await repository.pushBlob(bytes, algorithm);
  });

  async function ask(range: string, more: Readonly<Record<string, string>> = {}): Promise<Reply> {
    return repository.get(`blobs/${digest}`, { Range: range, ...more });
  }

  function expectPart(reply: Reply, start: number, end: number): void {
    expect(reply.status).toBe(206);
    expect(header(reply, 'content-range')).toBe(`bytes ${start}-${end - 1}/${size}`);
    expect(header(reply, 'content-length')).toBe(String(end - start));
    expect(reply.body.equals(bytes.subarray(start, end))).toBe(true);
  }

  test('from one byte to another has both of them', async () => {
    expectPart(await ask('bytes=100-199'), 100, 200);
    expectPart(await ask('bytes=0-0'), 0, 1);
    expectPart(await ask(`bytes=${size - 1}-${size - 1}`), size - 1, size);
  });

  test('that crosses the middle is whole', async () => {
    const middle = Math.floor(size / 2);
    expectPart(await ask(`bytes=${middle - 400}-${middle + 400}`), middle - 400, middle + 401);
  });

  test('without an end goes to the end', async () => {
    expectPart(await ask('bytes=900-'), 900, size);
    expectPart(await ask('bytes=0-'), 0, size);
  });

  test('of the last bytes has as many as were asked for', async () => {
    expectPart(await ask('bytes=-300'), size - 300, size);
  });

  test('of more last bytes than there are is all of them', async () => {
    expectPart(await ask(`bytes=-${size + 100}`), 0, size);
  });

  test('whose end lies behind the last byte stops there', async () => {
    expectPart(await ask(`bytes=990-${size + 5000}`), 990, size);
    expectPart(await ask('bytes=990-99999999999999999999'), 990, size);
  });

  test('that begins behind the last byte is a 416 that names the size', async () => {
    for (const range of [
      `bytes=${size}-`,
      `bytes=${size + 10}-${size + 20}`,
      'bytes=99999999999999999999-',
      'bytes=-0',
    ]) {
      const reply = await ask(range);
      expect(reply.status, range).toBe(416);
      expect(header(reply, 'content-range')).toBe(`bytes */${size}`);
      expect(header(reply, 'cache-control')).toBeUndefined();
      expectRefusal(reply, 416, ['UNSUPPORTED']);
    }
  });

  // RFC 9110 leaves it open; the conformance program of the specification counts anything else as missing.
  test('that ends before it begins is a 416', async () => {
    expect((await ask('bytes=500-0')).status).toBe(416);
  });

  test('in a unit that nobody knows is the whole blob', async () => {
    const reply = await ask('lines=1-2');
    expect(reply.status).toBe(200);
    expect(reply.body.equals(bytes)).toBe(true);
  });

  test('that is no range is ignored or refused, and never answered with other bytes', async () => {
    for (const range of [
      'bytes=',
      'bytes=-',
      'bytes=a-b',
      'bytes=1',
      'bytes',
      'bytes=1-2-3',
      'bytes=+1-2',
      'bytes=0x1-2',
    ]) {
      const reply = await ask(range);
      expect([200, 400, 416], range).toContain(reply.status);
      expect(reply.status !== 200 || reply.body.equals(bytes), range).toBe(true);
    }
  });

  test('beside another is both, or the whole blob', async () => {
    const reply = await ask('bytes=0-9,500-509');
    expect([200, 206]).toContain(reply.status);
    const isWhole = reply.status === 200 && reply.body.equals(bytes);
    const isBoth =
      (header(reply, 'content-type') ?? '').startsWith('multipart/byteranges') &&
      reply.body.includes(bytes.subarray(500, 510));
    expect(isWhole || isBoth).toBe(true);
  });

  test('has the digest and the ETag of the whole', async () => {
    const reply = await ask('bytes=0-9');
    expect(header(reply, 'docker-content-digest')).toBe(digest);
    expect(header(reply, 'etag')).toBe(`"${digest}"`);
  });

  test('is honoured where If-Range names the content, and is the whole where it names another', async () => {
    expectPart(await ask('bytes=10-19', { 'If-Range': `"${digest}"` }), 10, 20);
    const reply = await ask('bytes=10-19', { 'If-Range': '"other"' });
    expect(reply.status).toBe(200);
    expect(reply.body.equals(bytes)).toBe(true);
  });
});

describe('a range of an empty blob', () => {
  test.each(['bytes=0-', 'bytes=0-0', 'bytes=-1', 'bytes=5-9'])('%s is never more than nothing', async (range) => {
    const repository = freshRepository(server);
    const digest = await repository.pushBlob(Buffer.alloc(0));
    const reply = await repository.get(`blobs/${digest}`, { Range: range });
    expect([200, 416]).toContain(reply.status);
    expect(reply.status === 416 || reply.body.length === 0).toBe(true);
  });
});

describe('a pull that broke off', () => {
  test('goes on where it stopped', async () => {
    const repository = freshRepository(server);
    const bytes = randomContent(700_000);
    const digest = await repository.pushBlob(bytes);
    const first = await repository.get(`blobs/${digest}`, { Range: 'bytes=0-299999' });
    const rest = await repository.get(`blobs/${digest}`, { Range: `bytes=${first.body.length}-` });
    expect(Buffer.concat([first.body, rest.body]).equals(bytes)).toBe(true);
  });
});
