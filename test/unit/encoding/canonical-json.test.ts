import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { CanonicalJsonError, canonicalJson, type JsonValue } from '../../../lib/encoding/canonical-json.ts';

const textOf = (value: unknown) => canonicalJson(value as JsonValue).toString('utf8');

function fromIeee(hex: string): number {
  return Buffer.from(hex, 'hex').readDoubleBE();
}

function nested(levels: number): JsonValue {
  let value: JsonValue = 1;
  for (let level = 0; level < levels; level += 1) value = level % 2 === 0 ? [value] : { a: value };
  return value;
}

describe('canonical JSON', () => {
  test('is what RFC 8785 shows in section 3.2.2', () => {
    const value = JSON.parse(
      String.raw`{
        "numbers": [333333333.33333329, 1E30, 4.50, 2e-3, 0.000000000000000000000000001],
        "string": "\u20ac$\u000F\u000aA'\u0042\u0022\u005c\\\"\/",
        "literals": [null, true, false]
      }`,
    ) as JsonValue;
    expect(textOf(value)).toBe(
      String.raw`{"literals":[null,true,false],"numbers":[333333333.3333333,1e+30,4.5,0.002,1e-27],"string":"€$\u000f\nA'B\"\\\\\"/"}`,
    );
  });

  test('has its names in the order of section 3.2.3', () => {
    const names = ['\u20ac', '\r', '\ufb33', '1', '\ud83d\ude00', '\u0080', '\u00f6'];
    const sorted = ['\r', '1', '\u0080', '\u00f6', '\u20ac', '\ud83d\ude00', '\ufb33'];
    const written = textOf(Object.fromEntries(names.map((name) => [name, 0])));
    expect(written).toBe(`{${sorted.map((name) => `${JSON.stringify(name)}:0`).join(',')}}`);
  });

  test.each([
    ['0000000000000000', '0'],
    ['8000000000000000', '0'],
    ['0000000000000001', '5e-324'],
    ['8000000000000001', '-5e-324'],
    ['7fefffffffffffff', '1.7976931348623157e+308'],
    ['ffefffffffffffff', '-1.7976931348623157e+308'],
    ['4340000000000000', '9007199254740992'],
    ['c340000000000000', '-9007199254740992'],
    ['4430000000000000', '295147905179352830000'],
    ['44b52d02c7e14af5', '9.999999999999997e+22'],
    ['44b52d02c7e14af6', '1e+23'],
    ['44b52d02c7e14af7', '1.0000000000000001e+23'],
    ['444b1ae4d6e2ef4e', '999999999999999700000'],
    ['444b1ae4d6e2ef4f', '999999999999999900000'],
    ['444b1ae4d6e2ef50', '1e+21'],
    ['3eb0c6f7a0b5ed8c', '9.999999999999997e-7'],
    ['3eb0c6f7a0b5ed8d', '0.000001'],
    ['41b3de4355555553', '333333333.3333332'],
    ['41b3de4355555554', '333333333.33333325'],
    ['41b3de4355555555', '333333333.3333333'],
    ['41b3de4355555556', '333333333.3333334'],
    ['41b3de4355555557', '333333333.33333343'],
    ['becbf647612f3696', '-0.0000033333333333333333'],
    ['43143ff3c1cb0959', '1424953923781206.2'],
  ])('writes the number %s of appendix B as %s', (hex, text) => {
    expect(textOf(fromIeee(hex))).toBe(text);
  });

  test('is UTF-8, with characters of every length as they are', () => {
    expect(canonicalJson('aß€😀\u2028\u007f')).toEqual(Buffer.from('"aß€😀\u2028\u007f"', 'utf8'));
  });

  test.each([
    [{}, '{}'],
    [[], '[]'],
    ['', '""'],
    [{ '': { '': [] } }, '{"":{"":[]}}'],
    [-0, '0'],
    [[[], {}], '[[],{}]'],
  ])('of %j is %s', (value, text) => {
    expect(textOf(value)).toBe(text);
  });

  test('takes objects without a prototype, and names of what objects inherit', () => {
    expect(textOf(Object.assign(Object.create(null), { b: 1, a: 2 }))).toBe('{"a":2,"b":1}');
    expect(textOf({ toString: 1, constructor: 2, toJSON: 3 })).toBe('{"constructor":2,"toJSON":3,"toString":1}');
  });

  test('may hold one value twice, as long as not within itself', () => {
    const shared = { a: 1 };
    expect(textOf([shared, { shared }, shared])).toBe('[{"a":1},{"shared":{"a":1}},{"a":1}]');
  });

  test('may be 200 levels deep', () => {
    expect(JSON.parse(textOf(nested(200)))).toEqual(nested(200));
  });
});

