import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { canonicalJson, type JsonValue } from '../../../lib/encoding/canonical-json.ts';
import { strictJson, StrictJsonError } from '../../../lib/encoding/strict-json.ts';

function read(text: string): JsonValue {
  return strictJson(Buffer.from(text, 'utf8'));
}

function refusal(text: string | Uint8Array): StrictJsonError {
  try {
    strictJson(typeof text === 'string' ? Buffer.from(text, 'utf8') : text);
  } catch (error) {
    if (error instanceof StrictJsonError) return error;
    throw error;
  }
  throw new Error(`${String(text).slice(0, 80)} was read`);
}

const exactNumber = fc.oneof(
  fc.maxSafeInteger(),
  fc.double({ noNaN: true, min: -1e15, max: 1e15 }).map((number) => (number === 0 ? 0 : number)),
);
const name = fc.string({ unit: 'binary' }).filter((text) => text !== '__proto__');
const value = fc.letrec<{ value: JsonValue }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 6 },
    fc.constant(null),
    fc.boolean(),
    exactNumber,
    fc.string({ unit: 'binary' }),
    fc.array(tie('value'), { maxLength: 5 }),
    fc.dictionary(name, tie('value'), { maxKeys: 5, noNullPrototype: true }),
  ),
})).value;

describe('what it reads', () => {
  it('is what JSON.parse reads of whatever JSON.stringify writes', () => {
    fc.assert(
      fc.property(value, fc.constantFrom('', ' ', '\t', '\n '), (one, indent) => {
        const text = JSON.stringify(one, undefined, indent);
        expect(read(text)).toEqual(JSON.parse(text));
        expect(canonicalJson(read(text))).toEqual(canonicalJson(one));
      }),
    );
  });

  it('is everything that may stand between values, and every escape', () => {
    expect(read(' \t\r\n{ "a" : [ 1 , true , null ] } ')).toEqual({ a: [1, true, null] });
    expect(read('"\\"\\\\\\/\\b\\f\\n\\r\\t\\u00e9\\ud83d\\ude00 é 😀 \u2028"')).toBe('"\\/\b\f\n\r\té😀 é 😀 \u2028');
    expect(read('{"constructor":1,"toString":2,"":3}')).toEqual({ constructor: 1, toString: 2, '': 3 });
  });

  it.each([
    '0',
    '-1',
    '0.1',
    '1.50',
    '1e2',
    '1E+2',
    '9007199254740991',
    '0.92',
    '1e-7',
    '100e-2',
    '0.30000000000000004',
  ])('is the number %s', (text) => {
    expect(read(text)).toBe(JSON.parse(text));
  });

  it('has no zero with a sign', () => {
    expect(Object.is(read('-0'), 0)).toBe(true);
    expect(Object.is(read('-0.0e5'), 0)).toBe(true);
  });
});

