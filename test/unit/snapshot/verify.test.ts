import { describe, expect, test } from 'vitest';
import { canonicalJson, type JsonObject } from '../../../lib/encoding/canonical-json.ts';
import { sha256, type Sha256 } from '../../../lib/encoding/digest.ts';
import { checkpointText } from '../../../lib/log/checkpoint.ts';
import { LogSigner } from '../../../lib/log/log-signer.ts';
import { formatVerifierKey } from '../../../lib/log/verifier-key.ts';
import { diff, type Difference } from '../../../lib/snapshot/diff.ts';
import { Snapshot } from '../../../lib/snapshot/snapshot.ts';
import { verify } from '../../../lib/snapshot/verify.ts';
import { fullRender, type InMemory } from './support/full-render.ts';
import { FakeLog, recordOf } from './support/fake-log.ts';

const KEY = 'AKIAIOSFODNN7EXAMPLE';

function sampleLog(): FakeLog {
  const log = new FakeLog();
  log.definition('v1.0.0', { 'prompt.md': '# Play', 'a.bin': Buffer.from([0, 1]), 'secret.txt': KEY });
  for (let number = 0; number < 60; number += 1) {
    const digest = log.putBytes(Buffer.from(number === 3 ? `output ${KEY}` : `output ${number}`));
    log.run(
      `run-${number}`,
      { media: [{ name: 'log.txt', digest, size: 1, mediaType: 'text/plain' }] },
      { text: number === 5 ? KEY : 'Good.' },
    );
  }
  log.append({ type: 'retract', id: 'run-7', reason: 'No.' });
  log.review('run-8', { text: 'Better.' });
  log.appendBytes(Buffer.from('{"v":9}'));
  return log;
}

/** What the record of that run says of its media. */
function mediaOf(log: FakeLog, number: number): JsonObject {
  const digest = log.putBytes(Buffer.from(`output ${number}`));
  return { media: [{ name: 'log.txt', digest, size: 1, mediaType: 'text/plain' }] };
}

/** Another document in the place of one, with every digest on the way to it made right again. */
async function tampered(
  { objects, id }: InMemory,
  digest: Sha256,
  change: (document: JsonObject) => JsonObject,
): Promise<Snapshot> {
  const changed = new Map<Sha256, Sha256>();
  const replace = (from: Sha256, bytes: Uint8Array): void => {
    const to = sha256(bytes);
    objects.objects.set(to, bytes);
    changed.set(from, to);
    const size = objects.objects.get(from)!.length;
    for (const [other, text] of [...objects.objects].map(
      ([other, bytes]) => [other, Buffer.from(bytes).toString('utf8')] as const,
    )) {
      if (changed.has(other) || !text.includes(from.slice(7))) continue;
      const left = text
        .replaceAll(`"digest":"${from}","size":${size}`, `"digest":"${to}","size":${bytes.length}`)
        .replaceAll(`"${from.slice(7)}",${size}`, `"${to.slice(7)}",${bytes.length}`);
      if (left !== text) replace(other, Buffer.from(left));
    }
  };
  replace(
    digest,
    canonicalJson(change(JSON.parse(Buffer.from(objects.objects.get(digest)!).toString('utf8')) as JsonObject)),
  );
  return Snapshot.open(objects, changed.get(id)!);
}

async function differences(before: Snapshot, after: Snapshot): Promise<Difference[]> {
  const all: Difference[] = [];
  for await (const difference of diff(before, after)) all.push(difference);
  return all;
}

