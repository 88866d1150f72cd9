import { cpSync, mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { canonicalJson, type JsonValue } from '../../lib/encoding/canonical-json.ts';
import { sha256 } from '../../lib/encoding/digest.ts';
import type { Run, RunAnswer, RunPage, RunSummary } from '../../lib/record/wire.ts';
import { assay, errorsIn } from '../support/assay-command.ts';
import { makeAuthorRepository } from '../support/author-repository.ts';
import { header, jsonOf, nextLink, send, type Reply } from '../support/http.ts';
import { FORMAT_1, hostileRuns, RECORDS, runFile, submissionOf } from '../support/record-fixtures.ts';
import type { Outcome } from '../support/run-program.ts';
import { useServer } from '../support/server.ts';
import { useTemporaryFolder } from '../support/use-temporary-folder.ts';

const server = useServer();
const folder = useTemporaryFolder();
const JSON_TYPE = { 'content-type': 'application/json' };

function run(...args: string[]): Promise<Outcome> {
  return assay(args, { ASSAY_URL: server.url, ASSAY_ACTOR: 'ada', HOME: folder.path }, { cwd: folder.path });
}

async function json<T>(...args: string[]): Promise<T> {
  const { code, stdout, stderr } = await run(...args, '--json');
  if (code !== 0) throw new Error(`assay ${args.join(' ')} ended with ${code}: ${stdout}${stderr}`);
  return JSON.parse(stdout) as T;
}

async function ids(...args: string[]): Promise<string[]> {
  return (await json<{ runs: RunSummary[] }>('runs', ...args)).runs.map(({ id }) => id);
}

function call(
  method: string,
  path: string,
  body?: unknown,
  headers: Record<string, string> = JSON_TYPE,
): Promise<Reply> {
  const bytes = body === undefined || Buffer.isBuffer(body) ? body : Buffer.from(JSON.stringify(body));
  return send(method, `${server.url}/api/v1${path}`, { headers, ...(bytes === undefined ? {} : { body: bytes }) });
}

/** All objects that are published. */
function inBucket(): string {
  const objects = join(server.data, 'public', 'o');
  const texts = readdirSync(objects).map((name) => readIfThere(join(objects, name)));
  return texts.join('\n');
}

function isUnspeakableShown(): boolean {
  return /(?:log of|Of) the unspeakable/.test(inBucket());
}

/** A sweep may take it in between. */
function readIfThere(file: string): string {
  try {
    return readFileSync(file, 'latin1');
  } catch {
    return '';
  }
}

function byNumber(a: number, b: number): number {
  return a - b;
}

function directoryOf(name: string, change: (record: Record<string, unknown>) => object): string {
  const directory = join(folder.path, name);
  cpSync(join(RECORDS, 'format-1', 'least'), directory, { recursive: true });
  const record = JSON.parse(runFile('least', 'record.json').toString()) as Record<string, unknown>;
  writeFileSync(join(directory, 'record.json'), JSON.stringify({ ...record, id: name, ...change(record) }));
  return directory;
}

beforeAll(async () => {
  const { path } = await makeAuthorRepository(folder.path);
  const { code, stderr } = await assay(['publish', '--all'], { ASSAY_URL: server.url, HOME: path }, { cwd: path });
  if (code !== 0) throw new Error(stderr);
});

describe('assay submit', () => {
  test.each(FORMAT_1)('publishes the run %s, and once', async (name) => {
    const directory = join(RECORDS, 'format-1', name);
    const dry = await json<{ outcome: string; sent: { files: number } }>('submit', directory, '--dry-run');
    expect(dry.outcome).toBe('would-submit');
    const first = await json<RunAnswer & { sent: { files: number } }>('submit', directory);
    expect(first.outcome).toBe('submitted');
    expect(first.sent.files).toBe(dry.sent.files);
    const again = await json<RunAnswer & { sent: { files: number } }>('submit', directory);
    expect([again.outcome, again.sent.files]).toEqual(['unchanged', 0]);
  });

  test('keeps record, links, review and media as they are', async () => {
    const found = await json<Run>('run', 'carom-2025-06-01-a');
    const record = JSON.parse(runFile('whole', 'record.json').toString()) as Record<string, object>;
    const links = { ...record['links'], ...(JSON.parse(runFile('whole', 'links.json').toString()) as object) };
    expect(found.body).toEqual({ ...record, links, definition: found.definition });
    expect(found.definition).toMatchObject({ family: 'test-cases/carom', version: 'v1.0.0' });
    const bytes = (await call('GET', '/runs/carom-2025-06-01-a/record')).body;
    expect(bytes).toEqual(canonicalJson(found.body as unknown as JsonValue));
    expect(sha256(bytes)).toBe(found.record);
    const review = await call('GET', `/runs/carom-2025-06-01-a/bodies/${found.reviews[0]!.review}`);
    expect(jsonOf(review)).toEqual(JSON.parse(runFile('whole', 'review.json').toString()));
    const [opening] = found.body!.media!;
    const image = await call('GET', `/media/${opening!.digest}`);
    expect(image.body).toEqual(runFile('whole', opening!.name));
  });

  test('completes a record with all that is below media/, and follows no link out of it', async () => {
    const directory = directoryOf('found-media', () => ({}));
    cpSync(join(RECORDS, 'format-1', 'whole', 'media'), join(directory, 'media', 'shots'), { recursive: true });
    symlinkSync('/etc/hostname', join(directory, 'media', 'secret.txt'));
    const { run: found } = await json<RunAnswer>('submit', directory);
    expect(found.body!.media?.map(({ name, mediaType }) => [name, mediaType])).toEqual([
      ['media/shots/opening.png', 'image/png'],
      ['media/shots/session.log', 'text/plain'],
    ]);
  });

  test('tells every fault with its place, exit 1', async () => {
    const directory = directoryOf('faulty', () => ({ status: 'aborted', endedAt: 'yesterday' }));
    const { code, stderr } = await run('submit', directory);
    expect(code).toBe(1);
    expect(stderr).toContain('record: endedAt is not a time');
    expect(stderr).toContain('record: status "aborted" is never published');
    expect(await run('submit', directory, '--dry-run')).toMatchObject({ code, stderr });
  });

  test('refuses a file that readers take differently before it sends anything', async () => {
    const directory = directoryOf('twice', () => ({}));
    writeFileSync(join(directory, 'review.json'), '{"format":1,"reviewer":"a","reviewer":"b","ratings":{}}');
    const { code, stderr } = await run('submit', directory);
    expect(code).toBe(1);
    expect(stderr).toContain('review.json has the name "reviewer" twice');
  });

  test('refuses media that are not what the record says, and those outside', async () => {
    const media = [{ name: 'a.log', digest: `sha256:${'0'.repeat(64)}`, size: 1, mediaType: 'text/plain' }];
    const directory = directoryOf('other-media', () => ({ media }));
    writeFileSync(join(directory, 'a.log'), 'x');
    expect((await run('submit', directory)).stderr).toMatch(/a\.log has the digest sha256:2d71/);
    const outside = directoryOf('outside', () => ({ media: [{ ...media[0], name: '../other-media/a.log' }] }));
    expect((await run('submit', outside)).stderr).toContain('names no file');
  });
});

describe('what happens to a run', () => {
  test('is in its history, and in the log', async () => {
    const directory = directoryOf('lively', () => ({}));
    await json('submit', directory);
    await json('review', 'lively', '--ratings', 'play=70', '--text', 'Not bad.');
    const unexplained = await run('review', 'lively', '--ratings', 'looks=20');
    expect([unexplained.code, unexplained.stderr]).toEqual([1, expect.stringContaining('request: note is missing')]);
    await json('review', 'lively', '--ratings', 'looks=20', '--verdicts', 'aim=pass', '--note', 'Looked again.');
    const record = JSON.parse(readFileSync(join(directory, 'record.json'), 'utf8')) as object;
    writeFileSync(join(directory, 'right.json'), JSON.stringify({ ...record, status: 'hung' }));
    await json('amend', 'lively', '--file', join(directory, 'right.json'), '--reason', 'It had hung.');
    await json('retract', 'lively', '--reason', 'Another model.');
    const found = await json<Run>('run', 'lively');
    expect(found.history.map(({ what }) => what)).toEqual([
      'submitted',
      'reviewed',
      'reviewed',
      'amended',
      'retracted',
    ]);
    expect(found.reviewed[1]).toEqual({
      format: 1,
      reviewer: 'ada',
      ratings: { play: 70, looks: 20 },
      verdicts: { aim: 'pass' },
      text: 'Not bad.',
    });
    expect(found).toMatchObject({ status: 'hung', retracted: { reason: 'Another model.', by: { name: 'ada' } } });
    const { stdout } = await run('run', 'lively');
    for (const text of ['Another model.', 'status: "failed" → "hung"', 'ratings.looks: nothing → 20', 'Not bad.'])
      expect(stdout).toContain(text);
    const refused = await run('review', 'lively', '--ratings', 'play=1', '--note', 'n');
    expect([refused.code, refused.stderr]).toEqual([1, expect.stringContaining('was retracted')]);
  });

  test('is asked for by what it is', async () => {
    expect(await ids('--search', 'BOUNCES')).toEqual([]);
    expect(await ids('--search', 'cushion — grö')).toEqual(['carom-2025-06-01-a']);
    expect(await ids('--model', 'claude-opus-4', '--status', 'completed')).toEqual(['carom-2025-06-01-a']);
    expect(await ids('--reviewer', 'ada')).toEqual(['lively']);
    expect(await ids('--retracted', 'only')).toEqual(['lively']);
    expect(await ids('--variant', 'three-cushion')).toEqual(['carom-2025-06-01-a']);
    expect(await ids('--test-case', 'test-cases/', '--limit', '2')).toHaveLength(2);
    expect(await ids('--test-case', 'test-cases/games/')).toEqual([]);
    const { stdout } = await run('runs', '--limit', '1');
    expect(stdout).toMatch(/^\d{4}-.* lively .*retracted.*\nand more: --last \d+/);
    const first = await json<{ runs: RunSummary[]; next: string }>('runs', '--limit', '1');
    expect([...first.runs.map(({ id }) => id), ...(await ids('--last', first.next))]).toEqual(await ids('--all'));
    for (const [option, value, what] of [
      ['--status', 'compleeted', 'status is one of completed'],
      ['--last', 'x', 'last is a number'],
    ] as const) {
      const wrong = await run('runs', option, value);
      expect([wrong.code, wrong.stderr]).toEqual([1, expect.stringContaining(what)]);
    }
  });

  test('is corrected from its directory, with links and media, and what that changed is shown', async () => {
    const directory = directoryOf('mended', () => ({}));
    mkdirSync(join(directory, 'media'));
    writeFileSync(join(directory, 'media', 'a.log'), 'one');
    const { run: before } = await json<RunAnswer>('submit', directory);
    writeFileSync(join(directory, 'media', 'b.log'), 'two');
    writeFileSync(join(directory, 'links.json'), '{"source":"https://example.com/"}');
    const amended = await run('amend', 'mended', '--file', directory, '--reason', 'There was more.');
    expect([amended.code, amended.stderr]).toEqual([0, '']);
    expect(amended.stdout).toMatch(
      /^amended  mended  sha256:\w+\n {6}links: nothing → {"source":.*\n {6}media\[1\]: nothing → /,
    );
    const { body } = await json<Run>('run', 'mended');
    expect(body!.media?.map(({ name }) => name)).toEqual(['media/a.log', 'media/b.log']);
    expect(body!.definition).toEqual(before.definition);
    expect((await run('amend', 'mended', '--file', directory, '--reason', 'Again.')).stdout).toMatch(/^unchanged/);
    const judged = await run('review', 'mended', '--ratings', 'play=1');
    expect(judged.stdout).toBe('reviewed  mended  by ada\n');
    const edited = await run('review', 'mended', '--ratings', 'play=2', '--note', 'n');
    expect(edited.stdout).toBe('reviewed  mended  by ada\n      ratings.play: 1 → 2\n');
    await json('retract', 'mended', '--reason', 'It was for a test.');
  });

  test('is deleted with all that it consists of, where the law asks for it', async () => {
    const bytes = Buffer.from(`a log of the unspeakable ${'.'.repeat(100_000)}`);
    const media = [{ name: 'a.log', digest: sha256(bytes), size: bytes.length, mediaType: 'text/plain' }];
    const directory = directoryOf('unspeakable', () => ({ media }));
    writeFileSync(join(directory, 'a.log'), bytes);
    const review = JSON.parse(runFile('least', 'review.json').toString()) as object;
    writeFileSync(join(directory, 'review.json'), JSON.stringify({ ...review, text: 'Of the unspeakable.' }));
    await json('submit', directory);
    await json('publication', 'now');
    expect(isUnspeakableShown()).toBe(true);
    const { record } = await json<Run>('run', 'unspeakable');
    expect((await run('erase', 'unspeakable', '--reason', 'x')).code).toBe(2);
    const erased = await run('erase', 'unspeakable', '--reason', 'A person asked for it.', '--yes');
    expect([erased.code, erased.stdout]).toEqual([0, 'erased  unspeakable  (3 bodies deleted)\n']);
    for (const path of ['', `/bodies/${record}`]) {
      const reply = await call('GET', `/runs/unspeakable/record${path}`.replace('/record/bodies', '/bodies'));
      expect([reply.status, jsonOf(reply)]).toEqual([410, expect.objectContaining({ code: 'run-erased' })]);
    }
    expect((await call('GET', `/media/${sha256(bytes)}`)).status).toBe(404);
    const { stdout } = await run('run', 'unspeakable');
    expect(stdout).toMatch(/^run +unspeakable\nerased +A person asked for it\./);
    expect((await run('runs', '--limit', '1')).stdout).toMatch(/ unspeakable .* erased/);
    const again = await run('submit', directory);
    expect([again.code, again.stderr]).toEqual([1, expect.stringContaining('was erased')]);
    await expect.poll(isUnspeakableShown, { timeout: 60_000, interval: 500 }).toBe(false);
    expect((await run('log', 'verify')).code).toBe(0);
    const verified = await run('snapshot', 'verify', join(server.data, 'public'));
    expect(verified.code).toBe(0);
  });
});

describe('the list', () => {
  test('comes in pages that are all of it, the newest first', async () => {
    for (let at = 0; at < 5; at += 1)
      expect((await call('POST', '/runs', submissionOf(`page-${at}`))).status).toBe(201);
    const seen: string[] = [];
    let path: string | undefined = '/api/v1/runs?n=2&search=page-';
    while (path !== undefined) {
      const reply: Reply = await send('GET', server.url + path);
      const page = jsonOf(reply) as RunPage;
      expect(page.runs.length).toBeLessThanOrEqual(2);
      seen.push(...page.runs.map(({ id }) => id));
      path = nextLink(reply);
    }
    expect(seen).toEqual(['page-4', 'page-3', 'page-2', 'page-1', 'page-0']);
  });

  test.each(['last=x', 'retracted=maybe', 'n=-1', `model=${'m'.repeat(400)}`])('refuses %s', async (query) => {
    expect((await call('GET', `/runs?${query}`)).status).toBe(400);
  });
});

describe('bodies that are refused', () => {
  test.each(hostileRuns())('$name', async ({ body, status, code, at }) => {
    const reply = await call('POST', '/runs', body);
    expect(reply.status).toBe(status);
    expect(header(reply, 'content-type')).toBe('application/problem+json');
    const problem = jsonOf(reply) as { code: string; about?: { faults: { document: string; path: string }[] } };
    expect(problem.code).toBe(code);
    const places = (problem.about?.faults ?? []).map(({ document, path }) =>
      path === '' ? document : `${document}: ${path}`,
    );
    expect(places).toEqual(expect.arrayContaining(at === null ? [] : [at]));
    expect((await call('GET', '/runs/hostile')).status).toBe(404);
  });

  test('are told when they are too large', async () => {
    const record = submissionOf('large', { x: 'x'.repeat(1024 * 1024) });
    const large = await call('POST', '/runs', record);
    expect(large.status).toBe(422);
    expect(jsonOf(large)).toMatchObject({
      about: { faults: [{ document: 'record', path: '', message: 'is larger than 1 MiB' }] },
    });
    const tooLarge = await call('POST', '/runs', submissionOf('large', { x: 'x'.repeat(10 * 1024 * 1024) }));
    expect([tooLarge.status, jsonOf(tooLarge)]).toEqual([413, expect.objectContaining({ code: 'body-too-large' })]);
  });
});

describe('what later requests bring', () => {
  /** Value, and the path below where it stands. */
  const BAD: readonly (readonly [what: string, value: string, below: string, message: string])[] = [
    ['a number beyond 2^53', '[9007199254740993]', '[0]', 'beyond 2^53'],
    ['a number that loses digits', '{"y":0.12345678901234567890}', '.y', 'other readers keep'],
    ['a number without end', '1e400', '', 'beyond 2^53'],
    ['half of a pair', '{"y":"\\ud800"}', '.y', 'surrogate'],
    ['half of a pair in a name', '{"\\udc00":1}', '', 'surrogate'],
    ['__proto__', '{"y":{"__proto__":{"admin":true}}}', '.y', '__proto__'],
    ['__proto__ in another spelling', '{"\\u005f_proto__":1}', '', '__proto__'],
    ['a name twice', '{"y":1,"y":2}', '', 'twice'],
    ['too deep a nest', `${'['.repeat(300)}${']'.repeat(300)}`, '[0][0][0]', 'deep'],
  ];
  const REQUESTS: readonly (readonly [what: string, method: string, path: string, before: string, at: string])[] = [
    [
      'a review',
      'PUT',
      '/runs/judged/reviews/ada',
      '{"note":"n","review":{"format":1,"reviewer":"ada","x":',
      'review.x',
    ],
    ['a note', 'PUT', '/runs/judged/reviews/ada', '{"review":{"format":1,"y":', 'review.y'],
    [
      'an amendment',
      'POST',
      '/runs/judged/amendments',
      '{"reason":"r","record":{"format":1,"metrics":',
      'record.metrics',
    ],
    ['a retraction', 'POST', '/runs/judged/retraction', '{"reason":{"x":', 'reason.x'],
    ['an erasure', 'POST', '/runs/judged/erasure', '{"reason":{"x":', 'reason.x'],
  ];

  beforeAll(async () => {
    await call('POST', '/runs', submissionOf('judged'));
  });

  test.each(REQUESTS)(
    '%s is refused with the path of what readers take differently',
    async (_, method, path, before, at) => {
      for (const [what, value, below, message] of BAD) {
        const reply = await call(method, path, Buffer.from(`${before}${value}}}`));
        expect([what, reply.status, (jsonOf(reply) as { code: string }).code]).toEqual([what, 422, 'run-invalid']);
        const { faults } = (
          jsonOf(reply) as { about: { faults: { document: string; path: string; message: string }[] } }
        ).about;
        expect(faults, what).toHaveLength(1);
        expect([faults[0]!.document, faults[0]!.path.slice(0, `${at}${below}`.length)], what).toEqual([
          'request',
          `${at}${below}`,
        ]);
        expect(faults[0]!.message, what).toContain(message);
      }
      for (const bytes of [Buffer.from([0x7b, 0xff, 0x7d]), Buffer.from(`${before}"\xed\xa0\x80"}}`, 'latin1')]) {
        const reply = await call(method, path, bytes);
        expect([reply.status, jsonOf(reply)]).toEqual([400, expect.objectContaining({ code: 'json-invalid' })]);
      }
      const large = await call(method, path, Buffer.from(`${before}"${'x'.repeat(10_000_000)}"}}`));
      expect([large.status, jsonOf(large)]).toEqual([413, expect.objectContaining({ code: 'body-too-large' })]);
      const found = jsonOf(await call('GET', '/runs/judged')) as Run;
      expect(found.history).toHaveLength(1);
    },
  );

  test('is too large where its document has more than a mebibyte', async () => {
    const { record, review } = submissionOf('judged', { x: 'x'.repeat(1024 * 1024) });
    const amended = await call('POST', '/runs/judged/amendments', { record, reason: 'r' });
    const judged = { review: { ...review, reviewer: 'bob', x: 'x'.repeat(1024 * 1024) } };
    for (const [reply, document] of [
      [amended, 'record'],
      [await call('PUT', '/runs/judged/reviews/bob', judged), 'review'],
    ] as const)
      expect([reply.status, jsonOf(reply)]).toMatchObject([
        422,
        { about: { faults: [{ document, path: '', message: 'is larger than 1 MiB' }] } },
      ]);
  });
});

describe('sixteen at once', () => {
  test('of the same run make one entry', async () => {
    const replies = await Promise.all(Array.from({ length: 16 }, () => call('POST', '/runs', submissionOf('same'))));
    expect(replies.map(({ status }) => status).toSorted(byNumber)).toEqual([...Array<number>(15).fill(200), 201]);
    const entries = new Set(replies.map((reply) => (jsonOf(reply) as RunAnswer).run.index));
    expect(entries.size).toBe(1);
  });

  test('of different content are one run, and the others are told', async () => {
    const replies = await Promise.all(
      Array.from({ length: 16 }, (_, at) => call('POST', '/runs', submissionOf('other', { x: at }))),
    );
    expect(replies.map(({ status }) => status).toSorted(byNumber)).toEqual([201, ...Array<number>(15).fill(409)]);
  });
});

describe('media', () => {
  const SVG = Buffer.from('<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>');

  test('are never shown as what a browser would run', async () => {
    for (const bytes of [SVG, Buffer.from('<!doctype html><script>alert(1)</script>'), Buffer.from('%PDF-1.7')]) {
      const path = `/media/${sha256(bytes)}`;
      expect((await call('PUT', path, bytes, { 'content-type': 'image/svg+xml' })).status).toBe(201);
      const reply = await call('GET', path);
      expect(reply.body).toEqual(bytes);
      expect(header(reply, 'content-type')).toBe('application/octet-stream');
      expect(header(reply, 'content-disposition')).toBe('attachment');
      expect(header(reply, 'x-content-type-options')).toBe('nosniff');
      expect(header(reply, 'content-security-policy')).toBe("default-src 'none'; sandbox");
    }
  });

  test('that are images come as such, in ranges, and not twice', async () => {
    const bytes = runFile('whole', 'media/opening.png');
    const path = `/media/${sha256(bytes)}`;
    expect((await call('PUT', path, bytes)).status).toBe(201);
    const whole = await call('GET', path);
    expect([header(whole, 'content-type'), header(whole, 'content-disposition')]).toEqual(['image/png', undefined]);
    const range = await call('GET', path, undefined, { range: 'bytes=1-3' });
    expect([range.status, range.body.toString()]).toEqual([206, 'PNG']);
    const head = await call('HEAD', path);
    expect([head.status, header(head, 'content-length')]).toEqual([200, String(bytes.length)]);
    const etag = header(whole, 'etag') ?? '';
    expect((await call('GET', path, undefined, { 'if-none-match': etag })).status).toBe(304);
  });

  test('of another digest are refused, and leave nothing', async () => {
    const path = `/media/${sha256(Buffer.from('x'))}`;
    for (const bytes of [Buffer.from('y'), Buffer.alloc(200_000, 'y')]) {
      const reply = await call('PUT', path, bytes);
      expect([reply.status, jsonOf(reply)]).toEqual([400, expect.objectContaining({ code: 'media-invalid' })]);
    }
    expect((await call('GET', path)).status).toBe(404);
    expect((await call('PUT', '/media/x', Buffer.from('x'))).status).toBe(400);
  });
});

test('whatever is sent to these addresses, no answer is trouble of the server', async () => {
  const paths = ['/runs', '/runs/x', '/runs/page-0/reviews/ada', '/runs/page-0/amendments', '/runs/page-0/retraction'];
  const odd = [
    paths,
    ['/runs/%2e%2e/record', '/runs/%ff', '/runs/page-0/bodies/x', '/runs/page-0/reviews/..', '/media/%00'],
  ].flat();
  const bodies = [
    '',
    'null',
    '[]',
    '{}',
    '"x"',
    '{"record":[]}',
    '{"record":{"media":[null]},"review":{}}',
    '{"review":null,"note":{}}',
    '{"record":{"subject":{"testCase":{}}},"review":[]}',
    '{"reason":1}',
    '\0',
    '{"a":'.repeat(500),
  ];
  for (const path of odd) {
    for (const method of ['GET', 'POST', 'PUT', 'DELETE']) {
      for (const body of method === 'GET' ? ['none'] : bodies) {
        const reply = await call(method, path, method === 'GET' ? undefined : Buffer.from(body));
        expect(reply.status, `${method} ${path} ${body.slice(0, 60)}`).toBeLessThan(500);
        expect(reply.status === 200 || header(reply, 'content-type') === 'application/problem+json').toBe(true);
      }
    }
  }
});

test('all of it is sound after a restart', async () => {
  const before = await json<Run>('run', 'lively');
  await server.restart();
  expect(await json<Run>('run', 'lively')).toEqual(before);
  await server.stop();
  expect(await errorsIn(server.data, server.environment)).toEqual([]);
  await server.start();
});
