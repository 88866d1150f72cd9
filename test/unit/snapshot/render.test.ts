import { describe, expect, test } from 'vitest';
import { canonicalJson } from '../../../lib/encoding/canonical-json.ts';
import { sha256 } from '../../../lib/encoding/digest.ts';
import { MemoryObjects } from '../../../lib/snapshot/memory-objects.ts';
import { render } from '../../../lib/snapshot/render.ts';
import { verify } from '../../../lib/snapshot/verify.ts';
import { MARK } from '../../../lib/scrub/scrubber.ts';
import { allText, fullRender, type InMemory } from './support/full-render.ts';
import { FakeLog, recordOf } from './support/fake-log.ts';

const KEY = 'AKIAIOSFODNN7EXAMPLE';

function target(version: string): { version: string; digest: string } {
  return { version, digest: sha256(Buffer.from(version)) };
}

describe('a run', () => {
  test('is found by its id, with its record, its reviews and its place in a page', async () => {
    const log = new FakeLog();
    for (let number = 0; number < 70; number += 1) log.run(`run-${number}`);
    const { snapshot } = await fullRender(log);
    const run = await snapshot.run('run-40');
    expect(run).toMatchObject({
      id: 'run-40',
      number: 40,
      events: [40],
      status: 'completed',
      published: { index: 40, by: 'ann' },
    });
    expect(run?.record).toMatchObject({
      state: 'shown',
      body: { id: 'run-40' },
      digest: sha256(canonicalJson(recordOf('run-40'))),
    });
    expect(run?.reviews).toMatchObject([
      { reviewer: 'ann', history: [{ index: 40, review: { state: 'shown', body: { ratings: { play: 7 } } } }] },
    ]);
    expect((await snapshot.page(1))?.runs[8]).toMatchObject({
      id: 'run-40',
      number: 40,
      model: 'claude-opus-4',
      metrics: { runTimeMs: 2_467_000 },
    });
    expect((await snapshot.page(2))?.runs).toHaveLength(6);
    expect(await snapshot.page(3)).toBeUndefined();
    expect(await snapshot.run('run-70')).toBeUndefined();
  });

  test('that was retracted says so and why, and shows nothing else', async () => {
    const log = new FakeLog();
    log.run('gone', { links: { source: 'https://example.org/unspeakable' } }, { text: 'unspeakable' });
    log.review('gone', { text: 'unspeakable too' }, 'bob');
    log.append({ type: 'retract', id: 'gone', reason: 'It was another model.' });
    log.append({ type: 'retract', id: 'gone', reason: 'And once more.' });
    log.review('gone', { text: 'unspeakable even now' });
    const rendered = await fullRender(log);
    const at = '2025-06-01T00:02:00.000Z';
    expect(await rendered.snapshot.run('gone')).toEqual({
      format: 1,
      id: 'gone',
      number: 0,
      events: [0, 1, 2, 3, 4],
      published: { index: 0, at: '2025-06-01T00:00:00.000Z', by: 'ann' },
      retracted: { index: 2, at, by: 'ann', reason: 'It was another model.' },
    });
    expect((await rendered.snapshot.page(0))?.runs[0]).toMatchObject({
      id: 'gone',
      retracted: { at, reason: 'It was another model.' },
    });
    expect(Object.keys((await rendered.snapshot.page(0))!.runs[0]!).sort()).toEqual([
      'at',
      'document',
      'id',
      'index',
      'number',
      'retracted',
    ]);
    expect(rendered.snapshot.root.runs).toEqual({ count: 1, retracted: 1 });
    expect(allText(rendered)).not.toContain('unspeakable');
  });

  test('that was erased says so and why, and is the same whether or not the bodies are there', async () => {
    const log = new FakeLog();
    const digest = log.putBytes(Buffer.from('an unspeakable log'));
    const media = [{ name: 'log.txt', digest, size: 18, mediaType: 'text/plain' }];
    log.run('gone', { media }, { text: 'unspeakable' });
    log.run('before', { media }, { text: 'unspeakable' });
    log.append({ type: 'retract', id: 'before', reason: 'Wrong.' });
    log.append({ type: 'erase', id: 'gone', reason: 'By law.' });
    log.append({ type: 'erase', id: 'before', reason: 'By law.' });
    const rendered = await fullRender(log);
    const { snapshot } = rendered;
    const erased = { index: 3, at: '2025-06-01T00:03:00.000Z', by: 'ann', reason: 'By law.' };
    expect(await snapshot.run('gone')).toEqual({
      format: 1,
      id: 'gone',
      number: 0,
      events: [0, 3],
      published: { index: 0, at: '2025-06-01T00:00:00.000Z', by: 'ann' },
      retracted: erased,
      erased,
    });
    expect(await snapshot.run('before')).toMatchObject({ retracted: { reason: 'Wrong.' }, erased: { index: 4 } });
    expect((await snapshot.page(0))?.runs).toMatchObject([
      { id: 'gone', erased: true, retracted: { reason: 'By law.' } },
      { id: 'before', erased: true, retracted: { reason: 'Wrong.' } },
    ]);
    expect(snapshot.root.runs).toEqual({ count: 2, retracted: 2 });
    expect(allText(rendered)).not.toContain('unspeakable');
    log.content.clear();
    expect((await fullRender(log)).snapshot.ref).toEqual(snapshot.ref);
  });

  test('that was amended shows the newest record, and that, when and why', async () => {
    const log = new FakeLog();
    log.run('a');
    const [from, to] = [sha256(canonicalJson(recordOf('a'))), log.put(recordOf('a', { status: 'failed' }))];
    log.append({ type: 'amend', id: 'a', record: to, supersedes: from, reason: 'The exit code was misread.' });
    const { snapshot } = await fullRender(log);
    const run = await snapshot.run('a');
    expect(run?.record).toMatchObject({ digest: to, body: { status: 'failed' } });
    expect(run?.status).toBe('failed');
    const said = { index: 1, at: '2025-06-01T00:01:00.000Z', by: 'ann' };
    const status = { from: 'completed', to: 'failed' };
    const reason = 'The exit code was misread.';
    expect(run?.amended).toEqual([{ ...said, record: to, supersedes: from, reason, status }]);
    expect((await snapshot.page(0))?.runs[0]).toMatchObject({ amendments: 1, status: 'failed' });
  });

  test('that was amended is of the status and version that the last amendment says, and tells what each changed', async () => {
    const log = new FakeLog();
    log.definition('v1.0.0', {});
    log.definition('v1.1.0', { 'prompt.md': '# Carom' });
    log.run('a');
    const [first, second] = ['v1.0.0', 'v1.1.0'].map((version) => ({ family: 'test-cases/carom', ...target(version) }));
    log.amend('a', 'hung', { status: 'hung', definition: first! });
    log.amend('a', 'of another version', { status: 'hung', definition: second! });
    log.amend('a', 'back', { status: 'completed', definition: second! });
    // The record is erased: what it was is in the log all the same.
    log.content.clear();
    const { snapshot } = await fullRender(log);
    const run = await snapshot.run('a');
    expect([run?.status, run?.definition, run?.record?.state]).toEqual(['completed', second, 'erased']);
    expect(run?.amended?.map(({ reason, status, definition }) => [reason, status, definition])).toEqual([
      ['hung', { from: 'completed', to: 'hung' }, undefined],
      ['of another version', undefined, { from: first, to: second }],
      ['back', { from: 'hung', to: 'completed' }, undefined],
    ]);
    const named = { family: 'test-cases/carom', version: 'v1.1.0' };
    expect((await snapshot.page(0))?.runs[0]).toMatchObject({ status: 'completed', definition: named, amendments: 3 });
    // A site shows the version that the run is of now.
    expect((await snapshot.version(named.family, named.version))?.digest).toBe(second!.digest);
  });

  test('has its reviews by reviewer, each with what it was before', async () => {
    const log = new FakeLog();
    log.run('a', {}, { ratings: { play: 1 } });
    log.review('a', { ratings: { play: 9 } }, 'bob');
    log.review('a', { ratings: { play: 2 } }, 'ann');
    const { snapshot } = await fullRender(log);
    const reviews = (await snapshot.run('a'))?.reviews ?? [];
    expect(reviews.map(({ reviewer, history }) => [reviewer, history.map(({ index }) => index)])).toEqual([
      ['ann', [0, 2]],
      ['bob', [1]],
    ]);
    expect(reviews[0]?.history[1]?.note).toBe('looked again');
    expect((await snapshot.page(0))?.runs[0]?.reviews).toEqual([
      { reviewer: 'ann', ratings: { play: 2 } },
      { reviewer: 'bob', ratings: { play: 9 } },
    ]);
  });

  test('shows that a body was erased, and that one cannot be read', async () => {
    const log = new FakeLog();
    log.run('a', { note: 'to be erased' });
    log.content.delete(sha256(canonicalJson(recordOf('a', { note: 'to be erased' }))));
    const odd = log.putBytes(Buffer.from('{"b":1, "a":2}'));
    log.append({ type: 'review', id: 'a', reviewer: 'bob', review: odd });
    const { snapshot } = await fullRender(log);
    const run = await snapshot.run('a');
    expect(run?.record?.state).toBe('erased');
    expect(run?.reviews?.[1]?.history[0]?.review).toEqual({ digest: odd, state: 'unreadable' });
    expect((await snapshot.page(0))?.runs[0]).toMatchObject({ id: 'a', status: 'completed' });
  });

  test('has its media as objects: as they are, scrubbed, or kept back', async () => {
    const log = new FakeLog();
    const picture = log.putBytes(Buffer.concat([Buffer.from(`\u0089PNG\0${KEY}`), Buffer.alloc(300_000, 7)]));
    const output = log.putBytes(Buffer.from(`using ${KEY}\n`));
    const huge = log.putBytes(Buffer.alloc(33 * 1024 * 1024, 'x'));
    const media = [
      { name: 'shot.png', digest: picture, size: 1, mediaType: 'image/png' },
      { name: 'log.txt', digest: output, size: 1, mediaType: 'text/plain' },
      { name: 'huge.txt', digest: huge, size: 1, mediaType: 'text/plain' },
      { name: 'lost.txt', digest: sha256(Buffer.from('lost')), size: 1, mediaType: 'text/plain' },
      { name: 'wrong.txt', digest: 'sha256:1' },
      null,
    ];
    log.run('a', { media });
    const { snapshot, objects } = await fullRender(log);
    const run = await snapshot.run('a');
    const states = run?.media?.map(({ name, content }) => [name, content.state]);
    expect(states).toEqual([
      ['shot.png', 'shown'],
      ['log.txt', 'scrubbed'],
      ['huge.txt', 'withheld'],
      ['lost.txt', 'erased'],
    ]);
    expect(objects.objects.get(picture)).toEqual(log.content.get(picture));
    const scrubbed = Buffer.from(`using ${MARK}\n`);
    expect(run?.media?.[1]?.content).toEqual({
      state: 'scrubbed',
      object: { digest: sha256(scrubbed), size: scrubbed.length },
      scrubbed: { 'aws-key-id': 1 },
    });
    expect(objects.objects.get(sha256(scrubbed))).toEqual(scrubbed);
    expect(objects.objects.has(output)).toBe(false);
    expect(objects.objects.has(huge)).toBe(false);
  });

  test('has no secret in anything that is shown of it, and the root counts them', async () => {
    const log = new FakeLog();
    const secret = {
      [KEY]: [KEY],
      metrics: { note: KEY },
      subject: { model: KEY, testCase: 'a', harness: { name: KEY } },
    };
    log.run('a', secret, { text: KEY });
    log.review('a', { text: `and ${KEY}`, note: KEY });
    log.run('b');
    const rendered = await fullRender(log);
    expect(allText(rendered)).not.toContain(KEY);
    const { scrubber } = rendered.snapshot.root;
    expect(scrubber).toMatchObject({ version: 2, also: [], found: { 'aws-key-id': 8 }, documents: { count: 1 } });
    expect((await rendered.snapshot.run('a'))?.scrubbed).toEqual({ 'aws-key-id': 8 });
    log.append({ type: 'retract', id: 'a', reason: 'It was full of keys.' });
    const later = new MemoryObjects();
    for (const [digest, bytes] of rendered.objects.objects) later.objects.set(digest, bytes);
    const { root } = await render(log, later, { size: log.size, before: { id: rendered.id, objects: later } });
    expect(root.scrubber).toMatchObject({ found: {}, documents: { count: 0 } });
  });

  test('keeps a page small, whatever its record holds', async () => {
    const log = new FakeLog();
    const big = Object.fromEntries(Array.from({ length: 5000 }, (_, at) => [`class ${at}`, at]));
    log.run('a', { metrics: { tokens: big } });
    log.run('b', { subject: { model: 'm'.repeat(100_000), harness: {}, testCase: 'x' } }, { ratings: big });
    log.run('c');
    log.append({ type: 'retract', id: 'c', reason: '\u{1F3B1}'.repeat(9000) });
    const { snapshot } = await fullRender(log);
    const runs = (await snapshot.page(0))?.runs ?? [];
    for (const summary of runs)
      expect(canonicalJson(JSON.parse(JSON.stringify(summary))).length).toBeLessThanOrEqual(2048);
    expect(runs[0]).toMatchObject({ model: 'claude-opus-4', cut: true });
    expect(runs[1]).toMatchObject({ status: 'completed', cut: true });
    expect(runs[2]).toMatchObject({ cut: true });
  });
});

