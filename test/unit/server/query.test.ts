import { describe, expect, test } from 'vitest';
import { all, first, nextLink, pageSize } from '../../../server/query.ts';

describe('a parameter', () => {
  test('has every value that was given, in order, and its first alone where one is wanted', () => {
    const query = { one: 'a', many: ['b', 'c'], empty: '' };
    expect(all(query, 'one')).toEqual(['a']);
    expect(all(query, 'many')).toEqual(['b', 'c']);
    expect(all(query, 'none')).toEqual([]);
    expect(first(query, 'many')).toBe('b');
    expect(first(query, 'empty')).toBe('');
    expect(first(query, 'none')).toBeUndefined();
  });
});

describe('the size of a page', () => {
  test.each([
    [undefined, 10_000],
    ['0', 0],
    ['1', 1],
    ['9999', 9999],
    ['10001', 10_000],
    ['999999999999999', 10_000],
    ['007', 7],
    [['3', '4'], 3],
  ])('is for %j: %i', (n, size) => {
    expect(pageSize({ n })).toBe(size);
  });

  test.each(['', '-1', '1.5', 'ten', '1e3', ' 1', '0x10', '1'.repeat(16), '٣', '1\n'])('is not %j', (n) => {
    expect(() => pageSize({ n })).toThrow(expect.objectContaining({ name: 'OciError', code: 'page-invalid' }));
  });
});

describe('the link to the next page', () => {
  test('leads to the same list, with what was asked for and where it goes on', () => {
    expect(nextLink('/v2/a/b/tags/list', { n: '10', last: 'v1' })).toBe('</v2/a/b/tags/list?n=10&last=v1>; rel="next"');
    expect(nextLink('/x', { artifactType: undefined, n: undefined, last: 'sha256:ab' })).toBe(
      '</x?last=sha256%3Aab>; rel="next"',
    );
  });

  test.each(['a b', 'a&b=c', 'a>b', 'a"b', 'ü', '%', 'a+b', '#', '\n'])('brings %j back as it was', (last) => {
    const link = nextLink('/x', { last });
    const target = /^<([^<>"\s]+)>; rel="next"$/.exec(link)?.[1] ?? '';
    expect(new URL(target, 'http://x').searchParams.get('last')).toBe(last);
  });
});