describe('verification', () => {
  test('holds for what was rendered, with nothing but the snapshot', async () => {
    const { snapshot, objects, id } = await fullRender(sampleLog());
    const verification = await verify(snapshot);
    expect(verification).toMatchObject({
      snapshot: id,
      size: 64,
      problems: [],
      unchecked: 3,
      erased: 0,
      signed: false,
    });
    expect(verification.objects).toBeGreaterThanOrEqual(objects.objects.size);
  });

  test('holds with what is scrubbed beside secrets', async () => {
    const { snapshot } = await fullRender(sampleLog(), { also: ['email', 'home'] });
    expect((await verify(snapshot)).problems).toEqual([]);
  });

  test('names what is not there where no entry says that it was erased', async () => {
    const log = sampleLog();
    const [record, file] = [sha256(canonicalJson(recordOf('run-11', mediaOf(log, 11)))), sha256(Buffer.from('# Play'))];
    expect(log.content.delete(record) && log.content.delete(file)).toBe(true);
    const { snapshot } = await fullRender(log);
    const said = [
      { path: 'runs/run-11', what: `${record} is not there, and no entry up to here says that it was erased` },
      {
        path: 'families/test-cases/carom/versions/v1.0.0',
        what: `${file} is not there, and no entry up to here says that it was erased`,
      },
    ];
    expect(await verify(snapshot)).toMatchObject({ erased: 0, problems: said });
    expect(await verify(snapshot, { sources: log })).toMatchObject({ erased: 0, problems: said });
    log.listings.delete('test-cases/carom v1.0.0');
    const listless = await fullRender(log);
    expect((await verify(listless.snapshot)).problems).toContainEqual({
      path: 'families/test-cases/carom/versions/v1.0.0',
      what: 'the list of its files is not there, and no entry up to here says that it was erased',
    });
  });

  test('takes for erased what the log of whoever has it says was erased later', async () => {
    const log = sampleLog();
    const { size } = log;
    expect(log.content.delete(sha256(canonicalJson(recordOf('run-11', mediaOf(log, 11)))))).toBe(true);
    log.append({ type: 'erase', id: 'run-11', reason: 'By law.' });
    const { snapshot } = await fullRender(log, { size });
    expect((await verify(snapshot)).problems).toHaveLength(1);
    expect(await verify(snapshot, { sources: log })).toMatchObject({ erased: 1, problems: [] });
    const after = await fullRender(log);
    expect(await verify(after.snapshot)).toMatchObject({ erased: 0, problems: [] });
  });

  test('names a run whose record was changed', async () => {
    const rendered = await fullRender(sampleLog());
    const { document } = (await rendered.snapshot.summary('run-11'))!;
    const changed = await tampered(rendered, document.digest, (run) => {
      const record = run['record'] as JsonObject;
      return { ...run, record: { ...record, body: { ...(record['body'] as JsonObject), status: 'failed' } } };
    });
    const { problems } = await verify(changed);
    expect(problems.map(({ path }) => path)).toContain('runs/run-11');
    expect(problems.every(({ path }) => path === 'runs/run-11')).toBe(true);
  });

  test('names a run that is shown though it was retracted', async () => {
    const log = sampleLog();
    const rendered = await fullRender(log);
    const { snapshot: before } = await fullRender(log, { size: 61 });
    const { document } = (await rendered.snapshot.summary('run-7'))!;
    const shown = (await before.run('run-7')) as unknown as JsonObject;
    const { problems } = await verify(await tampered(rendered, document.digest, () => ({ ...shown, events: [8, 61] })));
    expect(problems.map(({ path }) => path)).toContain('runs/run-7');
  });

  test('refuses a snapshot of another version of the renderer by its number', async () => {
    const { snapshot, objects } = await fullRender(sampleLog());
    const { renderer: _renderer, ...first } = snapshot.root;
    const bytes = canonicalJson(first as unknown as JsonObject);
    await objects.write({ digest: sha256(bytes), size: bytes.length }, bytes);
    await expect(verify(await Snapshot.open(objects, sha256(bytes)))).rejects.toThrow('rendered by version 1');
  });

  test('names entries of the log that were changed', async () => {
    const log = sampleLog();
    const { snapshot } = await fullRender(log);
    log.bytes[20] = Buffer.from(Buffer.from(log.bytes[20]!).toString('utf8').replace('"by":"ann"', '"by":"bob"'));
    const { problems } = await verify(snapshot, { sources: log });
    expect(problems.map(({ path }) => path)).toEqual(
      expect.arrayContaining(['runs/run-19', 'log/entries/16', 'log/tile/0/0', 'root/log']),
    );
  });

  test('finds every object that is missing or damaged', async () => {
    const rendered = await fullRender(sampleLog());
    for (const [digest, bytes] of new Map(rendered.objects.objects)) {
      if (digest === rendered.id) continue;
      rendered.objects.objects.delete(digest);
      expect(
        (await verify(await Snapshot.open(rendered.objects, rendered.id))).problems,
        `without ${digest}`,
      ).not.toEqual([]);
      const other = Buffer.from(bytes);
      other[other.length - 1]! ^= 1;
      rendered.objects.objects.set(digest, other);
      expect(
        (await verify(await Snapshot.open(rendered.objects, rendered.id))).problems,
        `damaged ${digest}`,
      ).not.toEqual([]);
      rendered.objects.objects.set(digest, bytes);
    }
  });

  test.each([
    ['a run', (document: JsonObject) => ('published' in document ? { id: 7 } : undefined)],
    [
      'a page',
      (document: JsonObject) => ('runs' in document && !('format' in document) ? { runs: [null, 5] } : undefined),
    ],
    ['a node', (document: JsonObject) => ('items' in document ? { items: { at: 'x' } } : undefined)],
    ['a table', (document: JsonObject) => ('entries' in document ? { entries: 'x' } : undefined)],
    ['a family', (document: JsonObject) => ('pins' in document ? { versions: [{}] } : undefined)],
    ['a version', (document: JsonObject) => ('texts' in document ? { files: { pages: { count: 1e15 } } } : undefined)],
    [
      'the root',
      (document: JsonObject) => ('paths' in document ? { ...document, paths: {}, log: { size: 1e300 } } : undefined),
    ],
  ] as const)('says that something is wrong with %s that is none', async (_, change) => {
    const rendered = await fullRender(sampleLog());
    for (const [digest, bytes] of rendered.objects.objects) {
      if (bytes[0] !== 0x7b) continue;
      const changed = change(JSON.parse(Buffer.from(bytes).toString('utf8')) as JsonObject);
      if (changed === undefined) continue;
      const { problems } = await verify(await tampered(rendered, digest, () => changed));
      expect(problems).not.toEqual([]);
      break;
    }
    expect.hasAssertions();
  });

  test('compares with the data of the server, where that is at hand', async () => {
    const log = sampleLog();
    const { snapshot } = await fullRender(log);
    expect((await verify(snapshot, { sources: log })).problems).toEqual([]);
    const { document } = (await snapshot.summary('run-5'))!;
    const rendered = await fullRender(log);
    const changed = await tampered(rendered, document.digest, (run) => {
      return JSON.parse(JSON.stringify(run).replaceAll('[scrubbed]', 'It was fine.')) as JsonObject;
    });
    expect((await verify(changed)).problems).toEqual([]);
    expect((await verify(changed, { sources: log })).problems.map(({ path }) => path)).toContain('runs/run-5');
  });

  test('looks who signed, and what', async () => {
    const { snapshot, id } = await fullRender(sampleLog());
    const signer = LogSigner.generate('assay.example/log');
    const key = formatVerifierKey(signer.verifier);
    const root = Buffer.from(snapshot.root.log.root, 'base64');
    const pointer = (size: number, hash = root): { format: 1; snapshot: Sha256; size: number; checkpoint: string } => {
      const checkpoint = signer.sign(checkpointText({ origin: 'assay.example/log', size, root: hash }));
      return { format: 1, snapshot: id, size, checkpoint };
    };
    expect(await verify(snapshot, { pointer: pointer(64), key })).toMatchObject({ problems: [], signed: true });
    expect(await verify(snapshot, { pointer: pointer(64) })).toMatchObject({ problems: [], signed: false });
    const other = formatVerifierKey(LogSigner.generate('assay.example/log').verifier);
    for (const wrong of [
      { pointer: pointer(63), key },
      { pointer: pointer(64, Buffer.alloc(32)), key },
      { pointer: pointer(64), key: other },
      { pointer: { format: 1, snapshot: id, size: 64 } as const, key },
      { pointer: { ...pointer(64), checkpoint: 'signed, honestly' } },
    ]) {
      const { problems, signed } = await verify(snapshot, wrong);
      expect(problems.map(({ path }) => path)).toContain('current');
      expect(signed).toBe(false);
    }
  });
});

