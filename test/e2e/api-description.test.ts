import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { AssayClient } from '../../lib/client/assay-client.ts';
import { LogReader } from '../../lib/client/log/log-reader.ts';
import { RunClient } from '../../lib/client/run-client.ts';
import { sha256 } from '../../lib/encoding/digest.ts';
import { startChromium } from '../support/chromium.ts';
import { DOCUMENT, exchangeFault, faultsUnder, HOW, operationAt } from '../support/described.ts';
import { header, jsonOf, send, sendTo, textOf } from '../support/http.ts';
import { describeWith } from '../support/programs.ts';
import { AUTHOR, makeTree, packOfTree, testCase } from '../support/publishing.ts';
import { expectStatus } from '../support/repository.ts';
import { sampleRecord, sampleReview } from '../support/run-place.ts';
import { useServer } from '../support/server.ts';

const server = useServer();
const FAMILY = 'test-cases/carom';
const one = { family: FAMILY, ref: 'v1.0.0' };
const RECORD = sampleRecord('a-run');
const REVIEW = sampleReview();

interface Call {
  readonly method: string;
  readonly target: string;
  readonly status: number;
  readonly fault: string | undefined;
}
const calls: Call[] = [];

/** In what a request is not as the document says. */
function requestFault(method: string, target: string, body: unknown): string | undefined {
  const found = operationAt(method, target);
  if (found === undefined) return `there is no ${method} ${target} in the document`;
  const { parameters, requestBody, operationId } = found.operation;
  for (const [name, value] of new URL(target, 'http://x').searchParams) {
    const parameter = parameters.find((one) => one.in === 'query' && one.name === name);
    if (parameter === undefined) return `${operationId} has no parameter ${name}`;
    const given = parameter.schema.type === 'integer' ? Number(value) : value;
    if (faultsUnder(parameter.schema, given) !== undefined) return `${operationId} takes no ${name}=${value}`;
  }
  for (const { name, schema } of parameters.filter((one) => one.in === 'path')) {
    const faults = faultsUnder(schema, found.groups[name]);
    if (faults !== undefined) return `${operationId} takes no ${name} like ${found.groups[name]}: ${faults}`;
  }
  const schema = requestBody?.content?.['application/json']?.schema;
  if (schema === undefined) return undefined;
  return faultsUnder(schema, JSON.parse(Buffer.from(body as Uint8Array).toString('utf8')));
}

/** Everything that the client sends and gets, looked at on its way. */
function watchFetch(): void {
  const real = globalThis.fetch;
  vi.stubGlobal('fetch', async (address: string, init: RequestInit = {}): Promise<Response> => {
    const { pathname, search } = new URL(address);
    const [method, target] = [init.method ?? 'GET', pathname + search];
    const response = await real(address, init);
    if (!pathname.startsWith('/api/v1/')) return response;
    const asked = requestFault(method, target, init.body);
    const { status, headers } = response;
    const body = new Uint8Array(await response.clone().arrayBuffer());
    const contentType = headers.get('content-type') ?? undefined;
    const answered = exchangeFault({ method, target, status, contentType, body });
    calls.push({ method, target, status, fault: asked ?? answered });
    return response;
  });
}

/** The methods of a class, each to be watched. */
function watchMethods(prototype: object): Map<string, ReturnType<typeof vi.spyOn>> {
  const names = Object.getOwnPropertyNames(prototype).filter((name) => name !== 'constructor');
  return new Map(names.map((name) => [name, vi.spyOn(prototype as Record<string, never>, name as never)]));
}

async function all<T>(source: AsyncIterable<T>): Promise<T[]> {
  const items: T[] = [];
  for await (const item of source) items.push(item);
  return items;
}

