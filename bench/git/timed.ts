import { performance } from 'node:perf_hooks';
import { run } from '../process/run.ts';

/** Does some work with a clock. Pages that earlier work left unwritten would be paid for by this one. */
export async function timed<T>(signal: AbortSignal, work: () => Promise<T>): Promise<{ seconds: number; result: T }> {
  await run('sync', [], { seconds: 120, signal });
  const started = performance.now();
  const result = await work();
  return { seconds: (performance.now() - started) / 1000, result };
}
