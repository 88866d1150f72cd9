import { randomBytes } from 'node:crypto';
import { connect } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { deflateSync } from 'node:zlib';
import fc from 'fast-check';
import { afterEach, beforeAll, describe, expect, test } from 'vitest';
import { hashObject } from '../../lib/git/oid.ts';
import { errorsIn } from '../support/assay-command.ts';
import { header, jsonOf, send, sendTo, type Body, type Reply } from '../support/http.ts';
import { AUTHOR, makeTree, packOfTree, testCase } from '../support/publishing.ts';
import { expectStatus } from '../support/repository.ts';
import { useServer } from '../support/server.ts';
import { packOf, withTrailer } from '../unit/git/support/pack-builder.ts';

const TYPE = 'application/vnd.assay.publish.v1';
const KNOWN = 'test-cases/known';

const server = useServer();
const made = makeTree(testCase());
const good = packOfTree(made);
const line = Buffer.from(`${JSON.stringify({ tree: made.oid, author: AUTHOR, source: {} })}\n`);

function publish(body: Body, family: string, version = 'v1.0.0', headers: Record<string, string> = {}): Promise<Reply> {
  const url = `${server.url}/api/v1/definitions/${family}@${version}`;
  return send('PUT', url, { body, headers: { 'Content-Type': TYPE, ...headers } });
}

beforeAll(async () => {
  expectStatus(await publish(Buffer.concat([line, good]), KNOWN), 201);
  const pin = { body: Buffer.from('{"to":"v1.0.0"}') };
  expectStatus(await send('PUT', `${server.url}/api/v1/pins/${KNOWN}@stable`, pin), 200);
});

/** Whatever came, the server is up, speaks of no trouble of its own, and has lost nothing. */
afterEach(async () => {
  expectStatus(await send('GET', `${server.url}/readyz`), 200);
  if (server.said.includes('request failed')) throw new Error(server.said);
});

/** A refusal that a person and a program can read. */
function expectProblem(reply: Reply, ...statuses: number[]): string {
  expectStatus(reply, ...statuses);
  expect(header(reply, 'content-type')).toBe('application/problem+json');
  const problem = jsonOf(reply) as { status: number; code: string; detail: string };
  expect(problem.status).toBe(reply.status);
  expect(problem.code).toMatch(/^[a-z][a-z-]*$/);
  expect(problem.detail.length).toBeGreaterThan(5);
  return problem.code;
}

async function expectNothingStored(family: string): Promise<void> {
  expectStatus(await send('GET', `${server.url}/api/v1/families/${family}`), 404);
  expectStatus(await send('GET', `${server.url}/git/${family}.git/info/refs?service=git-upload-pack`), 404);
}

function request(fields: object): Buffer {
  const whole = { tree: made.oid, author: AUTHOR, source: {}, ...fields };
  return Buffer.from(`${JSON.stringify(whole)}\n`);
}

