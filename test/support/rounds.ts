/**
 * How often something is tried that is to hold however often it is tried: a few times, so that `npm test` is soon back, and as often as
 * it deserves where all is asked for (ASSAY_TEST_ALL=1, as .ci/run does). ASSAY_TEST_ROUNDS=n multiplies both, to look for what is rare.
 * What runs once more on other engines (ASSAY_TEST_AGAIN=1) is tried a few times.
 */
export function rounds(few: number, all: number): number {
  const times = Number(process.env['ASSAY_TEST_ROUNDS'] ?? 1);
  const deserves = process.env['ASSAY_TEST_ALL'] === '1' && process.env['ASSAY_TEST_AGAIN'] !== '1';
  return (deserves ? all : few) * (Number.isSafeInteger(times) && times > 0 ? times : 1);
}

/** Some of many cases, spread over all of them, or all. */
export function someOf<T>(few: number, cases: readonly T[]): readonly T[] {
  const count = Math.min(rounds(few, cases.length), cases.length);
  return Array.from({ length: count }, (_, at) => cases[Math.floor(((at + 0.5) * cases.length) / count)]!);
}