describe('the typed clients', () => {
  let methods: Map<string, ReturnType<typeof vi.spyOn>>;

  beforeAll(() => {
    methods = new Map([...watchMethods(AssayClient.prototype), ...watchMethods(RunClient.prototype)]);
    watchFetch();
  });
  afterAll(() => {
    vi.unstubAllGlobals();
    vi.restoreAllMocks();
  });

  test('publish, read and name definitions', async () => {
    const client = new AssayClient({ url: server.url, actor: 'ada', tries: 1 });
    const trees = [testCase(), testCase({ 'more/note.md': 'More.\n', link: { link: 'prompt.md' } })].map(makeTree);
    expect(await client.missing(FAMILY, [...trees[0]!.objects.keys()])).toHaveLength(trees[0]!.objects.size);
    for (const [at, tree] of trees.entries()) {
      const source = { repository: 'https://example.com/x.git', commit: 'a'.repeat(40), path: 'a/b' };
      const pack = async function* (): AsyncGenerator<Uint8Array> {
        yield packOfTree(tree);
      };
      const request = { tree: tree.oid, author: AUTHOR, source };
      for (const outcome of ['published', 'unchanged'])
        expect((await client.publish(FAMILY, `v1.${at}.0`, request, pack)).outcome).toBe(outcome);
    }
    for (const [at, tree] of trees.entries()) {
      const request = { tree: tree.oid, author: AUTHOR, source: {} };
      const pack = async function* (): AsyncGenerator<Uint8Array> {
        yield packOfTree(tree);
      };
      await client.publish('retained', `v1.${at}.0`, request, pack);
    }
    expect((await client.retain('retained', { keepLast: 1 })).applied).toBe(false);
    expect((await client.retain('retained', { keepLast: 1, apply: true })).applied).toBe(true);
    const version = await client.version(one);
    expect((await client.files({ family: FAMILY, ref: version.digest })).files).toHaveLength(2);
    await client.metadata(one);
    await client.manifest(FAMILY, version.digest);
    await all(client.file(one, 'prompt.md', { start: 1, end: 4 }));
    await all(client.checkedFile({ family: FAMILY, ref: 'v1.1.0' }, 'more/note.md'));
    await all(client.archive(one));
    await client.diff(one, { family: FAMILY, ref: 'v1.1.0' });
    await client.state(one, { kind: 'retired', text: 'Use v1.1.0.' });
    await client.movePin(FAMILY, 'stable', { to: 'v1.0.0', expect: null, note: 'first' });
    await client.movePin(FAMILY, 'stable', { to: 'v1.1.0', expect: version.digest });
    await client.pins(FAMILY);
    await client.removePin(FAMILY, 'stable', {
      expect: (await client.version({ family: FAMILY, ref: 'stable' })).digest,
    });
    expect((await client.pin(FAMILY, 'stable')).history).toHaveLength(3);
    await client.declareRules('plain', { immutable: ['v*'] });
    await client.rules('plain');
    await client.setQuota('plain', { bytes: 1000 });
    expect(await client.quota('plain')).toMatchObject({ bytes: 1000, versions: null });
    await client.family('plain');
    expect(await all(client.families({ prefix: 'test-' }))).toHaveLength(1);
    expect((await client.familyPage({ n: 1 })).next).toBeDefined();
    expect((await client.versionPage(FAMILY, { n: 1 })).next).toBe('v1.0.0');
    expect(await all(client.versions(FAMILY))).toHaveLength(2);
    expect(await all(client.audit({ actor: 'ada', family: FAMILY, action: 'pinned' }))).toHaveLength(3);
    const { next } = await client.historyPage(FAMILY, { n: 2 });
    await client.historyPage(FAMILY, { n: 2, last: next! });
    expect(new Set((await all(client.history(FAMILY))).map(({ what }) => what))).toEqual(
      new Set(['published', 'retired', 'pinned']),
    );
  });

  test('publish and change runs', async () => {
    const client = new RunClient({ url: server.url, actor: 'ada', tries: 1 });
    const bytes = Buffer.from('a log');
    const digest = sha256(bytes);
    expect(await client.hasMedia(digest)).toBe(false);
    await client.putMedia(digest, bytes);
    expect(await client.hasMedia(digest)).toBe(true);
    expect(Buffer.concat(await all(client.media(digest)))).toEqual(bytes);
    const media = [{ name: 'a.log', digest, size: bytes.length, mediaType: 'text/plain' }];
    const submission = { record: { ...RECORD, media }, review: REVIEW, links: { source: 'https://example.com/x' } };
    for (const outcome of ['submitted', 'unchanged']) expect((await client.submit(submission)).outcome).toBe(outcome);
    await client.review('a-run', { review: { ...REVIEW, text: 'Again.' }, note: 'looked again' });
    await client.review('a-run', { review: { ...REVIEW, reviewer: 'grace hopper' }, expect: null });
    const { body, record } = await client.run('a-run');
    await client.amend('a-run', { record: { ...body!, status: 'hung' }, reason: 'it had hung', expect: record });
    await client.retract('a-run', 'of another model');
    const { history } = await client.run('a-run');
    expect(history.map(({ what }) => what)).toEqual(['submitted', 'reviewed', 'reviewed', 'amended', 'retracted']);
    await client.record('a-run');
    await client.submit({ record: { ...RECORD, id: 'b-run' }, review: REVIEW });
    await client.submit({ record: { ...RECORD, id: 'c-run' }, review: REVIEW });
    for (const outcome of ['erased', 'unchanged'])
      expect((await client.erase('c-run', 'asked for')).outcome).toBe(outcome);
    expect((await client.run('c-run')).erased).toBeDefined();
    const filter = { testCase: 'test-cases/', version: 'v1.0.0', variant: 'plain', model: 'm-1', harness: 'claude' };
    expect(await all(client.runs({ ...filter, reviewer: 'ada', retracted: 'with' }))).toHaveLength(2);
    const { next } = await client.page({ n: 1 });
    await client.page({ n: 1, last: next!, status: 'hung', search: 'AGAIN', retracted: 'only' });
  });

  test('watch publication, and prove', async () => {
    // The server may be publishing by itself at that moment.
    const client = new AssayClient({ url: server.url, tries: 20, backOffMs: 50 });
    const { live } = await client.publishNow();
    await client.rollback(live!.snapshot);
    expect(await client.publication()).toMatchObject({ held: true });
    await new LogReader(client.transport).inclusion(0);
    await new LogReader(client.transport).placeOfRun('a-run');
  });

  test('send nothing and get nothing that the document does not say', () => {
    expect(
      calls.filter(({ fault }) => fault !== undefined),
      HOW,
    ).toEqual([]);
    for (const [name, method] of methods) expect(method, `${name} of a client is never called here`).toHaveBeenCalled();
  });

  test('use every operation, but for what only others have a need of', async () => {
    const path = `${server.url}/api/v1/runs/a-run`;
    const { reviews } = jsonOf(await send('GET', path)) as { reviews: { review: string }[] };
    for (const method of ['GET', 'HEAD']) {
      expectStatus(await send(method, `${path}/bodies/${reviews[0]!.review}`), 200);
      expectStatus(await send(method, `${path}/record`), 200);
    }
    const done = calls.filter(({ status }) => status < 300);
    const used = new Set(done.map(({ method, target }) => operationAt(method, target)?.operation.operationId));
    const operations = Object.values(DOCUMENT.paths).flatMap((each) => Object.values(each));
    const unused = operations.map(({ operationId }) => operationId).filter((id) => !used.has(id));
    const heads = ['metadata-head', 'file-head', 'archive-head', 'run-record-head', 'run-body-head'];
    expect(
      unused.filter((id) => ![...heads, 'run-body'].includes(id)),
      'call it in this file',
    ).toEqual([]);
  });
});

