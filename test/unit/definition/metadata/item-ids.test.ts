import { expect, test } from 'vitest';
import { itemIds } from '../../../../lib/definition/metadata/item-ids.ts';

test.each([
  [undefined, undefined],
  [
    ['a', 'b'],
    ['a', 'b'],
  ],
  [
    [{ id: 'a' }, { name: 'b' }, { id: 'c', name: 'd' }, 'e'],
    ['a', 'b', 'c', 'e'],
  ],
  [{ a: {}, b: { title: 'B' } }, ['a', 'b']],
  [{ title: 'of all', items: ['a', { id: 'b' }] }, ['a', 'b']],
  [[], []],
  [{}, []],
  ['a', undefined],
])('the ids of %j are %j', (list, ids) => {
  expect(itemIds(list === undefined ? {} : { list }, 'list')).toEqual(ids);
});

test('what every object has is no list', () => {
  expect(itemIds({}, 'constructor')).toBeUndefined();
});
