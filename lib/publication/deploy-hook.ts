import type { KeyedStore } from '../store/keyed-store.ts';
import { backOffMs, isDue } from './pacing.ts';
import { PublicationError } from './publication-error.ts';
import { changeState, readState, type PendingHook } from './publication-state.ts';

const ANSWER_MS = 30_000;
/** What is kept of an error. */
const LONGEST_ERROR = 300;

/** Tells a site that a snapshot is live. Rejects with `hook-failed` unless it answers with a success. */
export type TellHook = (hook: PendingHook, signal: AbortSignal) => Promise<void>;

/** Posts to an address; what stands in its path or query may be a secret, so messages name the host alone. */
export function httpHook(address: string): TellHook {
  const { host } = new URL(address);
  return async ({ snapshot, publication, size }, ended) => {
    let status: number;
    try {
      const response = await fetch(address, {
        method: 'POST',
        headers: { 'content-type': 'application/json', 'idempotency-key': `${snapshot}/${publication}` },
        body: JSON.stringify({ snapshot, publication, size }),
        signal: AbortSignal.any([AbortSignal.timeout(ANSWER_MS), ended]),
        redirect: 'error',
      });
      ({ status } = response);
      await response.body?.cancel();
    } catch (cause) {
      throw new PublicationError('hook-failed', `${host} does not answer`, { cause });
    }
    if (status < 200 || status > 299) throw new PublicationError('hook-failed', `${host} answered ${status}`);
  };
}

/**
 * Tells the hook what is due, and notes what came of it. Told again until it answers; a snapshot that is not live any
 * more by then needs no word.
 */
export async function runHook(keys: KeyedStore, tell: TellHook, now: () => number, ended: AbortSignal): Promise<void> {
  const { hook } = (await readState(keys)).state;
  if (hook === undefined || !isHookDue(hook, now())) return;
  const error = await tell(hook, ended).then(
    () => undefined,
    (failure: unknown) => (failure instanceof Error ? failure.message : String(failure)),
  );
  // That nobody waited for the answer says nothing of the receiver.
  if (error !== undefined && ended.aborted) return;
  await changeState(keys, (current) => {
    if (current.hook?.publication !== hook.publication) return current;
    const { hook: _told, ...rest } = current;
    return error === undefined ? rest : { ...rest, hook: failed(hook, error, now()) };
  });
}

export function isHookDue({ nextAt, attempts }: PendingHook, now: number): boolean {
  return isDue(nextAt, backOffMs(attempts), now);
}

function failed(hook: PendingHook, error: string, now: number): PendingHook {
  const attempts = hook.attempts + 1;
  return { ...hook, attempts, nextAt: now + backOffMs(attempts), lastError: error.slice(0, LONGEST_ERROR) };
}
