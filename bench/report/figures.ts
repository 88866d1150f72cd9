import type { RowResult } from '../measure.ts';
import { type Verdict, verdictsOf } from '../verdict.ts';

export const columns = ['work', 'unit', 'ours', 'against', 'peer', 'ratio', 'target', 'verdict'] as const;

/** One line of text cells for each promise of a row: the terminal and the page print the same. */
export function cellsOf(result: RowResult): string[][] {
  return verdictsOf(result).map((verdict, index) => {
    const { row } = result;
    const named = index === 0 ? [row.work, row.unit, figure(verdict.ours)] : ['', '', ''];
    const { against } = verdict.hold;
    return [
      ...named,
      against ?? '',
      figure(verdict.peer),
      times(verdict.ratio),
      target(result, verdict),
      word(verdict),
    ];
  });
}

export function figure(value: number | undefined): string {
  if (value === undefined) return '-';
  const maximumFractionDigits = value >= 100 ? 0 : value >= 10 ? 1 : 2;
  return value.toLocaleString('en-US', { maximumFractionDigits });
}

function times(ratio: number | undefined): string {
  if (ratio === undefined) return '-';
  return `${ratio.toFixed(ratio >= 10 ? 1 : 2)}x`;
}

function target(result: RowResult, { hold }: Verdict): string {
  if (hold.limit === undefined) return '';
  const sign = result.row.better === 'more' ? '>=' : '<=';
  return hold.against === undefined ? `${sign} ${figure(hold.limit)} ${result.row.unit}` : `${sign} ${hold.limit}x`;
}

function word({ hold, met }: Verdict): string {
  if (hold.limit === undefined) return '';
  if (met === undefined) return '-';
  return met ? 'met' : 'short';
}
