import { isClientError } from '../lib/client/index.ts';
import { FAILED } from './command.ts';
import { faultLines } from './fault-lines.ts';
import { printable } from './printable.ts';

/** Does what a server may find faults in, and then tells each of them. */
export async function tellFaults(refusal: string, work: () => Promise<number>): Promise<number> {
  try {
    return await work();
  } catch (error) {
    const faults = isClientError(error) ? faultLines(error) : [];
    if (faults.length === 0) throw error;
    process.stderr.write(printable(`assay: ${refusal}\n${faults.join('\n')}\n`));
    return FAILED;
  }
}
