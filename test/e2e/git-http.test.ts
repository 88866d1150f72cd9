import { join } from 'node:path';
import { deflateRawSync, gzipSync } from 'node:zlib';
import { beforeAll, expect, it } from 'vitest';
import { freshFamily } from '../support/git-client.ts';
import { header, send, textOf, type Reply } from '../support/http.ts';
import { useServer } from '../support/server.ts';
import { useTemporaryFolder } from '../support/use-temporary-folder.ts';
import { git } from '../unit/git/support/git-command.ts';
import { commitAll, writeFiles } from '../unit/git/support/sample-repository.ts';

const server = useServer();
const folder = useTemporaryFolder();
let url = '';
let tip = '';

beforeAll(async () => {
  ({ url } = freshFamily(server));
  const author = join(folder.path, 'author');
  writeFiles(author, { 'file.txt': 'a file\n' });
  await git(author, 'init', '-q');
  tip = await commitAll(author, 'first', 1);
  await git(author, 'push', '-q', url, 'main');
});

const FETCH = { 'Content-Type': 'application/x-git-upload-pack-request', 'Git-Protocol': 'version=2' };
const LS_REFS = Buffer.from('0014command=ls-refs\n0000');

function post(
  body: Buffer,
  headers: Readonly<Record<string, string>> = {},
  service = 'git-upload-pack',
): Promise<Reply> {
  return send('POST', `${url}/${service}`, { headers: { ...FETCH, ...headers }, body });
}

it('advertises in the version that is asked for, and lets nobody keep it', async () => {
  const two = await send('GET', `${url}/info/refs?service=git-upload-pack`, {
    headers: { 'Git-Protocol': 'version=2' },
  });
  expect(textOf(two)).toContain('version 2');
  const zero = await send('GET', `${url}/info/refs?service=git-upload-pack`);
  expect(textOf(zero)).toContain(`${tip} refs/heads/main`);
  for (const reply of [two, zero]) {
    expect(reply.status).toBe(200);
    expect(header(reply, 'content-type')).toBe('application/x-git-upload-pack-advertisement');
    expect(header(reply, 'cache-control')).toBe('no-cache, max-age=0, must-revalidate');
    expect(header(reply, 'pragma')).toBe('no-cache');
  }
});

it('takes requests as they are and gzipped', async () => {
  const plain = await post(LS_REFS);
  expect(textOf(plain)).toContain(`${tip} refs/heads/main`);
  expect(header(plain, 'content-type')).toBe('application/x-git-upload-pack-result');
  expect(header(plain, 'cache-control')).toContain('no-cache');
  const zipped = await post(gzipSync(LS_REFS), { 'Content-Encoding': 'gzip' });
  expect(zipped.body.equals(plain.body)).toBe(true);
});

it('refuses what is not gzip, or another coding, or too much of it', async () => {
  expect((await post(LS_REFS, { 'Content-Encoding': 'gzip' })).status).toBe(400);
  expect((await post(deflateRawSync(LS_REFS), { 'Content-Encoding': 'br' })).status).toBe(415);
  const bomb = gzipSync(Buffer.alloc(80 * 1024 * 1024, '0'));
  expect((await post(bomb, { 'Content-Encoding': 'gzip' })).status).toBe(413);
});

it('answers bad requests as text that Git shows', async () => {
  const replies: readonly [Reply, number][] = [
    [await send('POST', `${url}/git-upload-pack`, { headers: { 'Content-Type': 'text/plain' }, body: LS_REFS }), 415],
    [await send('GET', `${url}/info/refs`), 403],
    [await send('GET', `${url}/info/refs?service=git-evil`), 403],
    [await send('GET', `${server.url}/git/no/body.git/info/refs?service=git-upload-pack`), 404],
    [await send('GET', `${server.url}/git/NO.git/info/refs?service=git-upload-pack`), 400],
    [await send('GET', `${url}/git-upload-pack`), 405],
    [await send('GET', `${url}/HEAD`), 404],
  ];
  expect(replies.map(([{ status }]) => status)).toEqual(replies.map(([, status]) => status));
  for (const [reply] of replies) expect(header(reply, 'content-type')).toBe('text/plain; charset=utf-8');
});

it('answers a malformed conversation with an error packet', async () => {
  expect(textOf(await post(Buffer.from('zzzz')))).toMatch(/^[0-9a-f]{4}ERR /);
  const push = { 'Content-Type': 'application/x-git-receive-pack-request' };
  expect(textOf(await post(Buffer.from('zzzz'), push, 'git-receive-pack'))).toMatch(/^[0-9a-f]{4}ERR /);
  expect((await send('GET', `${server.url}/healthz`)).status).toBe(200);
});