describe('a difference', () => {
  test('of a snapshot from itself is nothing', async () => {
    const log = sampleLog();
    expect(await differences((await fullRender(log)).snapshot, (await fullRender(log)).snapshot)).toEqual([]);
  });

  test('names what came, went and changed', async () => {
    const log = sampleLog();
    const before = await fullRender(log);
    log.run('run-60');
    log.run('run-61', {}, {}, 'v1.1.0');
    log.definition('v1.1.0', { 'prompt.md': '# Play on' });
    log.append({ type: 'retract', id: 'run-20', reason: 'No.' });
    const after = await fullRender(log);
    const paths = (await differences(before.snapshot, after.snapshot)).map(({ path, change }) => `${change} ${path}`);
    expect(paths.filter((path) => !/ (log|root)\//.test(path))).toEqual([
      'changed runs/run-20',
      'added runs/run-60',
      'added runs/run-61',
      'changed families/test-cases/carom',
      'added families/test-cases/carom/versions/v1.1.0',
      'added families/test-cases/carom/versions/v1.1.0/files/prompt.md',
    ]);
    expect(paths).toEqual(expect.arrayContaining(['added log/entries/64', 'changed root/log', 'changed root/runs']));
    const back = (await differences(after.snapshot, before.snapshot)).map(({ path, change }) => `${change} ${path}`);
    expect(back).toContain('removed runs/run-61');
  });
});
