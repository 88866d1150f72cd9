import { describe, expect, test } from 'vitest';
import { faultsOf, read } from './read.ts';

describe('what is not TOML is one fault with its line', () => {
  test.each([
    ['a key without a value', 'a = 1\nb =\n', '2:3 b: is not TOML: Unspecified values are invalid'],
    ['a key whose value is on the next line', '[a]\nb = # soon\nc = 1', '2:3 a.b: is not TOML: Unexpected character'],
    ['a key in braces without a value', 'a = { b =\n}', '1:9 a: is not TOML'],
    ['a value without a key', '= 1', '1:1 -: is not TOML: Unexpected token'],
    ['two statements in a line', 'a = 1 b = 2', '1:7 a: is not TOML: Must be a newline'],
    ['a missing comma', '[a]\nx = [\n  1,\n  2 3\n]', '4:5 a.x: is not TOML: Expected comma'],
    ['a list without an end', 'a = 1\nb = [1,\n', '2:7 b: is not TOML'],
    ['a string without an end', '[a.b]\nc = "x\n', '2:6 a.b.c: is not TOML: Unterminated string'],
    ['a header without an end', '[a\nb = 1', '2:1 -: is not TOML'],
    ['a key twice', 'a = 1\nb = 2\na = 3', '3:1 a: is not TOML: Defining a key multiple times'],
    ['a table twice', '[a]\nx = 1\n[a]', '3:2 a: is not TOML: Defining a key multiple times'],
    ['a key twice in a list of tables', '[[a]]\n[[a]]\nx = 1\nx = 2', '4:1 a[1].x: is not TOML: Defining'],
    ['a table where a value was', 'a = 1\n[a.b]', '2:2 a.b: is not TOML: Defining'],
    ['a list of tables where a list was', 'a = []\n[[a]]', '2:3 a: is not TOML: Defining'],
    ['an unknown escape', 'a = "\\q"', '1:7 a: is not TOML: Invalid character in escape sequence'],
    [
      'half a character',
      '[[a]]\n[[a]]\nb."c d" = "x\\ud800"',
      '3:18 a[1].b."c d": is not TOML: Invalid code point d800',
    ],
    ['half a character in a key', '"\\udc00" = 1', '1:7 -: is not TOML: Invalid code point dc00'],
    ['a date that never was', 'a = 2025-02-30', '1:14 a: is not TOML: Unexpected invalid date'],
    ['leading zeros', 'a = 01', '1:5 a: is not TOML: Leading zeros'],
    ['what only TOML 1.1 has', 'a = { b = 1,\n c = 2 }', '2:2 a: is not TOML: No newlines'],
    ['a control character', 'a = "\u0000"', '1:6 a: is not TOML: Control characters'],
    ['JSON', '{"a": 1}', '1:1 -: is not TOML: Unexpected token'],
    ['a bare word', 'a = yes', '1:5 a: is not TOML: Unexpected character'],
    ['a carriage return alone', 'a = 1\nb = """x\ry"""', '2:9 b: is not TOML: A carriage return without'],
    ['a carriage return at the end', 'a = 1\r', '1:5 a: is not TOML: A carriage return without'],
    ['a line end of Windows before it', 'a = 1\r\nb = \r\n', '2:3 b: is not TOML'],
  ])('%s', (_, text, fault) => {
    const faults = faultsOf(text);
    expect(faults).toHaveLength(1);
    expect(faults[0]).toContain(fault);
    expect(read(text).metadata).toBeUndefined();
  });

  test.each([
    ['bytes that are not UTF-8', Buffer.from('a = 1\nb = "\xff"\n', 'latin1'), '2:- -: is not UTF-8'],
    ['a character that is cut off', Buffer.from('a = 1\n# ü').subarray(0, -1), '2:- -: is not UTF-8'],
    ['half a character in UTF-8', Buffer.from([0x23, 0xed, 0xa0, 0x80]), '1:- -: is not UTF-8'],
    ['a byte order mark', Buffer.from('\ufeffa = 1'), '1:- -: begins with a byte order mark'],
    ['UTF-16', Buffer.from('\ufeffa = 1', 'utf16le'), '1:- -: is not UTF-8'],
    ['more than a mebibyte', Buffer.alloc(1024 * 1024 + 1, '\n'), '-:- -: has more than 1048576 bytes'],
  ])('%s', (_, bytes, fault) => {
    expect(faultsOf(bytes)).toEqual([expect.stringContaining(fault)]);
  });
});

