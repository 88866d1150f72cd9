import { setTimeout as sleep } from 'node:timers/promises';
import { describeError, type Log } from './log.ts';

/** What a server needs to serve, by the name that it has in answers. */
export type Part = 'store' | 'blobs';

export interface Readiness {
  /** The parts that cannot be reached; none where the server is ready. */
  unreachable(): Promise<readonly Part[]>;
}

export interface ReadinessOptions {
  readonly log: Log;
  /** A part that does not answer within this counts as unreachable. */
  readonly limitMs?: number;
  /** Whoever asks sooner than this gets the last answer, so that many who ask cost one question. */
  readonly keptMs?: number;
}

const LIMIT_MS = 2_500;
const KEPT_MS = 1_000;

/** Asks each part whether it answers, all at once, and says in the log when that changes. */
export function makeReadiness(
  parts: Readonly<Record<Part, () => Promise<void>>>,
  { log, limitMs = LIMIT_MS, keptMs = KEPT_MS }: ReadinessOptions,
): Readiness {
  const checks = Object.entries(parts).map(([part, reach]) => checkOf(part as Part, reach));

  function checkOf(part: Part, reach: () => Promise<void>): () => Promise<readonly Part[]> {
    let isReached = true;
    let asked: Promise<readonly Part[]> | undefined;
    async function ask(): Promise<readonly Part[]> {
      try {
        await within(reach(), limitMs);
        if (!isReached) log.info('reached again', { part });
        isReached = true;
        return [];
      } catch (error) {
        if (isReached) log.error('cannot be reached', { part, error: describeError(error) });
        isReached = false;
        return [part];
      }
    }
    return () => {
      asked ??= ask().finally(() => setTimeout(() => (asked = undefined), keptMs).unref());
      return asked;
    };
  }

  return {
    async unreachable() {
      return (await Promise.all(checks.map((check) => check()))).flat();
    },
  };
}

async function within(answer: Promise<void>, limitMs: number): Promise<void> {
  const answered = new AbortController();
  const late = sleep(limitMs, undefined, { signal: answered.signal }).then(() => {
    throw new Error(`no answer within ${limitMs} ms`);
  });
  try {
    await Promise.race([answer, late]);
  } finally {
    late.catch(() => undefined);
    answer.catch(() => undefined);
    answered.abort();
  }
}