describe('what it refuses', () => {
  it.each([
    ['{"a":{"b":1,"b":2}}', 'a', /"b" twice/],
    ['{"a":1,"\\u0061":2}', '', /"a" twice/],
    ['{"a":{"__proto__":1}}', 'a', /__proto__/],
    ['{"a":[{"\\u005f_proto__":1}]}', 'a[0]', /__proto__/],
    ['{"n":[1,9007199254740992]}', 'n[1]', /beyond/],
    ['[-9007199254740993]', '[0]', /beyond/],
    ['[1e400]', '[0]', /beyond/],
    ['[1e-400]', '[0]', /other readers keep 0/],
    ['[1.2345e-322]', '[0]', /other readers keep/],
    ['[0.1234567890123456789]', '[0]', /other readers keep/],
    [`[0.${'0'.repeat(200)}1]`, '[0]', /more than 100 characters/],
    [`[${'9'.repeat(100_000)}]`, '[0]', /more than 100 characters/],
    ['{"a":"\\ud800"}', 'a', /surrogate/],
    ['{"\\udc00":1}', '', /surrogate/],
    ['["\\ud800\\u0041"]', '[0]', /surrogate/],
    ['["a\nb"]', '[0]', /control character/],
    ['["\\x"]', '[0]', /escape/],
    ['["\\u12"]', '[0]', /escape/],
    ['{"a b":{"c":tru}}', '"a b".c', /not JSON: "t" at line 1, column 13/],
    ['[1,\n 2,\n]', '[2]', /"]" at line 3, column 1/],
    ['[1', '', /ends at line 1/],
    ['["abc', '[0]', /ends within a string/],
    ['["abc\\', '[0]', /ends within a string/],
    ['', '', /ends at line 1, column 1/],
    ['{"a":1}x', '', /"x" at line 1, column 8/],
    ['\ufeff{}', '', /not JSON/],
    [`${'['.repeat(201)}${']'.repeat(201)}`, '[0]'.repeat(200), /deeper than 200/],
    ['['.repeat(1_000_000), '[0]'.repeat(200), /deeper than 200/],
    ['{"a":'.repeat(1_000_000), 'a.'.repeat(200).slice(0, -1), /deeper than 200/],
    [`{"${'n'.repeat(1001)}":1}`, '', /more than 1000 characters/],
  ])('case %#', (text, path, message) => {
    const error = refusal(text);
    expect(error.path).toBe(path);
    expect(error.message).toMatch(message);
  });

  it.each([
    '01',
    '+1',
    '.5',
    '1.',
    '1e',
    '-',
    '--1',
    'NaN',
    'Infinity',
    'undefined',
    "'a'",
    '{a:1}',
    '[,]',
    '{"a"}',
    '1 2',
    '[1]]',
    '/**/1',
    '"a" "b"',
    'True',
  ])('%s', (text) => {
    expect(() => JSON.parse(text) as unknown).toThrow(SyntaxError);
    expect(refusal(text).message).toMatch(/not JSON/);
  });

  it('bytes that are not UTF-8', () => {
    expect(refusal(Buffer.from([0x22, 0xff, 0x22])).message).toMatch(/not UTF-8/);
    expect(refusal(Buffer.from([0x22, 0xed, 0xa0, 0x80, 0x22])).message).toMatch(/not UTF-8/);
  });

  it('whatever JSON.parse refuses, and never reads it differently', () => {
    const pieces = fc.constantFrom(
      '{',
      '}',
      '[',
      ']',
      ',',
      ':',
      '"',
      '"a"',
      '\\',
      '\\u00',
      '1',
      '-',
      '.',
      'e',
      '0',
      'true',
      'null',
      ' ',
      '\n',
      '\0',
      'é',
    );
    const mutated = fc.tuple(value, fc.nat(), fc.string({ unit: 'binary', maxLength: 2 })).map(([one, at, put]) => {
      const text = JSON.stringify(one);
      return text.slice(0, at % (text.length + 1)) + put + text.slice((at % (text.length + 1)) + 1);
    });
    const text = fc.oneof(
      mutated,
      fc.array(pieces, { maxLength: 12 }).map((all) => all.join('')),
    );
    fc.assert(
      fc.property(text, (one) => {
        const bytes = Buffer.from(one, 'utf8');
        const [strict, lax] = [
          attempt(() => strictJson(bytes)),
          attempt(() => JSON.parse(bytes.toString('utf8')) as JsonValue),
        ];
        if (strict === undefined) return true;
        return lax !== undefined && canonicalJson(strict.value).equals(canonicalJson(lax.value));
      }),
      { numRuns: 2000 },
    );
  });

  it('bytes of any kind with its own error alone', () => {
    fc.assert(fc.property(fc.uint8Array({ maxLength: 64 }), (bytes) => void attempt(() => strictJson(bytes))));
  });
});

it('reads 1 MiB in a fraction of a second', () => {
  const record = { name: 'a "quoted" name', list: [1, 2.5, null, true], nested: { text: 'é'.repeat(40) } };
  const text = JSON.stringify(Array.from({ length: 7000 }, () => record));
  const bytes = Buffer.from(`[${text},${JSON.stringify('x"'.repeat(100_000))}]`);
  expect(bytes.length).toBeGreaterThan(1024 * 1024);
  const started = performance.now();
  strictJson(bytes);
  expect(performance.now() - started).toBeLessThan(1000);
});

function attempt(work: () => JsonValue): { readonly value: JsonValue } | undefined {
  try {
    return { value: work() };
  } catch (error) {
    if (error instanceof StrictJsonError || error instanceof SyntaxError) return undefined;
    throw error;
  }
}
