import { asBuffer } from '../encoding/as-buffer.ts';
import { factIn } from './facts.ts';
import type { LogSource } from './sources.ts';

export interface Erasure {
  readonly id: string;
  /** Of its entry. */
  readonly index: number;
}

/** Runs that entries of a part of the log say were erased. */
export async function erasuresIn(log: LogSource, from: number, to: number): Promise<Erasure[]> {
  const erasures: Erasure[] = [];
  let index = from;
  for await (const bytes of log.entries(from, to)) {
    // Most entries say something else, and need not be read for it.
    const fact = asBuffer(bytes).includes(TYPE) ? factIn(bytes, index) : undefined;
    if (fact?.type === 'erase') erasures.push({ id: fact.id, index });
    index += 1;
  }
  return erasures;
}

const TYPE = '"type":"erase"';
