import { expect, test } from 'vitest';
import { send } from '../support/http.ts';
import { useServer } from '../support/server.ts';

const server = useServer();
const RULES = '/api/v1/families/a/b/rules';

test.each([
  ['a page of another site', { origin: 'https://example.com' }],
  ['a page of no site', { origin: 'null' }],
  ['a page of another port', { origin: 'http://127.0.0.1:1' }],
  ['a form of another site', { 'sec-fetch-site': 'cross-site' }],
])('%s cannot write, below any path', async (_, headers) => {
  for (const [method, path] of [
    ['PUT', RULES],
    ['POST', '/v2/a/b/blobs/uploads/'],
    ['POST', '/git/a/b.git/git-receive-pack'],
    ['DELETE', '/v2/a/b/manifests/x'],
  ] as const) {
    const { status } = await send(method, server.url + path, { headers, body: Buffer.from('{}') });
    expect(status).toBe(403);
  }
  expect((await send('GET', server.url + RULES, { headers })).status).toBe(404);
});

test('a page of this server, and a program that says nothing of pages, can write', async () => {
  for (const headers of [{}, { origin: server.url, 'sec-fetch-site': 'same-origin' }]) {
    const { status } = await send('PUT', server.url + RULES, { headers, body: Buffer.from('{}') });
    expect(status).toBe(200);
  }
});
