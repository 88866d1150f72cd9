import { randomBytes } from 'node:crypto';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { beforeEach, describe, expect, test } from 'vitest';
import { AssayClient } from '../../../lib/client/assay-client.ts';
import { retryAfterMs } from '../../../lib/client/back-off.ts';
import { ClientError } from '../../../lib/client/client-error.ts';
import { gatherUpTo } from '../../../lib/client/gather-up-to.ts';
import { Transport } from '../../../lib/client/transport.ts';
import { useDefinitionServer, type Fault } from '../../support/definition-server.ts';
import { sampleDefinition, type SampleDefinition } from '../../support/sample-definition.ts';

const server = useDefinitionServer();
let definition: SampleDefinition;
let client: AssayClient;
const carom = { family: 'test-cases/carom', ref: 'v1.0.0' };

beforeEach(async () => {
  definition = await sampleDefinition({ 'a.bin': randomBytes(400_000), 'b/c.txt': 'hello' });
  server().add(definition);
  client = new AssayClient({ url: `${server().url}/`, tries: 4, backOffMs: 5, stallMs: 300 });
});

/** One fault after the other, then none. */
function faults(...list: (Fault | undefined)[]): void {
  server().fault = () => list.shift();
}

async function archive(start?: number, end?: number): Promise<Buffer> {
  const wanted = { ...(start === undefined ? {} : { start }), ...(end === undefined ? {} : { end }) };
  return gatherUpTo(1e9, client.archive(carom, wanted));
}

describe('a request', () => {
  test.each([429, 502, 503, 504])('is tried again after %i', async (status) => {
    faults({ status }, { status });
    expect((await client.version(carom)).digest).toBe(definition.version.digest);
    expect(server().asked).toHaveLength(3);
  });

  test('is tried again after a cut answer', async () => {
    faults({ cutAfter: 0 }, { cutAfter: 20 });
    expect((await client.version(carom)).digest).toBe(definition.version.digest);
  });

  test.each([400, 404, 409, 500, 507])('is not tried again after %i, and the refusal is told', async (status) => {
    faults({ status, json: { code: 'some-code', detail: 'some words', about: { a: 1 } } });
    await expect(client.version(carom)).rejects.toMatchObject({
      name: 'ClientError',
      code: 'some-code',
      message: 'some words',
      status,
      about: { a: 1 },
    });
    expect(server().asked).toHaveLength(1);
  });

  test('gives up after so many tries, with what the server said last', async () => {
    server().fault = () => ({ status: 503, json: { code: 'busy', detail: 'too much to do' } });
    await expect(client.version(carom)).rejects.toMatchObject({ code: 'busy', status: 503 });
    expect(server().asked).toHaveLength(4);
  });

  test('waits as long as the server asks', async () => {
    faults({ status: 503, headers: { 'retry-after': '1' } });
    const started = performance.now();
    await client.version(carom);
    expect(performance.now() - started).toBeGreaterThan(950);
  });

  test('does not wait for minutes', async () => {
    faults({ status: 503, headers: { 'retry-after': '600' }, json: { code: 'busy' } });
    await expect(client.version(carom)).rejects.toMatchObject({ code: 'busy' });
  });

  test('that is not repeatable is sent once', async () => {
    server().fault = () => ({ status: 503, json: { code: 'busy' } });
    await expect(client.state(carom, { kind: 'erratum', text: 'x' })).rejects.toMatchObject({ code: 'busy' });
    await expect(client.movePin('a', 'p', { to: 'v1', expect: null })).rejects.toMatchObject({ code: 'busy' });
    expect(server().asked).toHaveLength(2);
  });

  test('ends when the server is silent, not when it is slow', async () => {
    server().fault = () => ({ silentAfter: 5 });
    await expect(client.version(carom)).rejects.toMatchObject({ code: 'stalled' });
    expect(server().asked).toHaveLength(4);
  });

  test('says where no server answers', async () => {
    const { url } = server();
    await server().stop();
    await expect(client.version(carom)).rejects.toMatchObject({
      code: 'unreachable',
      message: expect.stringContaining(url),
    });
    await server().start();
  });

  test('ends at once when the caller wants it, even between tries', async () => {
    server().fault = () => ({ status: 503, headers: { 'retry-after': '30' } });
    const ending = new AbortController();
    const asked = client.version(carom, { signal: ending.signal });
    await sleep(50);
    ending.abort();
    await expect(asked).rejects.toMatchObject({ code: 'aborted' });
    await expect(client.version(carom, { signal: ending.signal })).rejects.toMatchObject({ code: 'aborted' });
  });

  test.each([[{ change: () => Buffer.from('[') }], [{ change: () => Buffer.from('{"family": "other"}') }]])(
    'is not content with an answer of another shape',
    async (fault) => {
      faults(fault);
      await expect(client.version(carom)).rejects.toMatchObject({ code: 'bad-answer' });
    },
  );
});