/** Requests that are refused, by operation: what is wrong with each, and the code that says so. `send` checks the rest. */
const REFUSED: readonly (readonly [code: string, method: string, target: string, body?: string, type?: string])[] = [
  ['request-malformed', 'GET', '/families/%ff'],
  ['name-invalid', 'GET', '/families/A'],
  ['name-unknown', 'GET', '/families/nobody'],
  ['page-invalid', 'GET', '/families?n=x'],
  ['name-unknown', 'GET', '/families/nobody/rules'],
  ['json-invalid', 'PUT', '/families/plain/rules', '{'],
  ['rule-invalid', 'PUT', '/families/plain/rules', '{"immutable":["/"]}'],
  ['rule-invalid', 'PUT', '/families/plain/rules', '{"frozen":[]}'],
  ['body-too-large', 'PUT', '/families/plain/rules', ' '.repeat(70_000)],
  ['quota-invalid', 'PUT', '/families/plain/quota', '{"bytes":-1}'],
  ['audit-page-invalid', 'GET', '/audit?action=thought'],
  ['audit-page-invalid', 'GET', '/audit?since=2026-02-99'],
  ['page-invalid', 'GET', `/definitions/${FAMILY}?n=-1`],
  ['retention-invalid', 'POST', '/families/retained/retention', '{"keepLast":0}'],
  ['retention-invalid', 'POST', '/families/retained/retention', '{}'],
  ['name-unknown', 'POST', '/families/nobody/retention', '{"keepLast":1}'],
  ['version-removed', 'GET', '/definitions/retained@v1.0.0'],
  ['version-removed', 'GET', '/definitions/retained@v1.0.0/metadata'],
  ['version-removed', 'GET', '/definitions/retained@v1.0.0/files'],
  ['version-removed', 'GET', '/definitions/retained@v1.0.0/files/prompt.md'],
  ['version-removed', 'GET', '/definitions/retained@v1.0.0/archive'],
  ['version-removed', 'POST', '/definitions/retained@v1.0.0/statements', '{"kind":"retired","text":"x"}'],
  ['version-removed', 'PUT', '/pins/retained@stable', '{"to":"v1.0.0"}'],
  ['version-removed', 'GET', '/diff?from=retained@v1.0.0&to=retained@v1.1.0'],
  ['version-unknown', 'GET', `/definitions/${FAMILY}@v9.9.9`],
  ['file-unknown', 'GET', `/definitions/${FAMILY}@v1.0.0/files/none`],
  ['version-unknown', 'GET', `/definitions/${FAMILY}@nowhere/archive`],
  ['statement-invalid', 'POST', `/definitions/${FAMILY}@v1.0.0/statements`, '{"kind":"erratum","text":" "}'],
  ['statement-invalid', 'POST', `/definitions/${FAMILY}@v1.0.0/statements`, '{"kind":"restore","text":"x"}'],
  ['media-type-unsupported', 'PUT', `/definitions/${FAMILY}@v2.0.0`, '{}'],
  ['publish-invalid', 'PUT', `/definitions/${FAMILY}@v2.0.0`, '{"tree":"x"}', 'application/vnd.assay.publish.v1'],
  [
    'version-removed',
    'PUT',
    '/definitions/retained@v1.0.0',
    JSON.stringify({ tree: '1'.repeat(40), author: AUTHOR, source: {} }),
    'application/vnd.assay.publish.v1',
  ],
  ['pin-invalid', 'PUT', `/pins/${FAMILY}@stable`, '{"to":7}'],
  ['pin-invalid', 'PUT', `/pins/${FAMILY}@Stable`, '{"to":"v1.0.0"}'],
  ['pin-moved', 'PUT', `/pins/${FAMILY}@stable`, `{"to":"v1.0.0","expect":"sha256:${'0'.repeat(64)}"}`],
  ['pin-unknown', 'DELETE', `/pins/${FAMILY}@none`],
  ['pin-invalid', 'DELETE', `/pins/${FAMILY}@stable?expect=x`],
  ['event-page-invalid', 'GET', `/history/${FAMILY}?last=x`],
  ['oids-invalid', 'POST', `/missing/${FAMILY}`, '{"oids":["x"]}'],
  ['reference-invalid', 'GET', '/diff?from=x'],
  ['name-invalid', 'GET', '/diff?from=X@x&to=y@y'],
  ['reference-invalid', 'POST', '/publication/rollback', '{"snapshot":"x"}'],
  ['snapshot-unknown', 'POST', '/publication/rollback', `{"snapshot":"sha256:${'0'.repeat(64)}"}`],
  ['run-page-invalid', 'GET', '/runs?retracted=maybe'],
  ['run-invalid', 'POST', '/runs', '{"record":{},"review":[]}'],
  [
    'run-conflict',
    'POST',
    '/runs',
    JSON.stringify({ record: { ...RECORD, id: 'b-run', status: 'hung' }, review: REVIEW }),
  ],
  ['run-unknown', 'GET', '/runs/none'],
  ['run-unknown', 'GET', `/runs/a-run/bodies/sha256:${'0'.repeat(64)}`],
  ['run-invalid', 'PUT', '/runs/a-run/reviews/ada', '[]'],
  ['run-retracted', 'POST', '/runs/a-run/retraction', '{"reason":"another"}'],
  ['run-erased', 'GET', '/runs/c-run/record'],
  ['run-erased', 'POST', '/runs/c-run/retraction', '{"reason":"another"}'],
  ['run-page-invalid', 'GET', '/runs?status=splendid'],
  ['secret-found', 'PUT', `/pins/${FAMILY}@stable`, `{"to":"v1.0.0","note":"ghp_${'a'.repeat(36)}"}`],
  ['media-invalid', 'GET', '/media/x'],
  ['media-unknown', 'GET', `/media/sha256:${'0'.repeat(64)}`],
  ['media-invalid', 'PUT', `/media/sha256:${'0'.repeat(64)}`, 'x'],
  ['request-malformed', 'GET', '/log/proof?index=x'],
  ['index-unknown', 'GET', '/log/proof?index=999999'],
];

