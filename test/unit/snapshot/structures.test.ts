import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { Documents, readDocument, refOf } from '../../../lib/snapshot/documents.ts';
import { changeList, EMPTY_LIST, levelsOf, listItem, listItems, type ListNode } from '../../../lib/snapshot/list.ts';
import { MemoryObjects } from '../../../lib/snapshot/memory-objects.ts';
import type { Ref } from '../../../lib/snapshot/objects.ts';
import { changeTable, EMPTY_TABLE, tableEntries, tableValue, type TableNode } from '../../../lib/snapshot/table.ts';

function itemAt(place: number, edition = 0): Ref {
  return refOf(Buffer.from(`${place} ${edition}`));
}

function store(): { documents: Documents; objects: MemoryObjects } {
  const objects = new MemoryObjects();
  return { documents: new Documents(objects, objects), objects };
}

async function listOf(items: readonly Ref[]): Promise<unknown> {
  return changeList(store().documents, EMPTY_LIST, new Map(items.entries()));
}

describe('a list', () => {
  test('is the same however it grew and changed', async () => {
    const growth = fc.array(fc.tuple(fc.nat({ max: 1500 }), fc.array(fc.nat({ max: 3000 }), { maxLength: 5 })), {
      maxLength: 4,
    });
    await fc.assert(
      fc.asyncProperty(growth, async (steps) => {
        const { documents } = store();
        const items: Ref[] = [];
        let list = EMPTY_LIST;
        for (const [step, [more, edited]] of steps.entries()) {
          const changes = new Map<number, Ref>();
          for (const place of edited.filter((place) => place < items.length))
            changes.set(place, itemAt(place, step + 1));
          for (let place = items.length; place < list.count + more; place += 1) changes.set(place, itemAt(place));
          for (const [place, ref] of changes) items[place] = ref;
          list = await changeList(documents, list, changes);
        }
        expect(list).toEqual(await listOf(items));
      }),
      { numRuns: 100 },
    );
  });

  test('of 40,000 items is four levels high, and gives each by its place', async () => {
    const { documents, objects } = store();
    const count = 40_000;
    const list = await changeList(
      documents,
      EMPTY_LIST,
      new Map(Array.from({ length: count }, (_, at) => [at, itemAt(at)])),
    );
    const read = (ref: Ref): Promise<ListNode> => readDocument<ListNode>(objects, ref);
    expect(levelsOf(count)).toBe(4);
    for (const place of [0, 31, 32, 1023, 1024, 32_767, 32_768, 39_999]) {
      expect(await listItem(read, list, place)).toEqual(itemAt(place));
    }
    expect(await listItem(read, list, count)).toBeUndefined();
    const some: Ref[] = [];
    for await (const ref of listItems(read, list, 1020, 1030)) some.push(ref);
    expect(some).toEqual(Array.from({ length: 10 }, (_, at) => itemAt(1020 + at)));
  });

  test('writes a path of nodes for one more item, and leaves full ones alone', async () => {
    const { documents } = store();
    const list = await changeList(
      documents,
      EMPTY_LIST,
      new Map(Array.from({ length: 2000 }, (_, at) => [at, itemAt(at)])),
    );
    const before = documents.written.objects;
    await changeList(documents, list, new Map([[2000, itemAt(2000)]]));
    expect(documents.written.objects - before).toBe(3);
  });
});

describe('a table', () => {
  const key = fc.integer({ min: 0, max: 400 }).map((number) => `key ${number}`);
  const change = fc.tuple(key, fc.option(fc.integer(), { nil: undefined, freq: 3 }));
  const batches = fc.array(fc.array(change, { maxLength: 300, size: 'max' }), { maxLength: 6 });

  test('is the same whatever came and went, in whichever order', async () => {
    await fc.assert(
      fc.asyncProperty(batches, async (batches) => {
        const { documents, objects } = store();
        const all = new Map<string, number>();
        let table = EMPTY_TABLE;
        for (const batch of batches) {
          table = await changeTable(documents, table, new Map(batch));
          for (const [key, value] of new Map(batch)) {
            if (value === undefined) all.delete(key);
            else all.set(key, value);
          }
        }
        expect(table).toEqual(await changeTable(store().documents, EMPTY_TABLE, all));
        expect(table.count).toBe(all.size);
        const read = (ref: Ref): Promise<TableNode> => readDocument<TableNode>(objects, ref);
        const entries = new Map<string, unknown>();
        for await (const [key, value] of tableEntries(read, table)) entries.set(key, value);
        expect(entries).toEqual(all);
        for (const key of [...all.keys(), 'no key']) expect(await tableValue(read, table, key)).toBe(all.get(key));
      }),
      { numRuns: 100 },
    );
  });

  test('holds keys that objects have of their own', async () => {
    const { documents, objects } = store();
    const keys = ['__proto__', 'constructor', 'toString', ''];
    const table = await changeTable(documents, EMPTY_TABLE, new Map(keys.map((key, at) => [key, at])));
    for (const [at, key] of keys.entries()) {
      expect(await tableValue((ref) => readDocument<TableNode>(objects, ref), table, key)).toBe(at);
    }
  });
});