describe('a publish whose first line', () => {
  test.each<[string, Buffer, number, string]>([
    ['is missing', Buffer.alloc(0), 400, 'json-invalid'],
    ['has no end and no pack', line.subarray(0, -1), 404, 'object-missing'],
    ['is endless', Buffer.alloc(3_000_000, 'x'), 413, 'body-too-large'],
    ['is too long', Buffer.concat([request({ image: 'x'.repeat(70_000) }), good]), 413, 'body-too-large'],
    ['is no JSON', Buffer.concat([Buffer.from('tree: 1\n'), good]), 400, 'json-invalid'],
    ['is no UTF-8', Buffer.concat([Buffer.of(0x22, 0xff, 0x22, 0x0a), good]), 400, 'json-invalid'],
    ['is a list', Buffer.concat([Buffer.from('[]\n'), good]), 422, 'publish-invalid'],
    ['is null', Buffer.concat([Buffer.from('null\n'), good]), 422, 'publish-invalid'],
    ['is nested deeply', Buffer.from(`${'['.repeat(30_000)}${']'.repeat(30_000)}\n`), 422, 'publish-invalid'],
    ['speaks of the prototype', Buffer.from(`{"__proto__":${line.toString('utf8').trim()}}\n`), 422, 'publish-invalid'],
    ['names no tree', request({ tree: undefined }), 422, 'publish-invalid'],
    ['names a tree by another hash', request({ tree: '1'.repeat(64) }), 422, 'publish-invalid'],
    ['names a tree in capitals', request({ tree: made.oid.toUpperCase() }), 422, 'publish-invalid'],
    ['has no author', request({ author: undefined }), 422, 'publish-invalid'],
    ['has an author of two lines', request({ author: `${AUTHOR}\nparent x` }), 422, 'publish-invalid'],
    ['has an author without a date', request({ author: 'A <a@b>' }), 422, 'publish-invalid'],
    ['has an author of half letters', request({ author: `\ud800 <a@b> 1 +0000` }), 422, 'publish-invalid'],
    ['has a date beyond all', request({ author: `A <a@b> ${'9'.repeat(30)} +0000` }), 422, 'publish-invalid'],
    ['has a source that is text', request({ source: 'here' }), 422, 'publish-invalid'],
    ['has a path of two lines', request({ source: { path: 'a\nb' } }), 422, 'publish-invalid'],
    ['has a commit that is none', request({ source: { commit: 'HEAD' } }), 422, 'publish-invalid'],
    ['says no to worktree', request({ source: { worktree: false } }), 422, 'publish-invalid'],
    ['has a number for an image', request({ image: 7 }), 422, 'publish-invalid'],
  ])('%s is refused', async (what, body, status, code) => {
    const family = `line/${hashObject('blob', Buffer.from(what)).slice(0, 12)}`;
    expect(expectProblem(await publish(body, family), status)).toBe(code);
    await expectNothingStored(family);
  });
});

describe('a publish with a pack', () => {
  const bomb = Buffer.alloc(200_000_000);
  const toml = Buffer.from('name = "Carom"\n');
  const foreign = makeTree({ foreign: 'of nobody\n' });
  test.each<[string, () => Buffer, number[]]>([
    ['that is cut', () => good.subarray(0, good.length >> 1), [400]],
    ['without its trailer', () => good.subarray(0, -20), [400]],
    ['of a wrong trailer', () => Buffer.concat([good.subarray(0, -20), randomBytes(20)]), [400]],
    ['with more behind it', () => Buffer.concat([good, Buffer.from('x')]), [400]],
    ['that is none', () => randomBytes(5000), [400]],
    ['of objects that are foreign to the tree', () => packOfTree(foreign), [404]],
    ['of four billion objects', () => withTrailer(Buffer.from('5041434b00000002ffffffff', 'hex')), [400, 413]],
    ['of another version', () => withTrailer(Buffer.from('5041434b0000000900000000', 'hex')), [400]],
    ['whose object is larger than it says', () => packOf([{ code: 3, content: Buffer.from('abc'), size: 2 }]), [400]],
    ['whose object is smaller than it says', () => packOf([{ code: 3, content: Buffer.from('abc'), size: 9 }]), [400]],
    ['that says more than any memory', () => packOf([{ code: 2, content: toml, size: 2 ** 40 }]), [400, 413]],
    [
      'that inflates without end',
      () => packOf([{ code: 2, content: bomb.subarray(0, 9), size: bomb.length, stream: deflateSync(bomb) }]),
      [400, 413],
    ],
    [
      'of a delta on nothing',
      () => packOf([{ code: 7, base: '7'.repeat(40), content: Buffer.of(1, 1, 1, 65) }]),
      [400, 404],
    ],
    ['of a delta on itself', () => packOf([{ code: 6, bytesBack: 0, content: Buffer.of(1, 1, 1, 65) }]), [400]],
    ['of a stream that is no zlib', () => packOf([{ code: 3, content: toml, stream: randomBytes(30) }]), [400]],
    ['of a type that is none', () => packOf([{ code: 5, content: toml }]), [400]],
  ])('%s is refused', async (what, pack, statuses) => {
    const family = `pack/${hashObject('blob', Buffer.from(what)).slice(0, 12)}`;
    expectProblem(await publish(Buffer.concat([line, pack()]), family), ...statuses);
    await expectNothingStored(family);
  });

  test('of delta upon delta that grows beyond all is refused', async () => {
    // Each doubles the one before: 2^30 bytes of a few hundred.
    let size = 1024;
    const size7 = (value: number): number[] =>
      value < 128 ? [value] : [(value % 128) | 0x80, ...size7(Math.floor(value / 128))];
    const entries = [
      { code: 3, content: Buffer.alloc(size) } as { code: number; content: Buffer; entriesBack?: number },
    ];
    for (let step = 0; step < 24; step += 1) {
      const copy = [0xff, 0, 0, 0, 0, size & 0xff, (size >> 8) & 0xff, (size >> 16) & 0xff];
      const parts = size < 2 ** 24 ? [...copy, ...copy] : [];
      const next = parts.length === 0 ? size : size * 2;
      entries.push({ code: 6, entriesBack: 1, content: Buffer.from([...size7(size), ...size7(next), ...parts]) });
      size = next;
    }
    expectProblem(await publish(Buffer.concat([line, packOf(entries)]), 'pack/growing'), 400, 413);
    await expectNothingStored('pack/growing');
  });

  test('that ends with its connection stores nothing', async () => {
    const { hostname, port } = new URL(server.url);
    const head = [
      'PUT /api/v1/definitions/cut/off@v1.0.0 HTTP/1.1',
      'Host: x',
      `Content-Type: ${TYPE}`,
      `Content-Length: ${line.length + good.length}`,
    ];
    const socket = connect(Number(port), hostname);
    const sent = Buffer.concat([Buffer.from(`${head.join('\r\n')}\r\n\r\n`), line, good.subarray(0, 40)]);
    await new Promise<void>((resolve) => socket.write(sent, () => resolve()));
    await sleep(50);
    socket.destroy();
    await sleep(100);
    await expectNothingStored('cut/off');
  });
});

