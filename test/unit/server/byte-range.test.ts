import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { parseRange } from '../../../server/byte-range.ts';

const UNSATISFIABLE = 'unsatisfiable';

describe('a range of a thousand bytes', () => {
  test.each([
    ['bytes=0-499', 0, 500],
    ['bytes=500-999', 500, 1000],
    ['bytes=-500', 500, 1000],
    ['bytes=9-', 9, 1000],
    ['bytes=0-0', 0, 1],
    ['bytes=999-999', 999, 1000],
    ['bytes=-1', 999, 1000],
    ['bytes=-1000', 0, 1000],
    ['bytes=-99999', 0, 1000],
    ['bytes=0-', 0, 1000],
    ['bytes=900-5000', 900, 1000],
    ['bytes=0-99999999999999999999999', 0, 1000],
    ['bytes=-99999999999999999999999', 0, 1000],
    ['bytes=00000000000000000000007-008', 7, 9],
    ['BYTES=1-2', 1, 3],
    ['bytes= 1-2 ', 1, 3],
  ])('is what %s asks for', (header, start, end) => {
    expect(parseRange(header, 1000)).toEqual({ start, end });
  });

  test.each(['bytes=1000-', 'bytes=1000-1001', 'bytes=5000-', 'bytes=-0', 'bytes=99999999999999999999999-'])(
    'cannot be satisfied for %s',
    (header) => {
      expect(parseRange(header, 1000)).toBe(UNSATISFIABLE);
    },
  );

  test('that ends before it begins is rejected, as RFC 9110 (14.2) allows', () => {
    expect(parseRange('bytes=5-4', 1000)).toBe(UNSATISFIABLE);
  });

  test.each([
    '',
    'bytes',
    'bytes=',
    'bytes=-',
    'bytes=a-b',
    'bytes=1-b',
    'bytes=0-1,5-6',
    'bytes=0-1,',
    'bytes=,0-1',
    'bytes=--1',
    'bytes=1--2',
    'bytes=+1-2',
    'bytes=1.0-2',
    'bytes=0x1-2',
    'bytes =0-1',
    'items=0-1',
    'bytes:0-1',
    '0-1',
    'bytes=1 -2',
    'bytes=1',
    'bytes=０-１',
  ])('is not asked for by %j, so that the whole is sent', (header) => {
    expect(parseRange(header, 1000)).toBeUndefined();
  });
});

describe('a range of nothing', () => {
  test.each(['bytes=0-', 'bytes=0-0', 'bytes=-1', 'bytes=-0', 'bytes=1-'])('cannot be satisfied for %s', (header) => {
    expect(parseRange(header, 0)).toBe(UNSATISFIABLE);
  });
});

describe('any range', () => {
  test('lies within the bytes, is not empty, and is the slice that the header names', () => {
    const number = fc.oneof(fc.nat(30), fc.constant(''));
    fc.assert(
      fc.property(number, number, fc.nat(25), (first, last, size) => {
        const range = parseRange(`bytes=${first}-${last}`, size);
        const bytes = Array.from({ length: size }, (_, at) => at);
        const wanted =
          first === ''
            ? bytes.filter((at) => last !== '' && at >= size - last)
            : bytes.filter((at) => at >= first && (last === '' || at <= last));
        if (first === '' && last === '') return range === undefined;
        if (wanted.length === 0) return range === UNSATISFIABLE;
        if (range === undefined || range === UNSATISFIABLE) return false;
        return JSON.stringify(bytes.slice(range.start, range.end)) === JSON.stringify(wanted);
      }),
      { numRuns: 2000 },
    );
  });
});
