import type { FaultList } from './fault-list.ts';
import type { TomlNode, TomlTable } from './toml-node.ts';
import type { TreeView } from './tree-view.ts';

/** What a check compares with, and where it says what it found. */
export interface CheckContext {
  readonly tree: TreeView;
  readonly faults: FaultList;
}

/** Looks at one value whose key is known. */
export type Check = (node: TomlNode, context: CheckContext) => void;

/** Keys that are not there, or not known, are nobody's fault. */
export function checkKeys(table: TomlTable, checks: Readonly<Record<string, Check>>, context: CheckContext): void {
  for (const [key, check] of Object.entries(checks)) {
    const node = table.members.get(key);
    if (node !== undefined && node.type !== 'faulty') check(node, context);
  }
}
