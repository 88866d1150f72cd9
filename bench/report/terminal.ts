import type { RowResult } from '../measure.ts';
import { cellsOf, columns } from './figures.ts';

const widths = [48, 10, 8, 16, 8, 7, 8, 7] as const;
const rightAligned = new Set(['ours', 'peer', 'ratio']);

export function headingLine(): string {
  return line(columns);
}

export function resultLines(result: RowResult): string {
  return cellsOf(result).map(line).join('\n');
}

function line(cells: readonly string[]): string {
  const padded = cells.map((cell, index) => {
    const width = widths[index] ?? 0;
    return rightAligned.has(columns[index] ?? '') ? cell.padStart(width) : cell.padEnd(width);
  });
  return padded.join('  ').trimEnd();
}