/** The links of the one version, and what was scrubbed of all of it. */
async function linksOf({ snapshot }: InMemory): Promise<unknown[]> {
  const links: unknown[] = [];
  const version = await snapshot.version('test-cases/carom', 'v1.0.0');
  for await (const { path, target, scrubbed } of snapshot.files(version!))
    if (target !== undefined) links.push([path, target, scrubbed]);
  return [...links, version?.scrubbed];
}

describe('a version', () => {
  test('that a run names is there with its files, texts and metadata', async () => {
    const log = new FakeLog();
    log.definition(
      'v1.0.0',
      { 'prompt.md': '# Play', 'b.bin': Buffer.from([1, 0, 2]), 'workspace/.env': `KEY=${KEY}` },
      { description: 'A game.' },
    );
    log.definition('v1.1.0', { 'prompt.md': '# Nobody ran this' });
    log.run('a');
    const rendered = await fullRender(log);
    const family = await rendered.snapshot.family('test-cases/carom');
    expect(family?.versions.map(({ version, document }) => [version, document !== undefined])).toEqual([
      ['v1.0.0', true],
      ['v1.1.0', false],
    ]);
    const version = await rendered.snapshot.version('test-cases/carom', 'v1.0.0');
    const prompt = { state: 'shown', object: { digest: sha256(Buffer.from('# Play')), size: 6 } };
    expect(version?.texts).toEqual({
      prompt: { path: 'prompt.md', content: prompt },
      description: { text: 'A game.' },
    });
    expect(version?.config).toMatchObject({ state: 'shown', body: { name: 'Carom' } });
    const files: unknown[] = [];
    for await (const { path, content } of rendered.snapshot.files(version!)) files.push([path, content?.state]);
    expect(files).toEqual([
      ['prompt.md', 'shown'],
      ['b.bin', 'shown'],
      ['workspace/.env', 'scrubbed'],
    ]);
    expect(version?.scrubbed).toEqual({ 'aws-key-id': 1 });
    expect(allText(rendered)).not.toMatch(/Nobody ran this|AKIA/);
  });

  test('shows where its links lead without the secrets and names in it, and verifies from the snapshot alone', async () => {
    const log = new FakeLog();
    log.definition('v1.0.0', { 'prompt.md': '# Play' });
    log.link('v1.0.0', 'tools', '/home/ada/tools');
    log.link('v1.0.0', 'key', `../${KEY}`);
    log.link('v1.0.0', 'plain', 'prompt.md');
    log.run('a');
    const rendered = await fullRender(log);
    expect(await linksOf(rendered)).toEqual([
      ['tools', '/home/ada/tools', undefined],
      ['key', `../${MARK}`, { 'aws-key-id': 1 }],
      ['plain', 'prompt.md', undefined],
      { 'aws-key-id': 1 },
    ]);
    expect(allText(rendered)).not.toContain(KEY);
    expect(await verify(rendered.snapshot)).toMatchObject({ problems: [], unchecked: 1 });
    const without = await fullRender(log, { also: ['home'] });
    expect(await linksOf(without)).toEqual([
      ['tools', `/home/${MARK}/tools`, { home: 1 }],
      ['key', `../${MARK}`, { 'aws-key-id': 1 }],
      ['plain', 'prompt.md', undefined],
      { 'aws-key-id': 1, home: 1 },
    ]);
    expect(await verify(without.snapshot)).toMatchObject({ problems: [], unchecked: 2 });
  });

  test('is there whichever came into the log first, and says what was said of it', async () => {
    const log = new FakeLog();
    log.run('a');
    log.definition('v1.0.0', { 'prompt.md': '# Play' });
    const about = { family: 'test-cases/carom', version: 'v1.0.0' };
    log.append({ type: 'pin', family: about.family, pin: 'stable', from: null, to: target('v1.0.0'), note: 'good' });
    log.append({ type: 'statement', ...about, kind: 'erratum', text: 'A proof is mirrored.' });
    log.append({ type: 'statement', ...about, kind: 'retired', text: 'Use v2.' });
    log.append({ type: 'pin', family: about.family, pin: 'stable', from: target('v1.0.0'), to: null });
    const { snapshot } = await fullRender(log);
    const family = await snapshot.family('test-cases/carom');
    expect(family?.versions[0]).toMatchObject({
      retired: 'Use v2.',
      statements: [{ kind: 'erratum' }, { kind: 'retired' }],
    });
    expect(family?.versions[0]?.document).toBeDefined();
    expect(family?.pins).toMatchObject([{ pin: 'stable', current: null, history: [{ note: 'good' }, { to: null }] }]);
  });

  test('that was removed says so, when and why, and has no document', async () => {
    const log = new FakeLog();
    log.definition('v1.0.0', { 'prompt.md': '# Play' });
    log.definition('v1.1.0', { 'prompt.md': '# Play on' });
    const { version, digest } = target('v1.0.0');
    log.append({
      type: 'removal',
      family: 'test-cases/carom',
      version,
      digest,
      reason: 'retention: kept the last 1',
      by: 'ann',
    });
    const { snapshot } = await fullRender(log);
    const [removed, kept] = (await snapshot.family('test-cases/carom'))?.versions ?? [];
    expect(removed).toMatchObject({
      version,
      digest,
      removed: { index: 2, by: 'ann', reason: 'retention: kept the last 1' },
    });
    expect(removed?.document).toBeUndefined();
    expect(kept?.removed).toBeUndefined();
    expect(await verify(snapshot)).toMatchObject({ problems: [] });
  });

  test('with many files has them in pages', async () => {
    const log = new FakeLog();
    log.definition('v1.0.0', Object.fromEntries(Array.from({ length: 150 }, (_, at) => [`f${at}`, `${at}`])));
    log.run('a');
    const { snapshot } = await fullRender(log);
    const version = await snapshot.version('test-cases/carom', 'v1.0.0');
    expect(version?.files).toMatchObject({ count: 150, pages: { count: 3 } });
  });
});