test.each(REFUSED)('is described where it is refused with %s: %s %s', async (code, method, target, body, type) => {
  const headers = { 'content-type': type ?? 'application/json' };
  const { hostname, port } = new URL(server.url);
  const bytes = body === undefined ? {} : { body: Buffer.from(body) };
  const reply = await sendTo({ hostname, port: Number(port) }, method ?? '', `/api/v1${target}`, { headers, ...bytes });
  expect(jsonOf(reply)).toMatchObject({ code, status: reply.status });
});

test('ranges, heads and what is there already are described, too', async () => {
  const url = `${server.url}/api/v1/definitions/${FAMILY}@v1.0.0`;
  const etag = header(await send('GET', `${url}/archive`), 'etag') ?? '';
  for (const [status, headers] of [
    [206, { range: 'bytes=0-9' }],
    [304, { 'if-none-match': etag }],
    [416, { range: 'bytes=99999999-' }],
  ] as const) {
    expectStatus(await send('GET', `${url}/archive`, { headers }), status);
  }
  for (const path of ['/archive', '/metadata', '/files', '/files/prompt.md', ''])
    expectStatus(await send('HEAD', url + path), 200);
  const files = header(await send('GET', `${url}/files`), 'etag') ?? '';
  expectStatus(await send('GET', `${url}/files`, { headers: { 'if-none-match': files } }), 304);
});

