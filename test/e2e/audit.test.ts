import { join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { AUDIT_ACTIONS, type AuditEntry, type AuditPage } from '../../lib/audit/audit-entry.ts';
import { assay } from '../support/assay-command.ts';
import { makeAuthorRepository } from '../support/author-repository.ts';
import { jsonOf, nextLink, send } from '../support/http.ts';
import { RECORDS } from '../support/record-fixtures.ts';
import { Repository } from '../support/repository.ts';
import type { Outcome } from '../support/run-program.ts';
import { useServer } from '../support/server.ts';
import { useTemporaryFolder } from '../support/use-temporary-folder.ts';
import { until } from '../support/until.ts';
import { git } from '../unit/git/support/git-command.ts';

const server = useServer({ env: { ASSAY_IDENTITY_HEADER: 'X-Who', ASSAY_GC_INTERVAL: '0' } });
const folder = useTemporaryFolder();
const FAMILY = 'test-cases/carom';
const RUN = join(RECORDS, 'format-1', 'whole');

async function command(...args: string[]): Promise<Outcome> {
  const env = { ...server.environment, ASSAY_URL: server.url, ASSAY_ACTOR: 'mallory', HOME: folder.path };
  const outcome = await assay(args, env);
  if (outcome.code !== 0) throw new Error(`assay ${args.join(' ')}: ${outcome.stderr}`);
  return outcome;
}

/** A request as a trusted proxy passes it on, which has asked who is there. */
async function as(who: string, method: string, path: string, body?: unknown, type = 'application/json') {
  const headers = { 'x-who': who, 'assay-actor': 'mallory', 'content-type': type };
  const bytes = body === undefined ? undefined : Buffer.isBuffer(body) ? body : Buffer.from(JSON.stringify(body));
  return send(method, server.url + path, { headers, ...(bytes === undefined ? {} : { body: bytes }) });
}

async function page(query = ''): Promise<AuditPage> {
  const reply = await send('GET', `${server.url}/api/v1/audit${query}`);
  expect(reply.status).toBe(200);
  return jsonOf(reply) as AuditPage;
}

async function entries(query = ''): Promise<readonly AuditEntry[]> {
  return (await page(`?n=1000${query}`)).entries;
}

beforeAll(async () => {
  const author = await makeAuthorRepository(folder.path);
  const published = await assay(
    ['publish', '--all'],
    { ASSAY_URL: server.url, HOME: author.path },
    { cwd: author.path },
  );
  if (published.code !== 0) throw new Error(published.stderr);
  await as('ada', 'PUT', `/api/v1/pins/${FAMILY}@stable`, { to: 'v1.0.0', note: 'because' });
  await as('ada', 'POST', `/api/v1/definitions/${FAMILY}@v1.0.0/statements`, { kind: 'erratum', text: 'a slip' });
  await git(
    author.path,
    '-c',
    'http.extraHeader=X-Who: grace',
    'push',
    '-q',
    `${server.url}/git/plain.git`,
    'HEAD:refs/heads/work',
  );
  await as('ada', 'PUT', '/api/v1/families/images/box/rules', { immutable: ['v*'] });
  await as('ada', 'PUT', '/api/v1/families/images/box/quota', { bytes: 1_000_000 });
  const images = new Repository(server, 'images/box');
  const image = await images.pushImage('one');
  await as('bo', 'PUT', '/v2/images/box/manifests/two', image.bytes, 'application/vnd.oci.image.manifest.v1+json');
  await as('bo', 'DELETE', '/v2/images/box/manifests/two');
  await as('bo', 'DELETE', `/v2/images/box/manifests/${image.digest}`);
  const blob = await images.pushBlob(Buffer.from('a blob that goes again'));
  await as('bo', 'DELETE', `/v2/images/box/blobs/${blob}`);
  await command('submit', RUN);
  const id = 'carom-2025-06-01-a';
  await as('ada', 'POST', `/api/v1/runs/${id}/retraction`, { reason: 'a mistake' });
  // 503 while the server publishes by itself at that moment.
  await until('published now', async () => (await as('ada', 'POST', '/api/v1/publication/now', {})).status === 200);
  const { live } = jsonOf(await send('GET', `${server.url}/api/v1/publication`)) as { live: { snapshot: string } };
  const back = { snapshot: live.snapshot };
  const rolled = async (): Promise<number> => (await as('ada', 'POST', '/api/v1/publication/rollback', back)).status;
  await until('rolled back', async () => (await rolled()) === 200);
  await command('gc', '--data', server.data, '--grace', '0');
}, 60_000);

describe('the audit', () => {
  test('tells of every change, by whom a trusted proxy says it was', async () => {
    const told = (await entries()).map(({ action, by, family, subject }) =>
      [action, by.name, family, subject].join(' '),
    );
    const digest = expect.stringMatching(/sha256:[0-9a-f]{64}$/) as string;
    expect(told.toReversed()).toEqual([
      'published  containers/claude v1.0.0',
      `published  ${FAMILY} v1.0.0`,
      `published  ${FAMILY} v1.1.0`,
      'published  test-cases/games/hard/lattice v0.1.0',
      `pinned ada ${FAMILY} stable`,
      `erratum ada ${FAMILY} v1.0.0`,
      'git-pushed grace plain ',
      'rules-declared ada images/box ',
      'quota-set ada images/box ',
      digest,
      digest,
      'tag-deleted bo images/box two',
      digest,
      digest,
      `submitted  ${FAMILY} carom-2025-06-01-a`,
      `retracted ada ${FAMILY} carom-2025-06-01-a`,
      'published-now ada  ',
      digest,
      'garbage-collected mallory  ',
    ]);
  });

  test('says what happened, and from where', async () => {
    const [pinned] = await entries('&action=pinned');
    expect(pinned?.by).toEqual({ address: '127.0.0.1', name: 'ada' });
    expect(pinned?.detail).toMatchObject({ from: null, to: { version: 'v1.0.0' }, note: 'because' });
    const [pushed] = await entries('&action=git-pushed');
    expect(pushed?.detail).toMatchObject({ of: 1, refs: [{ name: 'refs/heads/work', from: null }] });
    const [rules] = await entries('&action=rules-declared');
    expect(rules?.detail).toEqual({ immutable: ['v*'] });
    const manifests = await entries('&action=manifest-pushed');
    expect(manifests.map(({ detail }) => detail)).toEqual([{ tags: ['two'] }, { tags: ['one'] }]);
  });

  test('and the public log name the same people', async () => {
    const [pinned] = await entries('&action=pinned');
    const at = 4;
    const { entry } = jsonOf(await send('GET', `${server.url}/api/v1/log/proof?index=${at}`)) as { entry: string };
    expect(JSON.parse(entry)).toMatchObject({ at: pinned?.at, by: 'ada' });
  });

  test('is filtered by actor, action, family and time, and all of them hold', async () => {
    expect((await entries('&actor=bo')).length).toBe(4);
    expect((await entries('&actor=mallory')).length).toBe(1);
    expect((await entries('&actor=127.0.0.1')).length).toBe((await entries()).length - 1);
    expect((await entries(`&family=${FAMILY}&actor=ada`)).length).toBe(3);
    expect((await entries('&family=test-cases/')).length).toBe(7);
    expect((await entries('&family=test-cases')).length).toBe(0);
    expect((await entries('&since=2999-01-01')).length).toBe(0);
    expect((await entries('&since=2020-01-01')).length).toBe((await entries()).length);
    const [newest] = await entries();
    expect(await entries(`&since=${newest!.at}`)).toContainEqual(newest);
  });

  test('comes in pages that hold each change once', async () => {
    const all = await entries();
    const seen: AuditEntry[] = [];
    let url: string | undefined = `${server.url}/api/v1/audit?n=3&since=2020-01-01`;
    for (let pages = 0; url !== undefined && pages < 50; pages += 1) {
      const reply = await send('GET', url);
      seen.push(...(jsonOf(reply) as AuditPage).entries);
      const next = nextLink(reply);
      url = next === undefined ? undefined : new URL(next, url).href;
    }
    expect(seen).toEqual(all);
    expect((await page('?n=1')).entries).toEqual([all[0]]);
  });

  test.each([
    '?action=burned',
    '?since=yesterday',
    '?since=2026-13-45',
    '?last=1',
    `?last=${'z'.repeat(32)}`,
    `?actor=${'x'.repeat(301)}`,
    '?n=-1',
  ])('refuses what it cannot mean: %s', async (query) => {
    const reply = await send('GET', `${server.url}/api/v1/audit${query}`);
    expect(reply.status).toBe(400);
    expect(jsonOf(reply)).toMatchObject({ code: expect.stringMatching(/page-invalid$/) as string });
  });

  test('does not tell of what changed nothing', async () => {
    const before = (await entries()).length;
    await as('ada', 'PUT', `/api/v1/pins/${FAMILY}@stable`, { to: 'v1.0.0' });
    expect((await as('ada', 'DELETE', '/v2/images/box/manifests/none')).status).toBe(404);
    await command('gc', '--data', server.data, '--dry-run');
    expect((await entries()).length).toBe(before);
  });

  test('is listed by the command', async () => {
    const { stdout } = await command('audit', '--action', 'tag-deleted', '--json');
    expect(JSON.parse(stdout)).toMatchObject({ entries: [{ subject: 'two', by: { name: 'bo' } }], more: false });
    expect((await command('audit', '--limit', '2')).stdout).toMatch(
      /^.*garbage-collected.*\n.*rolled-back.*\nand more: --limit, --all\n$/,
    );
  });

  test('names every action once', () => {
    expect(new Set(AUDIT_ACTIONS).size).toBe(AUDIT_ACTIONS.length);
  });
});

test('a client with two identities is refused, whatever it asks to be done', async () => {
  const headers = { 'x-who': ['mallory', 'ada'] };
  const reply = await send('DELETE', `${server.url}/v2/images/box/manifests/one`, { headers });
  expect(reply.status).toBe(400);
});

test('what is older than the retention goes with the next collection, and the rest stays', async () => {
  const before = await entries();
  await command('gc', '--data', server.data, '--audit-retention', '1h');
  expect((await entries()).length).toBe(before.length + 1);
  await command('gc', '--data', server.data, '--audit-retention', '1ms');
  expect((await entries()).map(({ action }) => action)).toEqual(['garbage-collected']);
});