test('a publisher who goes away while all of a pack is judged is no trouble of the server', async () => {
  const many = Object.fromEntries(Array.from({ length: 6000 }, (_, at) => [`f/${at % 60}/${at}`, `${at}\n`]));
  const tree = makeTree(testCase(many));
  const body = Buffer.concat([request({ tree: tree.oid }), packOfTree(tree)]);
  const { hostname, port } = new URL(server.url);
  for (const waitMs of [20, 60, 120, 200]) {
    const socket = connect(Number(port), hostname);
    const head = `PUT /api/v1/definitions/gone/${waitMs}@v1.0.0 HTTP/1.1\r\nHost: x\r\nContent-Type: ${TYPE}\r\n`;
    socket.write(`${head}Content-Length: ${body.length}\r\n\r\n`);
    await new Promise<void>((resolve) => socket.write(body, () => resolve()));
    await sleep(waitMs);
    socket.destroy();
  }
  await sleep(500);
  const found = await send('GET', `${server.url}/api/v1/families?prefix=gone/`);
  expect(expectStatus(found, 200).status).toBe(200);
});

describe('a publish', () => {
  const whole = Buffer.concat([line, good]);

  test.each([
    'application/json',
    'text/plain',
    '',
    'multipart/form-data',
    `${TYPE}; charset=utf-8`,
    TYPE.toUpperCase(),
  ])('of type %j is refused', async (type) => {
    expect(expectProblem(await publish(whole, 'type', 'v1.0.0', { 'Content-Type': type }), 415)).toBe(
      'media-type-unsupported',
    );
    await expectNothingStored('type');
  });

  test.each(['1.0.0', 'v1', 'latest', 'stable', 'v1.0.0+x', 'v1.0.0%0a', '%00', 'sha256:1', 'v'.repeat(300)])(
    'as %j is refused',
    async (version) => {
      expect(expectProblem(await publish(whole, 'name', version), 422)).toBe('version-invalid');
      await expectNothingStored('name');
    },
  );

  test('of the same is unchanged, of others refused with both digests and what differs', async () => {
    expectStatus(await publish(whole, KNOWN), 200);
    const other = makeTree(testCase({ more: 'more\n' }));
    const reply = await publish(Buffer.concat([request({ tree: other.oid }), packOfTree(other)]), KNOWN);
    expect(expectProblem(reply, 409)).toBe('version-conflict');
    expect(jsonOf(reply)).toMatchObject({
      about: {
        published: { tree: made.oid },
        refused: { tree: other.oid },
        difference: { added: 1, paths: [{ path: 'more' }] },
      },
    });
  });

  test('keeps no password of the source', async () => {
    const repository = 'https://user:p@ss:word@example.com/repo@1.git';
    const reply = expectStatus(
      await publish(Buffer.concat([request({ source: { repository } }), good]), 'secret'),
      201,
    );
    expect(jsonOf(reply)).toMatchObject({ version: { source: { repository: 'https://example.com/repo@1.git' } } });
    const history = await send('GET', `${server.url}/v2/secret/manifests/v1.0.0`);
    expect(history.body.toString('utf8')).not.toContain('ss:word');
  });

  test('by two at once lets one in and tells the other, who sees nothing but a refusal', async () => {
    for (let round = 0; round < 5; round += 1) {
      const trees = ['one', 'other'].map((text) => makeTree(testCase({ text: `${text} ${round}` })));
      const replies = await Promise.all(
        trees.map((tree) => publish(Buffer.concat([request({ tree: tree.oid }), packOfTree(tree)]), `race/${round}`)),
      );
      expect(new Set(replies.map(({ status }) => status))).toEqual(new Set([201, 409]));
    }
  });
});

