import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { isImmutable, parseRules } from '../../../lib/oci/tag-rules.ts';

/** The meaning of a pattern, said by the engine of regular expressions. */
function oracle(pattern: string, tag: string): boolean {
  const source = pattern.split('*').map((part) => part.replaceAll(/[.*+?^${}()|[\]\\-]/g, '\\$&'));
  return new RegExp(`^${source.join('[^]*')}$`).test(tag);
}

describe('an immutable tag', () => {
  test('is one that a pattern matches, as a regular expression would', () => {
    const outcomes = { matched: 0, not: 0 };
    const pattern = fc.string({ unit: fc.constantFrom('a', 'b', '.', '-', '*'), minLength: 1, maxLength: 7 });
    const tag = fc.string({ unit: fc.constantFrom('a', 'b', '.', '-'), minLength: 1, maxLength: 9 });
    fc.assert(
      fc.property(pattern, tag, (pattern, tag) => {
        const matched = isImmutable({ immutable: [pattern] }, tag);
        expect(matched).toBe(oracle(pattern, tag));
        outcomes[matched ? 'matched' : 'not'] += 1;
      }),
      { numRuns: 3000 },
    );
    expect(Math.min(outcomes.matched, outcomes.not)).toBeGreaterThan(100);
  });

  test('is one that was made by filling the stars of a pattern', () => {
    const part = fc.string({ unit: fc.constantFrom('a', 'b', '.'), maxLength: 4 });
    fc.assert(
      fc.property(fc.array(fc.tuple(part, part), { minLength: 1, maxLength: 5 }), (parts) => {
        const pattern = parts.map(([fixed]) => fixed).join('*');
        const tag = parts.map(([fixed, filling], at) => (at === parts.length - 1 ? fixed : fixed + filling)).join('');
        expect(isImmutable({ immutable: [pattern] }, tag)).toBe(true);
      }),
    );
  });

  test.each([
    ['v*', 'v', true],
    ['v*', 'v1.0', true],
    ['v*', 'V1', false],
    ['v*', 'av1', false],
    ['a*a', 'a', false],
    ['a*a', 'aa', true],
    ['*', 'anything', true],
    ['**', 'x', true],
    ['a**b', 'ab', true],
    ['v1.0', 'v1x0', false],
    ['*-rc*', 'v1-rc2', true],
    ['ab*ba', 'aba', false],
  ])('%s takes %s: %s', (pattern, tag, expected) => {
    expect(isImmutable({ immutable: [pattern] }, tag)).toBe(expected);
  });

  test('is one that any of many patterns matches, and none where there are no patterns', () => {
    expect(isImmutable({ immutable: ['x', 'v*'] }, 'v1')).toBe(true);
    expect(isImmutable({ immutable: ['x', 'y'] }, 'v1')).toBe(false);
    expect(isImmutable({ immutable: [] }, 'v1')).toBe(false);
    expect(isImmutable({}, 'v1')).toBe(false);
  });

  test('is found in no time, whatever the pattern', () => {
    const pattern = `${'a*'.repeat(63)}b`;
    const started = performance.now();
    for (let round = 0; round < 1000; round += 1) isImmutable({ immutable: [pattern] }, 'a'.repeat(128));
    expect(performance.now() - started).toBeLessThan(2000);
  });
});

describe('rules from outside', () => {
  test('are taken with their patterns once each, in their order', () => {
    expect(parseRules({ immutable: ['v*', 'latest', 'v*'] })).toEqual({ immutable: ['v*', 'latest'] });
    expect(parseRules({ immutable: Array.from({ length: 32 }, (_, at) => `v${at}`) }).immutable).toHaveLength(32);
  });

  test.each([[{}], [{ immutable: [] }]])('may be none: %j', (value) => {
    expect(parseRules(value)).toEqual({});
  });

  test.each([
    ['null', null],
    ['a list', ['v*']],
    ['text', 'v*'],
    ['a number', 1],
    ['another rule', { immutable: [], mutable: ['v*'] }],
    ['a rule named __proto__', JSON.parse('{"__proto__": {"immutable": ["v*"]}}')],
    ['patterns as text', { immutable: 'v*' }],
    ['patterns as null', { immutable: null }],
    ['patterns as an object', { immutable: { 0: 'v*' } }],
    ['33 patterns', { immutable: Array.from({ length: 33 }, (_, at) => `v${at}`) }],
    ['a number for a pattern', { immutable: [1] }],
    ['null for a pattern', { immutable: [null] }],
    ['an empty pattern', { immutable: [''] }],
    ['a pattern with a slash', { immutable: ['v/*'] }],
    ['a pattern with a question mark', { immutable: ['v?'] }],
    ['a pattern with a space', { immutable: ['v *'] }],
    ['a pattern with a line end', { immutable: ['v*\n'] }],
    ['a pattern that begins with a dot', { immutable: ['.v*'] }],
    ['a pattern of 129 characters', { immutable: ['v'.repeat(129)] }],
    ['one bad pattern among good ones', { immutable: ['v*', 'ok', 'not ok'] }],
  ])('are refused as %s', (_, value) => {
    expect(() => parseRules(value)).toThrow(expect.objectContaining({ name: 'OciError', code: 'rule-invalid' }));
  });

  test('are refused by naming what is wrong, cut to a readable length', () => {
    expect(() => parseRules({ frozen: [] })).toThrow('"frozen"');
    expect(() => parseRules({ immutable: ['v 1'] })).toThrow('"v 1"');
    const message = messageOf(() => parseRules({ immutable: ['/'.repeat(100_000)] }));
    expect(message.length).toBeLessThan(400);
  });
});

function messageOf(work: () => unknown): string {
  try {
    work();
  } catch (error) {
    return error instanceof Error ? error.message : '';
  }
  return 'nothing was thrown'.repeat(100);
}
