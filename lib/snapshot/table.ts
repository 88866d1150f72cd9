import { createHash } from 'node:crypto';
import type { JsonValue } from '../encoding/canonical-json.ts';
import type { Documents } from './documents.ts';
import { longOf, shortOf } from './documents.ts';
import type { Ref } from './objects.ts';
import { LEAF_KEYS } from './shape.ts';

/** Values by key. `top` is a node, or absent where the table is empty. */
export interface Table {
  readonly count: number;
  readonly top?: Ref;
}

/** A leaf, in the order of the hashes of its keys, or 16 branches by the next hex digit: `[hex, size, count]`, or null. */
export type TableNode =
  { readonly entries: readonly (readonly [string, JsonValue])[] } | { readonly branches: readonly Branch[] };

type Branch = readonly [string, number, number] | null;

export const EMPTY_TABLE: Table = { count: 0 };

/**
 * The table with values put, or with `undefined` taken away. Where a key stands depends on nothing but its hash and on
 * how many others begin alike; so the table is the same however it came to be.
 */
export async function changeTable(
  documents: Documents,
  table: Table,
  changes: ReadonlyMap<string, JsonValue | undefined>,
): Promise<Table> {
  if (changes.size === 0) return table;
  const entries: Entry[] = [];
  for (const [key, value] of changes) {
    await documents.breathe();
    entries.push({ hash: hashOf(key), key, value });
  }
  return write(documents, await changed(documents, table, entries, 0));
}

export async function tableValue(
  read: (ref: Ref) => Promise<TableNode>,
  { top }: Table,
  key: string,
): Promise<JsonValue | undefined> {
  const hash = hashOf(key);
  let at = top;
  for (let depth = 0; at !== undefined; depth += 1) {
    const node = await read(at);
    if ('entries' in node) return node.entries.find(([one]) => one === key)?.[1];
    const branch = node.branches[Number.parseInt(hash[depth]!, 16)];
    at = branch == null ? undefined : longOf([branch[0], branch[1]]);
  }
  return undefined;
}

/** All of it, in the order of the hashes. */
export async function* tableEntries(
  read: (ref: Ref) => Promise<TableNode>,
  { top }: Table,
): AsyncGenerator<readonly [string, JsonValue]> {
  if (top === undefined) return;
  const node = await read(top);
  if ('entries' in node) yield* node.entries;
  else for (const branch of node.branches) yield* tableEntries(read, tableOf(branch));
}

interface Entry {
  readonly hash: string;
  readonly key: string;
  readonly value: JsonValue | undefined;
}

/** A node as it was, or as it is to be written. */
type Node =
  | Table
  | { readonly count: number; readonly entries: readonly Entry[] }
  | { readonly count: number; readonly branches: readonly Node[] };

async function changed(documents: Documents, before: Table, changes: readonly Entry[], depth: number): Promise<Node> {
  const node = before.top === undefined ? { entries: [] } : await documents.read<TableNode>(before.top);
  if ('entries' in node) return split(documents, merged(node.entries, changes), depth);
  const branches: Node[] = node.branches.map(tableOf);
  for (const [digit, within] of byDigit(changes, depth)) {
    branches[digit] = await changed(documents, branches[digit] as Table, within, depth + 1);
  }
  const count = branches.reduce((all, branch) => all + branch.count, 0);
  if (count > LEAF_KEYS) return { count, branches };
  const entries = await Promise.all(branches.map((branch) => entriesIn(documents, branch)));
  return { count, entries: entries.flat() };
}

/** Entries that are too many for a leaf become branches. */
async function split(documents: Documents, entries: readonly Entry[], depth: number): Promise<Node> {
  if (entries.length <= LEAF_KEYS) return { count: entries.length, entries: entries.toSorted(byHash) };
  await documents.breathe();
  const branches: Node[] = Array.from({ length: 16 }, () => EMPTY_TABLE);
  for (const [digit, within] of byDigit(entries, depth)) branches[digit] = await split(documents, within, depth + 1);
  return { count: entries.length, branches };
}

/** Of branches that came to be few enough for a leaf. */
async function entriesIn(documents: Documents, node: Node): Promise<readonly Entry[]> {
  if ('entries' in node) return node.entries;
  if ('branches' in node) return (await Promise.all(node.branches.map((one) => entriesIn(documents, one)))).flat();
  const entries: Entry[] = [];
  for await (const [key, value] of tableEntries((ref) => documents.read<TableNode>(ref), node)) {
    entries.push({ hash: hashOf(key), key, value });
  }
  return entries;
}

async function write(documents: Documents, node: Node): Promise<Table> {
  if (node.count === 0) return EMPTY_TABLE;
  if ('entries' in node) {
    const entries = node.entries.map(({ key, value }): readonly [string, JsonValue] => [key, value!]);
    return { count: node.count, top: await documents.write({ entries } satisfies TableNode) };
  }
  if (!('branches' in node)) return node;
  const branches: Branch[] = [];
  for (const branch of node.branches) {
    const { count, top } = await write(documents, branch);
    branches.push(top === undefined ? null : [...shortOf(top), count]);
  }
  return { count: node.count, top: await documents.write({ branches } satisfies TableNode) };
}

function merged(entries: readonly (readonly [string, JsonValue])[], changes: readonly Entry[]): readonly Entry[] {
  const all = new Map(entries.map(([key, value]): [string, Entry] => [key, { hash: hashOf(key), key, value }]));
  for (const change of changes) all.set(change.key, change);
  return [...all.values()].filter(({ value }) => value !== undefined);
}

function byDigit(entries: readonly Entry[], depth: number): Map<number, Entry[]> {
  const digits = new Map<number, Entry[]>();
  for (const entry of entries) {
    const digit = Number.parseInt(entry.hash[depth]!, 16);
    const within = digits.get(digit);
    if (within === undefined) digits.set(digit, [entry]);
    else within.push(entry);
  }
  return digits;
}

function tableOf(branch: Branch): Table {
  return branch === null ? EMPTY_TABLE : { count: branch[2], top: longOf([branch[0], branch[1]]) };
}

function byHash(a: Entry, b: Entry): number {
  return a.hash < b.hash ? -1 : 1;
}

function hashOf(key: string): string {
  return createHash('sha256').update(key, 'utf8').digest('hex');
}
