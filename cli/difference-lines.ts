import type { TreeDifference } from '../lib/client/index.ts';
import { printableLine } from './printable.ts';

const SIGNS = { added: 'A', removed: 'D', changed: 'M' } as const;

/** One line for each path, as Git's own `diff --name-status` writes it; a change of mode alone says so. */
export function differenceLines({ paths }: TreeDifference): string[] {
  return paths.map(({ path, change, from, to }) => {
    const isMode = from !== undefined && to !== undefined && from.oid === to.oid;
    return `${SIGNS[change]}  ${printableLine(path)}${isMode ? `  (${from.kind} becomes ${to.kind})` : ''}`;
  });
}