describe('the description', () => {
  test('is served as it is made, and found from the front door', async () => {
    const reply = await send('GET', `${server.url}/openapi.json`);
    expect(header(reply, 'content-type')).toBe('application/json');
    expect(jsonOf(reply)).toEqual(JSON.parse(JSON.stringify(DOCUMENT)));
    const etag = header(reply, 'etag') ?? '';
    expectStatus(await send('GET', `${server.url}/openapi.json`, { headers: { 'if-none-match': etag } }), 304);
    const head = await send('HEAD', `${server.url}/openapi.json`);
    expect([head.status, head.body.length]).toEqual([200, 0]);
    expect(jsonOf(await send('GET', server.url))).toMatchObject({ api: '/docs/api', openapi: '/openapi.json' });
  });

  test('is a page that may run and load nothing', async () => {
    const reply = await send('GET', `${server.url}/docs/api`);
    expect(header(reply, 'content-type')).toBe('text/html; charset=utf-8');
    expect(header(reply, 'content-security-policy')).toMatch(/^default-src 'none'; style-src 'sha256-[^']+';/);
    expect(textOf(reply)).toContain('id="op-publish"');
  });
});

describeWith(['chromium'], 'the page in a browser', () => {
  test('is styled, dark where that is wanted, and as narrow as a telephone', async () => {
    const browser = await startChromium();
    try {
      const papers: string[] = [];
      for (const [colorScheme, width] of [
        ['light', 1280],
        ['dark', 1280],
        ['dark', 360],
      ] as const) {
        const context = await browser.newContext({ colorScheme, viewport: { width, height: 800 } });
        const page = await context.newPage();
        const troubles: string[] = [];
        page.on('console', (message) => troubles.push(message.text()));
        page.on('pageerror', (error) => troubles.push(error.message));
        await page.goto(`${server.url}/docs/api#op-publish`);
        const seen = await page.evaluate(
          '({ paper: getComputedStyle(document.body).backgroundColor, width: document.documentElement.scrollWidth })',
        );
        const { paper, width: shown } = seen as { paper: string; width: number };
        papers.push(paper);
        expect(shown).toBeLessThanOrEqual(width);
        expect(await page.locator('#op-publish h3').innerText()).toContain('/api/v1/definitions/');
        expect(troubles).toEqual([]);
        await context.close();
      }
      expect(new Set(papers).size).toBe(2);
    } finally {
      await browser.close();
    }
  });
});