describe('a download', () => {
  test('goes on where it was cut', async () => {
    faults({ cutAfter: 100_000 }, { cutAfter: 70_000 }, { cutAfter: 0 }, { cutAfter: 1 });
    expect((await archive()).equals(definition.tar)).toBe(true);
    const ranges = server().asked.map(({ headers }) => headers.range);
    expect(ranges).toEqual([undefined, 'bytes=100000-', 'bytes=170000-', 'bytes=170000-', 'bytes=170001-']);
    expect(server().asked[1]?.headers['if-range']).toBe(`"${definition.version.layer.digest}"`);
  });

  test('goes on when the server was silent, and of a range as well', async () => {
    faults({ silentAfter: 1000 }, { cutAfter: 3000 });
    expect((await archive(500, 300_000)).equals(definition.tar.subarray(500, 300_000))).toBe(true);
    expect(server().asked.map(({ headers }) => headers.range)).toEqual([
      'bytes=500-299999',
      'bytes=1500-299999',
      'bytes=4500-299999',
    ]);
  });

  test('takes its part from a server without ranges', async () => {
    server().fault = () => ({ ignoreRange: true });
    expect((await archive(500, 300_000)).equals(definition.tar.subarray(500, 300_000))).toBe(true);
    faults({ cutAfter: 1000 }, { ignoreRange: true });
    expect((await archive()).equals(definition.tar)).toBe(true);
  });

  test('does not put two different things together', async () => {
    const other = await sampleDefinition({ 'a.bin': randomBytes(400_000) });
    faults({ cutAfter: 1000 }, undefined);
    const source = client.archive(carom);
    await source.next();
    server().forget();
    server().add(other);
    await expect(gatherUpTo(1e9, source)).rejects.toMatchObject({ code: 'bad-answer' });
  });

  test('gives up when it gets no further', async () => {
    server().fault = () => ({ cutAfter: 10 });
    await expect(archive()).rejects.toMatchObject({ code: 'unreachable' });
    expect(server().asked).toHaveLength(4);
  });

  test('ends when the caller wants it', async () => {
    server().fault = () => ({ silentAfter: 1000 });
    const ending = new AbortController();
    const source = client.archive(carom, {}, ending.signal);
    await source.next();
    setTimeout(() => ending.abort(), 20);
    await expect(gatherUpTo(1e9, source)).rejects.toMatchObject({ code: 'aborted' });
  });
});

describe('a body that is sent', () => {
  test('comes in pieces, again at every try, with the name of who sends it', async () => {
    const seen: { body: string; actor: string | undefined }[] = [];
    const taker = createServer((request, response) => {
      const pieces: Buffer[] = [];
      request.on('data', (piece: Buffer) => pieces.push(piece));
      request.on('end', () => {
        const actor = Buffer.from(String(request.headers['assay-actor']), 'latin1').toString('utf8');
        seen.push({ body: Buffer.concat(pieces).toString(), actor });
        response.writeHead(seen.length === 1 ? 503 : 200).end('{}');
      });
    });
    await new Promise<void>((resolve) => taker.listen(0, '127.0.0.1', resolve));
    const url = `http://127.0.0.1:${(taker.address() as AddressInfo).port}`;
    const transport = new Transport({ url, backOffMs: 1, actor: 'Jörg\n✓' });
    await transport.json('PUT', '/x', { body });
    expect(seen).toEqual([
      { body: 'one two', actor: 'Jörg ✓' },
      { body: 'one two', actor: 'Jörg ✓' },
    ]);
    taker.close();
  });

  test('that fails by itself is told of, and not sent again', async () => {
    let begun = 0;
    async function* failing(): AsyncGenerator<Uint8Array> {
      begun += 1;
      yield Buffer.from('one ');
      throw new ClientError('git-failed', 'no such object');
    }
    const taker = createServer((request) => request.resume());
    await new Promise<void>((resolve) => taker.listen(0, '127.0.0.1', resolve));
    const url = `http://127.0.0.1:${(taker.address() as AddressInfo).port}`;
    const sent = new Transport({ url, backOffMs: 1 }).json('PUT', '/x', { body: failing });
    await expect(sent).rejects.toMatchObject({ code: 'git-failed', message: 'no such object' });
    expect(begun).toBe(1);
    taker.close();
  });
});

test('Retry-After is seconds or a date', () => {
  expect(retryAfterMs('3')).toBe(3000);
  expect(retryAfterMs(null)).toBeUndefined();
  expect(retryAfterMs('soon')).toBeUndefined();
  expect(retryAfterMs(new Date(Date.now() + 5000).toUTCString())).toBeGreaterThan(3000);
  expect(retryAfterMs(new Date(0).toUTCString())).toBe(0);
});

async function* body(): AsyncGenerator<Uint8Array> {
  yield Buffer.from('one ');
  yield Buffer.from('two');
}