/** Every path of the API, with holes for what a client may write into it. */
const ROUTES: [method: string, path: string, body?: 'json' | 'publish'][] = [
  ['GET', '/api/v1/families?n=Q&last=Q&prefix=Q'],
  ['GET', '/api/v1/families/F'],
  ['GET', '/api/v1/families/F/rules'],
  ['PUT', '/api/v1/families/F/rules', 'json'],
  ['GET', '/api/v1/families/F/quota'],
  ['PUT', '/api/v1/families/F/quota', 'json'],
  ['GET', '/api/v1/audit?n=Q&last=Q&actor=Q&since=Q'],
  ['GET', '/api/v1/audit?action=Q&family=Q'],
  ['GET', '/api/v1/definitions/F?n=Q&last=Q'],
  ['GET', '/api/v1/definitions/F@R'],
  ['PUT', '/api/v1/definitions/F@R', 'publish'],
  ['GET', '/api/v1/definitions/F@R/metadata'],
  ['GET', '/api/v1/definitions/F@R/files'],
  ['GET', '/api/v1/definitions/F@R/files/P'],
  ['GET', '/api/v1/definitions/F@R/archive'],
  ['POST', '/api/v1/definitions/F@R/statements', 'json'],
  ['GET', '/api/v1/pins/F'],
  ['GET', '/api/v1/pins/F@R'],
  ['PUT', '/api/v1/pins/F@R', 'json'],
  ['DELETE', '/api/v1/pins/F@R?expect=Q&note=Q'],
  ['GET', '/api/v1/history/F?n=Q&last=Q'],
  ['POST', '/api/v1/missing/F', 'json'],
  ['GET', '/api/v1/diff?from=Q&to=Q'],
];

const NONSENSE = [
  '.. . %2e%2e %00 % %zz %ff %C3%A4 @ %40 : %2f // %0a %5c ~ __proto__ constructor latest a.lock A -1 1e9',
  'sha256: %F0%9F%8E%B1 %ED%A0%80 %C5%B3table ..%2f..%2fetc%2fpasswd',
  `sha256:${'0'.repeat(64)} sha512:${'0'.repeat(128)} ${'x'.repeat(300)} ${'x'.repeat(3000)}`,
].flatMap((words) => words.split(' '));

