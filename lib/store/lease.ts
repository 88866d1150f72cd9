import { randomUUID } from 'node:crypto';
import { decodeJson, encodeJson } from './json-value.ts';
import type { KeyedStore } from './keyed-store.ts';
import { leaseKey } from './keys.ts';
import { StoreError } from './store-error.ts';

export interface LeaseRecord {
  readonly owner: string;
  readonly until: number;
}

/** The longest term there is. */
const TERM_MS = 60_000;
const MARGIN_MS = 20_000;

/**
 * Whether a lease until then still counts. One that ends much later than any lease can was taken before the clock was set
 * back, and would else be held until the clock is there again; the margin is what clocks of machines may differ by.
 */
export function isHeld(until: number, now: number): boolean {
  return until > now && until <= now + TERM_MS + MARGIN_MS;
}

export interface LeaseTerm {
  /** A holder that dies is replaced after this long. */
  readonly termMs: number;
  /** A holder stops acting on its lease this long before the end, so that a slow step cannot outlive it. */
  readonly marginMs: number;
}

const USUAL: LeaseTerm = { termMs: TERM_MS, marginMs: MARGIN_MS };

/** Held while the work runs: `check` throws with code `busy` once the lease can no longer be counted on. */
export interface Lease {
  check(): void;
}

/** Does work that only one process at a time may do; rejects with code `busy` where another does it. */
export async function withLease<T>(
  keys: KeyedStore,
  name: string,
  now: () => number,
  work: (lease: Lease) => Promise<T>,
  { termMs, marginMs }: LeaseTerm = USUAL,
): Promise<T> {
  const key = leaseKey(name);
  const owner = randomUUID();
  const before = await keys.get(key);
  if (before !== undefined && isHeld(decodeJson<LeaseRecord>(before).until, now())) throw takenBy(name);
  let until = now() + termMs;
  let value: Uint8Array = encodeJson({ owner, until } satisfies LeaseRecord);
  if (!(await keys.commit({ checks: [{ key, value: before }], puts: [{ key, value }] }))) throw takenBy(name);

  async function renew(): Promise<void> {
    const next = now() + termMs;
    const renewed = encodeJson({ owner, until: next } satisfies LeaseRecord);
    const held = await keys.commit({ checks: [{ key, value }], puts: [{ key, value: renewed }] });
    if (held) value = renewed;
    until = held ? next : -Infinity;
  }
  let renewing: Promise<void> = Promise.resolve();
  const timer = setInterval(() => {
    // What fails to be renewed runs out, and the work ends at its next check.
    renewing = renew().catch(() => {});
  }, termMs / 4);
  timer.unref();
  try {
    return await work({
      check() {
        if (!isHeld(until, now()) || now() > until - marginMs)
          throw new StoreError('busy', `the ${name} lease ran out`);
      },
    });
  } finally {
    clearInterval(timer);
    await renewing;
    await keys.commit({ checks: [{ key, value }], deletes: [key] });
  }
}

function takenBy(name: string): StoreError {
  return new StoreError('busy', `another ${name} is running, or ended without a word less than a minute ago`);
}
