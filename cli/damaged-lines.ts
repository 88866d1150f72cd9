import type { Damaged } from '../server/moving.ts';
import { counted } from './counted.ts';

/** Each thing that was found damaged, and what that means. */
export function damagedLines(damaged: readonly Damaged[]): string[] {
  if (damaged.length === 0) return [];
  return [
    ...damaged.map(({ content, what }) => `error: ${content}: ${what}`),
    `Left out ${counted(damaged.length, 'damaged content')}; all else is there. Whoever has it may push it again.`,
  ];
}