describe('a log that nobody should have written', () => {
  test.each([
    ['no JSON', '{'],
    ['no object', '7'],
    ['null', 'null'],
    ['an unknown type', '{"v":1,"at":"2025","type":"party"}'],
    ['a type that objects have', '{"v":1,"at":"2025","type":"toString"}'],
    ['a later format', '{"v":2,"at":"2025","type":"retract","id":"a","reason":"x"}'],
    ['a run without an id', '{"v":1,"at":"2025","type":"run","record":"sha256:00"}'],
    [
      'a digest that is none',
      `{"v":1,"at":"2025","type":"amend","id":"a","reason":"x","record":"sha256:0","supersedes":"sha256:0"}`,
    ],
    ['half a character', String.raw`{"v":1,"at":"2025","type":"retract","id":"a","reason":"\ud800"}`],
    ['a pin to nowhere', '{"v":1,"at":"2025","type":"pin","family":"a","pin":"b","from":null,"to":7}'],
    ['a review of nothing', '{"v":1,"at":"2025","type":"retract","id":"nothing","reason":"x"}'],
    ['nothing', ''],
  ])('shows nothing of an entry that is %s', async (_, text) => {
    const log = new FakeLog();
    log.run('a');
    const { snapshot: before } = await fullRender(log);
    log.appendBytes(Buffer.from(text));
    const { snapshot } = await fullRender(log);
    expect(snapshot.root.paths.pages).toEqual(before.root.paths.pages);
    expect(snapshot.root.paths.families).toEqual(before.root.paths.families);
    expect(snapshot.root.log.size).toBe(2);
  });

  test('keeps names apart that JavaScript would mix up', async () => {
    const log = new FakeLog();
    for (const id of ['__proto__', 'constructor', 'a/../b', '\u0000', 'é', 'e\u0301']) log.run(id);
    const { snapshot } = await fullRender(log);
    expect(snapshot.root.runs.count).toBe(6);
    for (const id of ['__proto__', 'constructor', 'é', 'e\u0301']) expect((await snapshot.run(id))?.id).toBe(id);
  });

  test('has the first of two publications under one id', async () => {
    const log = new FakeLog();
    log.review('a', { text: 'before it was there' });
    log.run('a', { status: 'failed' });
    log.run('a', { status: 'completed' });
    const { snapshot } = await fullRender(log);
    expect(snapshot.root.runs.count).toBe(1);
    expect(await snapshot.run('a')).toMatchObject({ events: [1, 2], record: { body: { status: 'failed' } } });
  });

  test('is refused where a body is not of its digest', async () => {
    const log = new FakeLog();
    log.run('a');
    log.content.set(sha256(canonicalJson(recordOf('a'))), canonicalJson(recordOf('b')));
    await expect(fullRender(log)).rejects.toMatchObject({ code: 'body-wrong' });
  });

  test('is refused where it is too short, or another than before', async () => {
    const log = new FakeLog();
    log.run('a');
    await expect(fullRender(log, { size: 2 })).rejects.toMatchObject({ code: 'log-short' });
    const { id, objects } = await fullRender(log);
    const other = new FakeLog();
    other.run('b');
    other.run('c');
    await expect(fullRender(other, { before: { id, objects } })).rejects.toMatchObject({ code: 'log-other' });
  });
});
