import { checkKeys, type Check, type CheckContext } from './check.ts';
import { checkAnyPath, checkText } from './check-path.ts';
import { itemsOf, type Item } from './items.ts';
import { quoted } from './quoted.ts';
import type { TomlNode, TomlTable } from './toml-node.ts';

/** The lists of a test case, and which key of their items names an item of which other list. */
const LISTS: Readonly<Record<string, { readonly key: string; readonly list: string } | undefined>> = {
  variants: undefined,
  specs: undefined,
  references: undefined,
  proofs: { key: 'reference', list: 'references' },
  checks: { key: 'reference', list: 'references' },
  domains: undefined,
  review: { key: 'domain', list: 'domains' },
  review_items: { key: 'domain', list: 'domains' },
};

const checkShare: Check = (node, { faults }) => {
  if (node.type === 'number' && !(node.value >= 0 && node.value <= 1)) faults.add(node.place, 'is not between 0 and 1');
};

const ITEM_KEYS: Readonly<Record<string, Check>> = {
  path: checkAnyPath,
  file: checkAnyPath,
  prompt: checkText,
  threshold: checkShare,
  similarity: checkShare,
};

export function checkItems(table: TomlTable, context: CheckContext): void {
  const lists = new Map<string, readonly Item[]>();
  for (const name of Object.keys(LISTS)) {
    const node = table.members.get(name);
    if (node === undefined || node.type === 'faulty') continue;
    const items = itemsOf(node, context);
    lists.set(name, items);
    for (const item of items) if (item.table !== undefined) checkKeys(item.table, ITEM_KEYS, context);
    checkWeights(node, items, context);
  }
  for (const [name, refers] of Object.entries(LISTS)) {
    const known = refers && lists.get(refers.list);
    if (known !== undefined) checkNames(lists.get(name) ?? [], refers!.key, known, context);
  }
}

/** Weights say how much of the whole an item is, so not all can be nothing. */
function checkWeights(node: TomlNode, items: readonly Item[], { faults }: CheckContext): void {
  const weights = items.map((item) => item.table?.members.get('weight')).filter((weight) => weight !== undefined);
  let sum = 0;
  for (const weight of weights) {
    if (weight.type === 'number' && weight.value >= 0) sum += weight.value;
    else if (weight.type !== 'faulty') faults.add(weight.place, 'is not a number of zero or more');
  }
  const areRead = weights.every((weight) => weight.type === 'number' && weight.value >= 0);
  if (areRead && weights.length > 0 && sum === 0) faults.add(node.place, 'has weights that are all zero');
}

function checkNames(items: readonly Item[], key: string, known: readonly Item[], { faults }: CheckContext): void {
  const ids = new Set(known.map((item) => item.id));
  for (const { table } of items) {
    const node = table?.members.get(key);
    for (const name of node?.type === 'list' ? node.elements : [node]) {
      if (name?.type === 'string' && !ids.has(name.value)) {
        faults.add(name.place, `${quoted(name.value)} is not among the ${key}s`);
      }
    }
  }
}
