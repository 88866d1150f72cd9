import { describe, expect, it } from 'vitest';
import { DefinitionError } from '../../../lib/definition/definition-error.ts';
import { SECRET_PATTERNS } from '../../../lib/scrub/secret-patterns.ts';
import { FAMILY, refused, sampleRecord, sampleReview, submission, useRunPlace } from '../../support/run-place.ts';
import { LETTERS, SENTENCES } from '../../support/secrets.ts';
import { SOMEBODY } from '../../support/stored-git.ts';

const place = useRunPlace();
const BY = SOMEBODY;

describe('a secret in a text that goes into the public log', () => {
  it('is tried of every kind that the scrubber knows', () => {
    const known = new Set(['private-key', ...SECRET_PATTERNS.map(({ kind }) => kind)]);
    expect(new Set(SENTENCES.map(([kind]) => kind))).toEqual(known);
  });

  it.each(SENTENCES)('is refused in what is said of runs, by its field: %s', async (kind, text) => {
    const { runs } = place();
    await runs.submit(submission(sampleRecord('a')), BY);
    const size = await place().log.size();
    const edit = sampleReview({ text: 'another' });
    const amended = sampleRecord('a', { status: 'failed' });
    for (const [field, work] of [
      ['note', () => runs.review('a', 'ada', submission(undefined, edit, { note: text }), BY)],
      ['reason', () => runs.amend('a', submission(amended, undefined, { reason: text }), BY)],
      ['reason', () => runs.retract('a', submission(undefined, undefined, { reason: text }), BY)],
      ['by', () => runs.retract('a', submission(undefined, undefined, { reason: 'no' }), { address: '', name: text })],
    ] as const) {
      const { code, faults, message } = await refused(work());
      expect([code, faults]).toEqual(['run-invalid', [expect.stringContaining(`request ${field}: holds`)]]);
      expectToldOf(kind, text, message);
    }
    expect(await place().log.size()).toBe(size);
  });

  it.each(SENTENCES)('is refused in what is said of versions and pins, by its field: %s', async (kind, text) => {
    const { definitions, log } = place();
    const size = await log.size();
    for (const [field, work] of [
      ['note', () => definitions.pins.change(FAMILY, 'stable', { to: 'v1.0.0', note: text }, BY)],
      ['text', () => definitions.statements.add(FAMILY, 'v1.0.0', { kind: 'erratum', text }, BY)],
      ['text', () => definitions.statements.add(FAMILY, 'v1.0.0', { kind: 'retired', text }, BY)],
      ['by', () => definitions.pins.change(FAMILY, 'stable', { to: 'v1.0.0' }, { address: '', name: text })],
    ] as const) {
      const { code, detail, message } = await refusal(work());
      expect([code, detail]).toEqual(['secret-found', { field, kinds: [kind] }]);
      expectToldOf(kind, text, message);
    }
    expect(await log.size()).toBe(size);
    expect(await definitions.pins.list(FAMILY)).toEqual([]);
  });

  it('is refused in names as well', async () => {
    const key = 'AKIAIOSFODNN7EXAMPLE';
    const { runs, definitions } = place();
    const of = submission(sampleRecord(key), sampleReview({ reviewer: `ada ${key}` }));
    expect((await refused(runs.submit(of, BY))).faults).toEqual([
      expect.stringContaining('record id: holds'),
      expect.stringContaining('review reviewer: holds'),
    ]);
    const pin = `glpat-${LETTERS.toLowerCase()}_${LETTERS.toLowerCase()}`;
    expect((await refusal(definitions.pins.change(FAMILY, pin, { to: 'v1.0.0' }, BY))).detail).toMatchObject({
      field: 'pin',
    });
  });

  it('is no matter in a record or a review: those are scrubbed when they are shown', async () => {
    const [, text] = SENTENCES[0]!;
    const { outcome } = await place().runs.submit(submission(sampleRecord('a'), sampleReview({ text })), BY);
    expect(outcome).toBe('submitted');
  });
});

function expectToldOf(kind: string, text: string, message: string): void {
  expect(message).toContain(kind);
  expect(message).not.toContain(text.split(' ')[3]);
}

async function refusal(work: Promise<unknown>): Promise<DefinitionError> {
  const error: unknown = await work.then(
    () => undefined,
    (error: unknown) => error,
  );
  if (error instanceof DefinitionError) return error;
  throw new Error('it was not refused', { cause: error });
}
