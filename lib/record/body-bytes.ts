import type { Bodies, NewBody } from './bodies.ts';
import { RunError } from './run-error.ts';
import { bodiesNamed, type RunState } from './run-state.ts';

/** Whoever shows a run with its history has all of it in memory. */
export const MAX_RUN_BYTES = 8 * 1024 * 1024;

/** What the bodies of a run have together with those that come. Throws `run-full` where that is too much for one run. */
export async function bytesWith(
  state: RunState | undefined,
  added: readonly NewBody[],
  bodies: Bodies,
): Promise<number> {
  const before = state === undefined ? 0 : (state.bodyBytes ?? (await counted(state, bodies)));
  const bytes = added.reduce((sum, { size }) => sum + size, before);
  if (bytes <= MAX_RUN_BYTES) return bytes;
  throw new RunError(
    'run-full',
    'the records and reviews of a run have at most 8 MiB together, earlier versions of them too, and with this one it ' +
      'would be more: say it shorter, name what is large as media, or publish another run',
    { bytes: before, most: MAX_RUN_BYTES },
  );
}

async function counted({ events }: RunState, bodies: Bodies): Promise<number> {
  let bytes = 0;
  for (const digest of bodiesNamed(events)) bytes += (await bodies.locate(digest)).size;
  return bytes;
}
