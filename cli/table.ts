import type { Actor } from '../lib/client/index.ts';
import { printableLine } from './printable.ts';

/** Rows in columns, two spaces between them; nothing for no rows. */
export function table(texts: readonly (readonly string[])[]): string {
  const rows = texts.map((row) => row.map(printableLine));
  const widths: number[] = [];
  for (const row of rows) row.forEach((cell, at) => (widths[at] = Math.max(widths[at] ?? 0, cell.length)));
  return rows
    .map(
      (row) =>
        `${row
          .map((cell, at) => cell.padEnd(widths[at] ?? 0))
          .join('  ')
          .trimEnd()}\n`,
    )
    .join('');
}

/** To the second, in UTC. */
export function timeText(at: string): string {
  return at.replace(/\.\d+Z$/, 'Z').replace('T', ' ');
}

/** Who the client said it was, and where it came from. */
export function actorText({ name, address }: Actor): string {
  return name ?? address;
}
