import { median } from './median.ts';
import { messageOf } from './message.ts';
import { openStage } from './stage.ts';
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
  const stage = openStage(conditions.directory, conditions.signal);
  let samples: RowResult['samples'];
  try {
    const wanted = row.contenders.filter((name) => !conditions.without.includes(name));
    samples = await takeTurns(await row.open(stage, wanted), conditions);
  } catch (cause) {
    // A server that died says more than the request that it left unanswered.
    const closing = await stage.close().then(
      () => undefined,
      (reason: unknown) => reason,
    );
    if (closing === undefined) throw cause;
    throw new AggregateError([cause, closing], `${messageOf(cause)}; ${messageOf(closing)}`, { cause });
  }
  await stage.close();
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
