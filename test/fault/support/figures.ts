import { appendFileSync } from 'node:fs';

/** One line of figures: for people, and for the script that writes docs/reliability.md. */
export function tellFigures(fault: string, figures: Readonly<Record<string, string | number>>): void {
  const told = Object.entries(figures).map(([name, figure]) => `${name} ${shown(figure)}`);
  console.log(`reliability | ${fault} | ${told.join(', ')}`);
  const file = process.env['ASSAY_FAULT_FIGURES'];
  if (file !== undefined) appendFileSync(file, `${JSON.stringify({ fault, told: told.join(', ') })}\n`);
}

function shown(figure: string | number): string {
  if (typeof figure === 'string') return figure;
  return figure.toLocaleString('en-US', { maximumFractionDigits: figure < 10 ? 2 : 0 });
}

export function percentile(figures: readonly number[], share: number): number {
  const sorted = [...figures].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0;
}

export function mebibytes(bytes: number): string {
  return `${(bytes / 2 ** 20).toFixed(1)} MiB`;
}
