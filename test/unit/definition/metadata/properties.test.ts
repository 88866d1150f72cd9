import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { canonicalJson, type JsonObject, type JsonValue } from '../../../../lib/encoding/canonical-json.ts';
import { read } from './read.ts';

function tomlString(text: string): string {
  return JSON.stringify(text).replaceAll('\u007f', '\\u007f');
}

function toml(value: JsonValue): string {
  if (typeof value === 'string') return tomlString(value);
  if (typeof value === 'number') return /[.e]/.test(String(value)) ? String(value) : `${value}.0`;
  if (Array.isArray(value)) return `[${value.map(toml).join(', ')}]`;
  if (typeof value !== 'object') return String(value);
  const members = Object.entries(value ?? {}).map(([key, member]) => `${tomlString(key)} = ${toml(member)}`);
  return `{ ${members.join(', ')} }`;
}

function statements(object: JsonObject): readonly string[] {
  return Object.entries(object).map(([key, member]) => `${tomlString(key)} = ${toml(member)}`);
}

const text = fc.string({ unit: 'binary', maxLength: 20 });
const name = text.filter((key) => key !== '__proto__');
const { value } = fc.letrec<{ value: JsonValue }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 5, depthSize: 'small' },
    text,
    fc.boolean(),
    fc.double({ noNaN: true, noDefaultInfinity: true }),
    fc.maxSafeInteger(),
    fc.array(tie('value'), { maxLength: 4 }),
    fc.dictionary(name, tie('value'), { maxKeys: 4 }),
  ),
}));

describe('what is not known', () => {
  const unknown = fc.dictionary(
    name.map((key) => `x ${key}`),
    value,
    { maxKeys: 5 },
  );

  test('is kept as it is, at the top and in what is known', () => {
    fc.assert(
      fc.property(unknown, unknown, (top, inner) => {
        const { metadata, faults } = read(
          [...statements(top), 'name = "n"', '[network]', ...statements(inner)].join('\n'),
        );
        expect(faults).toEqual([]);
        expect(canonicalJson(metadata!.config)).toEqual(canonicalJson({ ...top, name: 'n', network: inner }));
      }),
    );
  });

  test('is kept in the items of lists as well', () => {
    fc.assert(
      fc.property(unknown, (inner) => {
        const { metadata, faults } = read(['[[checks]]', 'id = "a"', ...statements(inner)].join('\n'));
        expect(faults).toEqual([]);
        expect(canonicalJson(metadata!.config)).toEqual(canonicalJson({ checks: [{ id: 'a', ...inner }] }));
      }),
    );
  });
});

const FRAGMENTS = [
  ...'[]{}=,.#"\'\\\n\r\t -+_:aTZ019é\u0000\u007f\ufeff'.split(''),
  '😀',
  '"""',
  "'''",
  '[[',
  ']]',
  '\\u',
  'd800',
  'inf',
  'nan',
  '1e999',
  'true',
  '2025-01-01',
  '07:32:00',
  '9007199254740993',
  '__proto__',
  'name',
  'version',
  'tags',
  'prompt',
  'variants',
  'checks',
  'review',
  'reference',
  'references',
  'weight',
  'build',
  'limits',
  'timeout',
  'dockerfile',
  'platforms',
  'env',
  ' = ',
  '\n[',
  ']\n',
  '"x"',
  '"../x"',
];

const kind = fc.constantFrom('test-case', 'container');

function expectAnswer(bytes: Uint8Array, of: 'test-case' | 'container'): void {
  const { metadata, faults } = read(bytes, of);
  expect(metadata === undefined).toBe(faults.length > 0);
  expect(faults.length).toBeLessThanOrEqual(100);
  const lines = Buffer.from(bytes).toString('latin1').split('\n').length;
  for (const { file, line = 1, column = 1, message } of faults) {
    expect(file).toBe(`${of}.toml`);
    expect(line).toBeGreaterThanOrEqual(1);
    expect(line).toBeLessThanOrEqual(lines);
    expect(column).toBeGreaterThanOrEqual(1);
    expect(message).not.toBe('');
  }
  if (metadata !== undefined) canonicalJson(metadata.config);
}

describe('whatever a file holds, there is metadata or there are faults', () => {
  test('of pieces of TOML', () => {
    const pieces = fc.array(fc.constantFrom(...FRAGMENTS), { maxLength: 60 }).map((list) => list.join(''));
    fc.assert(
      fc.property(pieces, kind, (text, of) => expectAnswer(Buffer.from(text), of)),
      { numRuns: 2000 },
    );
  });

  test('of any values under the keys that are known', () => {
    const keys = FRAGMENTS.filter((fragment) => /^[a-z]{3,}$/.test(fragment));
    const statement = fc.tuple(fc.constantFrom(...keys), value).map(([key, member]) => `${key} = ${toml(member)}`);
    const lines = fc.uniqueArray(statement, { selector: (line) => line.split(' ')[0], maxLength: 8 });
    const item = fc.tuple(fc.constantFrom('variants', 'checks', 'review', 'limits.x'), lines);
    fc.assert(
      fc.property(lines, fc.array(item, { maxLength: 3 }), kind, (top, items, of) => {
        const sections = items.map(([header, inner]) => [`[[${header}]]`, ...inner].join('\n'));
        expectAnswer(Buffer.from([...top, ...sections].join('\n')), of);
      }),
      { numRuns: 1000 },
    );
  });

  test('of any bytes', () => {
    fc.assert(fc.property(fc.uint8Array({ maxLength: 100 }), kind, expectAnswer), { numRuns: 1000 });
  });
});
