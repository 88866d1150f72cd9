import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { parseTilePath, tilePath, tilesOf, tileWidth } from '../../../lib/log/tile.ts';

/** From the specification, C2SP tlog-tiles, "Merkle Tree" and "Log Entries". */
const NAMED = [
  ['0/000', { level: 0, index: 0, width: 256 }],
  ['0/x001/x234/067', { level: 0, index: 1_234_067, width: 256 }],
  ['1/000.p/1', { level: 1, index: 0, width: 1 }],
  ['0/x273/112.p/255', { level: 0, index: 273_112, width: 255 }],
  ['entries/x001/x234/067.p/8', { level: 'entries', index: 1_234_067, width: 8 }],
  ['5/000.p/3', { level: 5, index: 0, width: 3 }],
] as const;

const NOTHING = [
  '',
  '0',
  '0/',
  '0/0',
  '0/00',
  '0/0000',
  '0/001/',
  '0/x001',
  '0/x000/001',
  '0/001/067',
  '0/x1/067',
  '0/X001/067',
  '0/000.p/0',
  '0/000.p/256',
  '0/000.p/01',
  '0/000.p/',
  '0/000.p',
  '00/000',
  '6/000',
  '99/000',
  '-1/000',
  'data/000',
  'Entries/000',
  '0/x999/x999/x999/x999/x999/999',
  '0/000.p/1/2',
  '8/0/000',
  '0/000?',
  '0/٠٠٠',
];

describe('the path of a tile', () => {
  test.each(NAMED)('%s', (path, name) => {
    expect(tilePath(name)).toBe(path);
    expect(parseTilePath(path)).toEqual(name);
  });

  test.each(NOTHING)('is not %j', (path) => expect(parseTilePath(path)).toBeUndefined());

  test('is read as it is written, and is the only one', () => {
    const level = fc.oneof(fc.integer({ min: 0, max: 5 }), fc.constant('entries' as const));
    const names = fc.record({ level, index: fc.nat(2 ** 40), width: fc.integer({ min: 1, max: 256 }) });
    const paths = fc.stringMatching(/^(?:[0-5]|entries)\/(?:x\d{3}\/){0,3}\d{3}(?:\.p\/\d{1,3})?$/);
    fc.assert(
      fc.property(names, paths, (name, path) => {
        expect(parseTilePath(tilePath(name))).toEqual(name);
        const read = parseTilePath(path);
        expect(read === undefined || tilePath(read) === path).toBe(true);
      }),
    );
  });
});

test('the tiles of a tree hold every hash of every level once', () => {
  fc.assert(
    fc.property(fc.nat(200_000), (size) => {
      const widths = [0, 0, 0, 0];
      for (const { level, index, width } of tilesOf(size)) {
        expect(width).toBe(tileWidth(size, level, index));
        widths[level]! += width;
      }
      expect(widths).toEqual([size, Math.floor(size / 256), Math.floor(size / 65_536), 0]);
    }),
    { numRuns: 50 },
  );
});
