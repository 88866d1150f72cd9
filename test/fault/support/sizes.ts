/** Whether the suite runs with the sizes that docs/reliability.md speaks of; `npm test` runs it small. */
export const FULL: boolean = process.env['ASSAY_FAULT'] === 'full';

/** How often, how many or how long: as a variable says, else small or full. */
export function size(variable: string, small: number, full: number): number {
  const said = Number(process.env[variable]);
  if (Number.isSafeInteger(said) && said > 0) return said;
  return FULL ? full : small;
}

/** A fault that was found with a seed is found again with it. */
export const SEED: number = size('ASSAY_FAULT_SEED', Date.now() % 2 ** 31, Date.now() % 2 ** 31);
