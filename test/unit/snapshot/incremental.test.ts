import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { canonicalJson, type JsonObject } from '../../../lib/encoding/canonical-json.ts';
import { sha256, type Sha256 } from '../../../lib/encoding/digest.ts';
import { MemoryObjects } from '../../../lib/snapshot/memory-objects.ts';
import { render } from '../../../lib/snapshot/render.ts';
import { FakeLog } from './support/fake-log.ts';

const id = fc.integer({ min: 0, max: 120 }).map((number) => `run-${number}`);
const version = fc.constantFrom('v1.0.0', 'v1.1.0', 'v2.0.0');
const secret = fc.constantFrom('', `key AKIA${'Q'.repeat(16)}`);

type Step = (log: FakeLog) => void;

const step = fc.oneof(
  {
    weight: 20,
    arbitrary: fc.tuple(id, version, secret).map(([id, version, text]): Step => runStep(id, version, text)),
  },
  {
    weight: 4,
    arbitrary: fc.tuple(id, secret).map(
      ([id, text]): Step =>
        (log) =>
          void log.review(id, { text }),
    ),
  },
  {
    weight: 2,
    arbitrary: fc.tuple(id, secret).map(
      ([id, text]): Step =>
        (log) =>
          void log.append({ type: 'retract', id, reason: text || 'no' }),
    ),
  },
  {
    weight: 1,
    arbitrary: version.map(
      (version): Step =>
        (log) =>
          void log.definition(version, { 'prompt.md': `# ${version}` }),
    ),
  },
  {
    weight: 1,
    arbitrary: version.map(
      (version): Step =>
        (log) =>
          void log.append({ type: 'statement', family: 'test-cases/carom', version, kind: 'retired', text: 'Old.' }),
    ),
  },
  {
    weight: 1,
    arbitrary: version.map((version): Step => (log) => {
      const digest = `sha256:${'1'.repeat(64)}` as const;
      log.append({ type: 'removal', family: 'test-cases/carom', version, digest, reason: 'retention' });
    }),
  },
  { weight: 1, arbitrary: fc.constant<Step>((log) => void log.appendBytes(Buffer.from('{"v":2}'))) },
  {
    weight: 1,
    arbitrary: id.map(
      (id): Step =>
        (log) =>
          amend(log, id),
    ),
  },
  {
    weight: 1,
    arbitrary: id.map(
      (id): Step =>
        (log) =>
          void log.append({ type: 'erase', id, reason: 'by law' }),
    ),
  },
  {
    weight: 2,
    arbitrary: fc.tuple(id, version, fc.constantFrom('failed', 'completed')).map(
      ([id, version, status]): Step =>
        (log) =>
          void log.amend(id, 'of another', { status, definition: definitionOf(version) }),
    ),
  },
);

function definitionOf(version: string): JsonObject {
  return { family: 'test-cases/carom', version, digest: sha256(Buffer.from(version)) };
}

function runStep(id: string, version: string, text: string): Step {
  return (log) => {
    const digest = log.putBytes(Buffer.from(`a log of ${id}, ${text}`));
    const media = [{ name: 'log.txt', digest, size: 10, mediaType: 'text/plain' }];
    log.run(id, { media, links: { source: `https://example.org/${text}` } }, { text }, version);
  };
}

function amend(log: FakeLog, id: string): void {
  const record = log.put({ amended: log.size, id });
  log.append({ type: 'amend', id, record, supersedes: record, reason: 'wrong time' });
}

describe('a snapshot', () => {
  test('is the same however it came to be', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(step, { minLength: 1, maxLength: 500, size: 'max' }),
        fc.array(fc.nat(500), { maxLength: 6 }),
        async (steps, stops) => {
          const log = new FakeLog();
          for (const one of steps) one(log);
          const full = new MemoryObjects();
          const { id } = await render(log, full, { size: log.size });
          const grown = new MemoryObjects();
          let before: { id: Sha256; objects: MemoryObjects } | undefined;
          for (const size of [...stops.filter((stop) => stop < log.size).sort((a, b) => a - b), log.size]) {
            const step = await render(log, grown, { size, ...(before === undefined ? {} : { before }) });
            before = { id: step.id, objects: grown };
          }
          expect(before?.id).toBe(id);
          for (const digest of full.objects.keys()) expect(grown.objects.has(digest)).toBe(true);
        },
      ),
      { numRuns: 30 },
    );
  });
});

test('a snapshot that another version of the renderer made is not gone on from', async () => {
  const log = new FakeLog();
  log.run('a');
  const objects = new MemoryObjects();
  const { id, root } = await render(log, objects, { size: 1 });
  const { renderer: _renderer, ...first } = root;
  const bytes = canonicalJson(first as unknown as JsonObject);
  await objects.write({ digest: sha256(bytes), size: bytes.length }, bytes);
  const again = await render(log, new MemoryObjects(), { size: 1, before: { id: sha256(bytes), objects } });
  expect(again.id).toBe(id);
  expect(again.written.objects).toBeGreaterThan(3);
});

test('a run of which a body was erased is rendered again where that is said', async () => {
  const log = new FakeLog();
  const digest = log.putBytes(Buffer.from('of a person'));
  log.run('a', { media: [{ name: 'log.txt', digest, size: 11, mediaType: 'text/plain' }] });
  log.run('b');
  const objects = new MemoryObjects();
  const before = { id: (await render(log, objects, { size: 2 })).id, objects };
  log.content.delete(digest);
  const full = await render(log, new MemoryObjects(), { size: 2 });
  expect((await render(log, objects, { size: 2, before })).id).toBe(before.id);
  expect((await render(log, objects, { size: 2, before, again: ['a', 'nobody'] })).id).toBe(full.id);
});
