import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { canonicalJson, type JsonValue } from '../../../lib/encoding/canonical-json.ts';
import { changesBetween } from '../../../lib/record/difference.ts';

const document = fc
  .jsonValue({ maxDepth: 4 })
  .filter((value) => !JSON.stringify(value).includes('__proto__')) as fc.Arbitrary<JsonValue>;

describe('the difference of two documents', () => {
  it('is nothing where they are the same, and only there', () => {
    fc.assert(
      fc.property(document, document, (one, other) => {
        expect(changesBetween(one, one)).toEqual([]);
        expect(changesBetween(one, other).length === 0).toBe(canonicalJson(one).equals(canonicalJson(other)));
      }),
    );
  });

  it('turned around is the difference the other way', () => {
    fc.assert(
      fc.property(document, document, (one, other) => {
        const back = changesBetween(other, one).map(({ path, from, to }) => ({ path, from: to, to: from }));
        // Neither tells -0 from 0, as JSON does not.
        expect(JSON.stringify(changesBetween(one, other))).toBe(JSON.stringify(back));
      }),
    );
  });

  it('names places, leaves out what is not there, and cuts what is long', () => {
    const from = { list: [1, 2], 'x y': { deep: true }, text: 'a'.repeat(1000) };
    const to = { list: [1, 3, 4], 'x y': {}, text: 'b' };
    expect(changesBetween(from, to)).toEqual([
      { path: 'list[1]', from: 2, to: 3 },
      { path: 'list[2]', to: 4 },
      { path: 'text', from: `${'a'.repeat(500)}…`, to: 'b' },
      { path: '"x y".deep', from: true },
    ]);
  });

  it('is cut where there is too much of it', () => {
    const many = Array.from({ length: 1000 }, (_, at) => at);
    expect(changesBetween(many, [])).toHaveLength(200);
  });
});
