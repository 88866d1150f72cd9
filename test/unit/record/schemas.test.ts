import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { JsonValue } from '../../../lib/encoding/canonical-json.ts';
import { strictJson } from '../../../lib/encoding/strict-json.ts';
import { isObject } from '../../../lib/record/field-check.ts';
import type { JsonSchema } from '../../../lib/encoding/schema.ts';
import { Place } from '../../../lib/record/place.ts';
import { checkRecord } from '../../../lib/record/record-check.ts';
import { checkReview } from '../../../lib/record/review-check.ts';
import type { RunFault } from '../../../lib/record/wire.ts';
import { faultsUnder } from '../../support/described.ts';
import { FORMAT_1, hostileRuns, runFile } from '../../support/record-fixtures.ts';
import { rounds } from '../../support/rounds.ts';

const ROUNDS = rounds(500, 1500);

/** What the checks alone know: no schema says it. */
const BEYOND = [
  /^is not in the normal form NFC$/,
  /comes twice$/,
  /^is before the run began$/,
  /is not among the media$/,
  /^says nothing/,
  /^holds a user name or a password$/,
  /^holds what looks like/,
];
const OBJECTS: readonly JsonSchema[] = [
  { $ref: '#/components/schemas/RunRecord' },
  { $ref: '#/components/schemas/Review' },
] as never;

/** Everything that is wrong with a document, by its check and by its schema. */
function judged(kind: 'record' | 'review', value: JsonValue): { faults: RunFault[]; schema: string | undefined } {
  const faults: RunFault[] = [];
  const at = new Place(kind, faults);
  if (kind === 'record') checkRecord(value, at);
  else checkReview(value, at);
  return { faults, schema: faultsUnder(OBJECTS[kind === 'record' ? 0 : 1]!, value) };
}

/** That check and schema say the same, as far as a schema can. */
function expectAgreement(kind: 'record' | 'review', value: JsonValue): void {
  const { faults, schema } = judged(kind, value);
  const sayable = faults.filter(({ message }) => !BEYOND.some((beyond) => beyond.test(message)));
  expect(schema === undefined, JSON.stringify({ value, faults, schema })).toBe(sayable.length === 0);
}

function document(run: string, file: string): JsonValue {
  return JSON.parse(runFile(run, file).toString()) as JsonValue;
}

/** What stands in the place of a value: of another type, at a border, or nearly what it was. */
const INSTEAD: fc.Arbitrary<JsonValue | undefined> = fc.oneof(
  fc.constantFrom<(JsonValue | undefined)[]>(
    undefined,
    null,
    true,
    0,
    1,
    -1,
    0.5,
    100,
    101,
    2 ** 53,
    [],
    {},
    [{}],
    '',
    ' ',
    'x',
    'x '.repeat(3),
    '.',
    '..',
    '../x',
    'a/../b',
    'a//b',
    'a/b.png',
    'a\u0000',
    'a\nb',
    'e\u0301',
    'é',
    'x'.repeat(200),
    'x'.repeat(201),
    `sha256:${'0'.repeat(64)}`,
    `name@sha256:${'a'.repeat(64)}`,
    `sha256:${'A'.repeat(64)}`,
    '2025-06-01T12:00:00Z',
    '2025-06-01T12:00:00.123456789Z',
    '2025-06-01T24:00:00Z',
    '2025-06-01 12:00:00Z',
    'test-cases/carom',
    'Test-cases/carom',
    'https://example.com/x',
    'https://exa mple.com',
    'ftp://example.com',
    'javascript:alert(1)',
    'image/png',
    'image',
    'completed',
    'aborted',
    'pass',
    'a'.repeat(40),
    '0.25',
    '00.25',
    '1e3',
    { USD: '0.25', EUR: null },
    { usd: '0.25' },
    { a: 1 },
    { a: 101 },
    { 'a ': 1 },
    [{ id: 'x', passed: null }],
    [{ id: 'x' }],
    [{ id: 'x', media: 'a/b.png' }],
    [{ name: 'a/b.png', digest: `sha256:${'0'.repeat(64)}`, size: 1, mediaType: 'image/png' }],
  ),
  fc.string({ maxLength: 5 }),
  fc.double({ noNaN: true, noDefaultInfinity: true, min: -200, max: 200 }),
);

/** Paths to every value of a document, and to fields that it might have. */
function placesIn(value: JsonValue, path: readonly string[] = []): string[][] {
  if (typeof value !== 'object' || value === null) return [[...path]];
  return [[...path], ...Object.entries(value).flatMap(([name, inner]) => placesIn(inner, [...path, name]))];
}

function replaced(
  value: JsonValue,
  [step, ...path]: readonly string[],
  by: JsonValue | undefined,
): JsonValue | undefined {
  if (step === undefined) return by;
  const copy = (Array.isArray(value) ? [...(value as JsonValue[])] : { ...(value as object) }) as Record<
    string,
    JsonValue
  >;
  const inner = replaced(copy[step]!, path, by);
  if (inner !== undefined) copy[step] = inner;
  else if (!Array.isArray(copy)) delete copy[step];
  return copy;
}

describe('a check and its schema', () => {
  test.each(FORMAT_1)('take the run %s', (run) => {
    for (const kind of ['record', 'review'] as const)
      expect(judged(kind, document(run, `${kind}.json`))).toEqual({ faults: [], schema: undefined });
  });

  test('judge what is hostile alike', () => {
    let seen = 0;
    for (const { name, body } of hostileRuns()) {
      const request = parsed(body);
      // No pattern knows how long a month is.
      if (request === undefined || name === 'thirtieth-of-february') continue;
      if (request['record'] !== undefined) expectAgreement('record', request['record']);
      if (request['review'] !== undefined) expectAgreement('review', request['review']);
      seen += 1;
    }
    expect(seen).toBeGreaterThan(20);
  });

  test.each(['record', 'review'] as const)('judge a %s alike wherever something else stands in it', (kind) => {
    const whole = document('whole', `${kind}.json`);
    const change = fc.tuple(fc.constantFrom(...placesIn(whole)), INSTEAD);
    fc.assert(
      fc.property(fc.array(change, { minLength: 1, maxLength: 2 }), (changes) => {
        let value: JsonValue | undefined = whole;
        for (const [path, by] of changes) {
          const fits = value !== undefined && placesIn(value).some((one) => one.join('\0') === path.join('\0'));
          if (fits) value = replaced(value!, path, by);
        }
        if (value !== undefined) expectAgreement(kind, value);
      }),
      { numRuns: ROUNDS },
    );
  });
});

/** What is no strict JSON gets to neither of them. */
function parsed(body: Buffer): Readonly<Record<string, JsonValue>> | undefined {
  try {
    const value = strictJson(body);
    return isObject(value) ? value : undefined;
  } catch {
    return undefined;
  }
}