describe('what is TOML but more than a reader should be given is a fault', () => {
  test.each([
    ['a list in 100 others', `a = ${'['.repeat(101)}${']'.repeat(101)}`, '1:105 a[0]', 'is deeper than 100 levels'],
    ['a key of 101 parts', `x = 1\na${'.a'.repeat(100)} = 1`, '2:201 a.a.a', 'is deeper than 100 levels'],
    ['a header of 101 parts', `\n[a${'.a'.repeat(100)}]`, '2:202 a.a.a', 'is deeper than 100 levels'],
    ['1,000 lists', `[x]\na.b = ${'['.repeat(1000)}${']'.repeat(1000)}`, '2:507 x.a.b:', 'is nested too deep'],
    ['500,000 lists', `a = ${'['.repeat(500_000)}`, '1:505 a:', 'is nested too deep'],
    ['1,000 tables', `a = ${'{a='.repeat(1000)}1${'}'.repeat(1000)}`, '1:1505 a:', 'is nested too deep'],
    ['a long string', `[x]\na = '${'y'.repeat(65_536)}'`, '2:5 x.a:', 'is longer than 65536 characters'],
    ['a very long string', `a = """${'y'.repeat(1_000_000)}"""`, '1:5 a:', 'is longer than 65536 characters'],
    ['a long key', `"${'y'.repeat(65_536)}" = 1`, '1:1 yyy', 'is longer than 65536 characters'],
    ['100,000 numbers', `a = [\n${'1,\n'.repeat(100_000)}]`, '20000:2 a:', 'more than a metadata file may hold'],
    ['100,000 keys', Array.from({ length: 100_000 }, (_, at) => `k${at}=1`).join('\n'), '20001:7 k20000:', 'more than'],
    ['100,000 comments', '#\n'.repeat(100_000), '20001:1 -:', 'more than a metadata file may hold'],
  ])('%s', (_, text, place, message) => {
    const faults = faultsOf(text);
    expect(faults).toHaveLength(1);
    expect(faults[0]).toContain(place);
    expect(faults[0]).toContain(message);
  });

  test.each([
    ['an integer beyond 2^53 - 1', 'a = 9007199254740992', '1:1 a: is an integer beyond 2^53 - 1'],
    ['an integer below -2^53 + 1', '[a]\nb = [0, -9007199254740992]', '2:9 a.b[1]: is an integer beyond'],
    ['a hexadecimal one', 'a = 0x20000000000000', '1:1 a: is an integer beyond'],
    ['a number without an end', `a.b = ${'9'.repeat(1000)}`, '1:3 a.b: is an integer beyond'],
    ['infinity', 'a = { b = inf }', '1:7 a.b: is inf, a number that JSON has not'],
    ['infinity below zero', 'a = -inf', '1:1 a: is -inf'],
    ['not a number', 'a = [nan]', '1:6 a[0]: is nan'],
    ['a float beyond all', 'a = 1e999', '1:1 a: is 1e999'],
    ['the key __proto__', '"__proto__" = 1', '1:1 __proto__: is a name that'],
    ['it in a key', 'a.__proto__.b = 1', '1:3 a.__proto__: is a name that'],
    ['it in a header', '\n[a.__proto__]\nb = 1', '2:4 a.__proto__: is a name that'],
    ['it in a list of tables', '[[__proto__]]\nb = 1', '1:3 __proto__: is a name that'],
    ['it in an inline table', 'a = [{ __proto__ = 1 }]', '1:8 a[0].__proto__: is a name that'],
    ['it behind an escape', '"\\u005f_proto__" = 1', '1:1 __proto__: is a name that'],
  ])('%s', (_, text, fault) => {
    expect(faultsOf(text)).toEqual([expect.stringContaining(fault)]);
  });

  test('all that there are, in the order of their lines', () => {
    const text = 'version = "x"\na = inf\nname = ""\n[b]\nc = nan\n__proto__ = 1\n';
    expect(faultsOf(text).map((fault) => fault.split(': ')[0])).toEqual([
      '1:1 version',
      '2:1 a',
      '3:1 name',
      '5:1 b.c',
      '6:1 b.__proto__',
    ]);
  });

  test('up to 100 of them', () => {
    const faults = faultsOf(`tags = [${'\n1,'.repeat(5000)}]`);
    expect(faults).toHaveLength(100);
    expect(faults[99]).toBe('101:1 tags[99]: is not a string');
  });
});