const nonsense = fc.oneof(
  fc.constantFrom(...NONSENSE),
  fc.stringMatching(/^[!-"$-~]{0,12}$/).map((text) => text.replaceAll('?', '').replaceAll('&', '')),
);
const familyText = fc.oneof({ weight: 2, arbitrary: fc.constant(KNOWN) }, { weight: 3, arbitrary: nonsense });
const refText = fc.oneof(
  { weight: 2, arbitrary: fc.constantFrom('v1.0.0', 'stable') },
  { weight: 3, arbitrary: nonsense },
);
const bodyText = fc.oneof(
  fc.constantFrom(
    '',
    'null',
    '[]',
    '{}',
    '"x"',
    '1',
    '{',
    '{"to":1}',
    '{"to":"v9.9.9"}',
    '{"oids":[1]}',
    '{"oids":{}}',
    '{"bytes":-1}',
    '{"versions":"many"}',
  ),
  fc.constantFrom('{"kind":"x","text":"y"}', '{"kind":"erratum","text":""}', '{"immutable":"v*"}', '{"immutable":[1]}'),
  fc.constantFrom(
    '{"to":"v1.0.0","expect":"x"}',
    '{"to":"v1.0.0","note":{}}',
    '{"__proto__":{"to":"v1.0.0"}}',
    '\u0000',
    '\ufeff{}',
  ),
  fc.constantFrom(`{"oids":["${'g'.repeat(40)}"]}`, `{"to":"${'x'.repeat(5000)}"}`, '['.repeat(30_000)),
);

describe('the API', () => {
  test.each(ROUTES)(
    'answers %s %s with a refusal or with sense, whatever is written into it',
    async (method, path, body) => {
      const { hostname, port } = new URL(server.url);
      await fc.assert(
        fc.asyncProperty(
          familyText,
          refText,
          nonsense,
          fc.array(nonsense, { minLength: 4, maxLength: 4 }),
          bodyText,
          async (F, R, P, Q, text) => {
            let query = 0;
            const target = path.replace(/[FRPQ](?=[/@?&]|$)/g, (hole) =>
              hole === 'Q' ? Q[(query += 1) - 1]! : { F, R, P }[hole]!,
            );
            const headers = { 'Content-Type': body === 'publish' ? TYPE : 'application/json' };
            const options = body === undefined ? {} : { headers, body: Buffer.from(text) };
            const reply = await sendTo(
              { hostname, port: Number(port) },
              method,
              target.replace(/[^!-~]/g, ''),
              options,
            );
            expect({ target, text, status: reply.status }).toEqual({ target, text, status: expect.any(Number) });
            if (reply.status < 400) return;
            expect({ target, text, isServerFault: reply.status >= 500 }).toEqual({
              target,
              text,
              isServerFault: false,
            });
            expect(header(reply, 'content-type')).toBe('application/problem+json');
            expect(jsonOf(reply)).toMatchObject({ status: reply.status, code: expect.stringMatching(/^[a-z-]+$/) });
          },
        ),
        { numRuns: 60 },
      );
    },
  );

  test('has no path beside those, and takes no other method on them', async () => {
    for (const path of [
      '/api',
      '/api/v1',
      '/api/v1/',
      '/api/v2/families',
      '/api/v1/definitions',
      '/api/v1/pins/',
      '/api/v1/x',
    ])
      expect(expectProblem(await send('GET', server.url + path), 404)).toBe('path-unknown');
    for (const [method, path] of ROUTES) {
      const url =
        server.url + path.replace(/\?.*/, '').replace('F', KNOWN).replace('R', 'v1.0.0').replace(/P$/, 'prompt.md');
      const other = method === 'PATCH' ? 'PUT' : 'PATCH';
      expect(expectProblem(await send(other, url), 405)).toBe('method-not-allowed');
    }
  });

  test.each(['GET', 'HEAD'])('gives no file outside of a version: %s', async (method) => {
    const { hostname, port } = new URL(server.url);
    for (const path of [
      '../test-case.toml',
      '%2e%2e/x',
      './prompt.md',
      '/prompt.md',
      'prompt.md/',
      'prompt.md/x',
      '%00',
      'a/../prompt.md',
      '.git/config',
      '',
    ]) {
      const target = `/api/v1/definitions/${KNOWN}@v1.0.0/files/${path}`;
      const reply = await sendTo({ hostname, port: Number(port) }, method, target);
      expect({ path, status: reply.status }).toEqual({ path, status: 404 });
    }
  });
});

test('nothing of all this is lost or wrong in the store', async () => {
  expect(await errorsIn(server.data, server.environment)).toEqual([]);
});
