import { longOf, shortOf, type Documents, type ShortRef } from './documents.ts';
import type { Ref } from './objects.ts';
import { FAN_OUT } from './shape.ts';

/** A list of objects. `top` is a node, or absent where the list is empty. */
export interface List {
  readonly count: number;
  readonly top?: Ref;
}

/** A node: nodes of the level below, or items where the level is 0. */
export interface ListNode {
  readonly items: readonly ShortRef[];
}

export const EMPTY_LIST: List = { count: 0 };

/** Levels of nodes above the items: as few as hold them all. */
export function levelsOf(count: number): number {
  let levels = 1;
  for (let room = FAN_OUT; room < count; room *= FAN_OUT) levels += 1;
  return levels;
}

/**
 * The list with other items in some places, and grown by items behind its end. A node depends on nothing but its
 * items and their places from the first on; so the list is the same however it came to be, and a node that is full
 * changes only with an item of its own.
 */
export async function changeList(documents: Documents, list: List, changes: ReadonlyMap<number, Ref>): Promise<List> {
  if (changes.size === 0) return list;
  const places = [...changes.keys()].sort((a, b) => a - b);
  const count = Math.max(list.count, places.at(-1)! + 1);
  const change: Change = { documents, before: list, levelsBefore: levelsOf(list.count), changes };
  const levels = levelsOf(count);
  const isAsHigh = list.top !== undefined && levels === change.levelsBefore;
  return { count, top: await node(change, levels - 1, 0, places, isAsHigh ? list.top : undefined) };
}

interface Change {
  readonly documents: Documents;
  readonly before: List;
  readonly levelsBefore: number;
  readonly changes: ReadonlyMap<number, Ref>;
}

/** The node at a level, the so-manieth of it; `places` are those of its changes, in order, and at least one. */
async function node(
  change: Change,
  level: number,
  index: number,
  places: readonly number[],
  before: Ref | undefined,
): Promise<Ref> {
  const { documents, changes } = change;
  const items = before === undefined ? [] : (await documents.read<ListNode>(before)).items.map(longOf);
  const each = FAN_OUT ** level;
  for (let at = 0; at < places.length;) {
    const child = Math.floor(places[at]! / each);
    const from = at;
    while (at < places.length && Math.floor(places[at]! / each) === child) at += 1;
    const place = child - index * FAN_OUT;
    items[place] =
      level === 0
        ? changes.get(child)!
        : await node(
            change,
            level - 1,
            child,
            places.slice(from, at),
            items[place] ?? lowered(change, level - 1, child),
          );
  }
  items[0] ??= await raised(change, level);
  return documents.write({ items: items.map(shortOf) } satisfies ListNode);
}

/** A list that has grown by levels has its old top as the first of the nodes that are as high. */
function lowered({ before, levelsBefore }: Change, level: number, index: number): Ref | undefined {
  return index === 0 && level === levelsBefore - 1 ? before.top : undefined;
}

/** The first child of a node that is higher than the old top, where nothing in that child changes. */
async function raised({ documents, before, levelsBefore }: Change, level: number): Promise<Ref> {
  let ref = before.top!;
  for (let at = levelsBefore; at < level; at += 1)
    ref = await documents.write({ items: [shortOf(ref)] } satisfies ListNode);
  return ref;
}

/** Every item, from a place on. */
export async function* listItems(
  read: (ref: Ref) => Promise<ListNode>,
  { count, top }: List,
  from = 0,
  to = count,
): AsyncGenerator<Ref> {
  if (top === undefined || from >= to) return;
  yield* below(read, top, levelsOf(count) - 1, 0, from, to);
}

export async function listItem(
  read: (ref: Ref) => Promise<ListNode>,
  list: List,
  place: number,
): Promise<Ref | undefined> {
  for await (const ref of listItems(read, list, place, place + 1)) return ref;
  return undefined;
}

async function* below(
  read: (ref: Ref) => Promise<ListNode>,
  top: Ref,
  level: number,
  start: number,
  from: number,
  to: number,
): AsyncGenerator<Ref> {
  const each = FAN_OUT ** level;
  const { items } = await read(top);
  for (const [at, item] of items.entries()) {
    const first = start + at * each;
    if (first >= to || first + each <= from) continue;
    if (level === 0) yield longOf(item);
    else yield* below(read, longOf(item), level - 1, first, from, to);
  }
}
