import { median } from './median.ts';
import { withStage } from './stage.ts';
import type { Contender, Row } from './suite.ts';

export interface Pace {
  rounds: number;
  seconds: number;
}

export interface RowResult {
  row: Row;
  /** Every round's figure, by contender. */
  samples: ReadonlyMap<string, readonly number[]>;
}

export interface Conditions {
  pace: Pace;
  /** Contenders to leave out. */
  without: readonly string[];
  /** Where the servers keep their data. */
  directory: string;
  signal: AbortSignal;
}

/** Measures a row on servers of its own, so that no row inherits what another left on disk or in memory. */
export async function measureRow(row: Row, conditions: Conditions): Promise<RowResult> {
  const wanted = row.contenders.filter((name) => !conditions.without.includes(name));
  const samples = await withStage(conditions.directory, conditions.signal, async (stage) => {
    return takeTurns(await row.open(stage, wanted), conditions);
  });
  return { row, samples };
}

/** A B C, A B C, …: what the machine does meanwhile falls on all of them. */
async function takeTurns(contenders: readonly Contender[], conditions: Conditions): Promise<Map<string, number[]>> {
  const { pace, signal } = conditions;
  // Compilers and caches warm up unseen.
  for (const contender of contenders) await contender.measure(1);
  const samples = new Map<string, number[]>(contenders.map(({ name }) => [name, []]));
  for (let round = 0; round < pace.rounds; round++) {
    for (const contender of contenders) {
      signal.throwIfAborted();
      samples.get(contender.name)?.push(await contender.measure(pace.seconds));
    }
  }
  return samples;
}

export function medianOf(result: RowResult, name: string | undefined): number | undefined {
  const samples = name === undefined ? undefined : result.samples.get(name);
  return samples === undefined || samples.length === 0 ? undefined : median(samples);
}
