import type { CheckContext } from './check.ts';
import { checkNameText } from './check-text.ts';
import { quoted } from './quoted.ts';
import type { TomlNode, TomlTable } from './toml-node.ts';

/** One of what a definition lists: a variant, a check, a domain. */
export interface Item {
  readonly id: string;
  /** Where its id stands. */
  readonly at: TomlNode;
  /** What more is said of it. */
  readonly table?: TomlTable;
}

/** The items of a list of ids, a list of tables with ids, or a table with a member for each id. */
export function itemsOf(node: TomlNode, context: CheckContext): readonly Item[] {
  const items = [...rawItems(node, context)];
  const seen = new Set<string>();
  for (const { id, at } of items) {
    checkNameText(at, id, context);
    if (seen.has(id)) context.faults.add(at.place, `${quoted(id)} comes twice`);
    seen.add(id);
  }
  return items;
}

function* rawItems(node: TomlNode, context: CheckContext): Generator<Item> {
  const items = node.type === 'table' ? (node.members.get('items') ?? node) : node;
  if (items.type === 'list') for (const element of items.elements) yield* elementItem(element, context);
  else if (node.type === 'table') yield* keyedItems(node);
  else context.faults.add(node.place, 'is neither a list nor a table');
}

function* elementItem(element: TomlNode, { faults }: CheckContext): Generator<Item> {
  if (element.type === 'string') yield { id: element.value, at: element };
  else if (element.type === 'table') {
    const id = element.members.get('id') ?? element.members.get('name');
    if (id?.type === 'string') yield { id: id.value, at: id, table: element };
    else if (id === undefined) faults.add(element.place, 'has neither id nor name');
    else if (id.type !== 'faulty') faults.add(id.place, 'is not a string');
  } else if (element.type !== 'faulty') faults.add(element.place, 'is neither an id nor a table');
}

function* keyedItems(table: TomlTable): Generator<Item> {
  for (const [id, at] of table.members) yield at.type === 'table' ? { id, at, table: at } : { id, at };
}
