import fc from 'fast-check';
import { expect, test } from 'vitest';
import { OidSet } from '../../../lib/upkeep/oid-set.ts';

/** Ids that begin and end alike meet in the same slots. */
const oid = fc
  .tuple(fc.constantFrom('00000000', 'ffffffff', '01000000'), fc.nat(40), fc.constantFrom('0', 'f'))
  .map(([start, middle, end]) => start + middle.toString(16).padStart(24, '0') + end.repeat(8));

test('a set of object ids holds exactly what was added, each once, however much it grows', () => {
  fc.assert(
    fc.property(fc.array(oid, { maxLength: 200 }), fc.array(oid, { maxLength: 50 }), (added, others) => {
      const set = new OidSet();
      const naive = new Set<string>();
      for (const one of added) {
        expect(set.add(one)).toBe(!naive.has(one));
        naive.add(one);
      }
      expect(set.size).toBe(naive.size);
      expect([...set].sort()).toEqual([...naive].sort());
      for (const one of [...added, ...others]) expect(set.has(one)).toBe(naive.has(one));
    }),
  );
});

test('and keeps many of them apart by slots that stay', () => {
  const set = new OidSet();
  const oids = Array.from({ length: 20_000 }, (_, at) => at.toString(16).padStart(40, '0'));
  for (const one of oids) set.add(one);
  expect(new Set(oids.map((one) => set.slotOf(one))).size).toBe(oids.length);
  expect(set.slotOf('b'.repeat(40))).toBe(-1);
});