describe('what is TOML is kept', () => {
  test('with dates as they are written, and every other value as JSON has it', () => {
    const text = `
at = 1979-05-27 07:32:00.5-07:00
local = 1979-05-27T07:32:00
day = 1979-05-27
time = 07:32:00
leap = 2016-12-31T23:59:60Z
int = [+1_000, -0, 0xff]
`;
    expect(read(text).metadata?.config).toEqual({
      at: '1979-05-27 07:32:00.5-07:00',
      local: '1979-05-27T07:32:00',
      day: '1979-05-27',
      time: '07:32:00',
      leap: '2016-12-31T23:59:60Z',
      int: [1000, 0, 255],
    });
  });

  test('with all ways to write a string, also with what looks like structure in it', () => {
    const text = [
      `a = """x\n"y" ""\\"""""" # [`,
      `b = '''a # "x'''''`,
      `c = [ # ]\n  "]", '[', # a comment = [`,
      `]`,
      `"d = [" = 1`,
      `'e."f'."g.h" = "\\u00e9\\U0001F3B1\\\\"`,
    ].join('\r\n');
    expect(read(text).metadata?.config).toEqual({
      a: 'x\n"y" """""',
      b: "a # \"x''",
      c: [']', '['],
      'd = [': 1,
      'e."f': { 'g.h': 'é🎱\\' },
    });
  });

  test('with tables in whatever order they come', () => {
    const text = '[a.b]\nx = 1\n[[c.d]]\ny = 1\n[c.d.e]\nz = 1\n[[c.d]]\ny = 2\n[a]\nw = 1\n[a.c]\n[[c.d.f]]\n';
    expect(read(text).metadata?.config).toEqual({
      a: { b: { x: 1 }, w: 1, c: {} },
      c: {
        d: [
          { y: 1, e: { z: 1 } },
          { y: 2, f: [{}] },
        ],
      },
    });
  });

  test('with names that objects inherit', () => {
    expect(Object.entries(read('toString = 1\nconstructor.prototype = 2').metadata?.config ?? {})).toEqual([
      ['toString', 1],
      ['constructor', { prototype: 2 }],
    ]);
  });

  test('even nothing', () => {
    expect(read('')).toEqual({ metadata: { kind: 'test-case', config: {} }, faults: [] });
  });

  test('up to 100 levels', () => {
    expect(faultsOf(`a = ${'['.repeat(99)}1${']'.repeat(99)}`)).toEqual([]);
  });
});

test('a message never steers a terminal, nor grows without end', () => {
  const [fault] = read(
    `"\\u001b[31m\\u202e${'x'.repeat(1000)}" = inf\nversion = "\\u001b]0;\\u009b${'y'.repeat(1000)}"`,
  ).faults;
  const all = read(
    `"\\u001b[31m\\u202e${'x'.repeat(1000)}" = inf\nversion = "\\u001b]0;\\u009b${'y'.repeat(1000)}"`,
  ).faults;
  expect(fault?.key?.length).toBeLessThan(310);
  for (const { key, message } of all) {
    // eslint-disable-next-line no-control-regex
    expect(`${key}${message}`).not.toMatch(/[\u0000-\u001f\u0080-\u009f\u202e]/);
    expect(message.length).toBeLessThan(300);
  }
});