const cycle: { list: unknown[] } = { list: [1] };
cycle.list.push(cycle);

describe('there is no canonical JSON of', () => {
  test.each<[string, unknown, string, string]>([
    ['NaN', fromIeee('7fffffffffffffff'), '', 'the value is NaN'],
    ['infinity', { a: [0, fromIeee('7ff0000000000000')] }, 'a[1]', 'a[1] is Infinity'],
    ['infinity below zero', -Infinity, '', 'is -Infinity'],
    ['half a character', ['\ud800'], '[0]', 'surrogate without its other half'],
    ['the later half of a character', { a: 'x\udead' }, 'a', 'surrogate without its other half'],
    ['halves in the wrong order', '\ude00\ud83d', '', 'surrogate without its other half'],
    ['half a character in a name', { a: { '\ud800': 1 } }, 'a', 'a name with a surrogate'],
    ['undefined', undefined, '', 'undefined'],
    ['a member that is undefined', { a: { b: undefined } }, 'a.b', 'undefined'],
    ['a hole in a list', Array.from({ length: 2 }), '[0]', 'undefined'],
    ['a bigint', { 'a b': 1n }, '"a b"', '"a b" is a bigint'],
    ['a function', [() => 1], '[0]', 'a function'],
    ['a symbol', Symbol('a'), '', 'a symbol'],
    ['a symbol as a name', { a: { [Symbol('b')]: 1 } }, 'a', 'symbol as a name'],
    ['a date', { at: new Date(0) }, 'at', 'an object of a class'],
    ['a map', new Map(), '', 'an object of a class'],
    ['bytes', { a: Buffer.from('a') }, 'a', 'an object of a class'],
    ['what inherits members', Object.create({ a: 1 }), '', 'an object of a class'],
    ['the name __proto__', JSON.parse('{"a":{"__proto__":{"b":1}}}'), 'a', '__proto__'],
    ['what holds itself', cycle, 'list[1]', 'holds itself'],
    ['201 levels', nested(201), '[0].a'.repeat(100), 'deeper than 200'],
    ['very many levels', nested(100_000), 'a[0].'.repeat(100).slice(0, -1), 'deeper than 200'],
  ])('%s', (_, value, path, message) => {
    let thrown: unknown;
    try {
      canonicalJson(value as JsonValue);
    } catch (error) {
      thrown = error;
    }
    expect(thrown).toBeInstanceOf(CanonicalJsonError);
    expect((thrown as CanonicalJsonError).message).toContain(message);
    expect((thrown as CanonicalJsonError).path).toBe(path);
  });
});

describe('for every value', () => {
  const json = fc
    .jsonValue({ stringUnit: 'grapheme', maxDepth: 6 })
    .filter((value) => !JSON.stringify(value).includes('"__proto__":')) as fc.Arbitrary<JsonValue>;

  test('what is written reads as the value, and is written again as the same bytes', () => {
    fc.assert(
      fc.property(json, (value) => {
        const bytes = canonicalJson(value);
        const read = JSON.parse(bytes.toString('utf8')) as JsonValue;
        expect(read).toEqual(JSON.parse(JSON.stringify(value)));
        expect(canonicalJson(read)).toEqual(bytes);
      }),
    );
  });

  test('the order in which names were given does not show', () => {
    const entries = fc.uniqueArray(fc.tuple(fc.string({ unit: 'binary' }), json), { selector: ([name]) => name });
    const shuffled = entries.chain((list) =>
      fc.tuple(fc.constant(list), fc.shuffledSubarray(list, { minLength: list.length })),
    );
    fc.assert(
      fc.property(shuffled, ([one, other]) => {
        fc.pre(one.every(([name]) => name !== '__proto__'));
        expect(canonicalJson(Object.fromEntries(one))).toEqual(canonicalJson(Object.fromEntries(other)));
      }),
    );
  });
});
