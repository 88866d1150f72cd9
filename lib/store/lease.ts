import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Clock } from './clock.ts';
import { decodeJson, encodeJson } from './json-value.ts';
import type { KeyedStore } from './keyed-store.ts';
import { leaseKey } from './keys.ts';
import { StoreError } from './store-error.ts';

export interface LeaseRecord {
  readonly owner: string;
  readonly until: number;
  /** How often it was renewed: no two of its values are the same, whatever the clock does. */
  readonly beat: number;
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

interface Sighting {
  readonly value: Uint8Array;
  readonly since: number;
}

/** What this process has last seen leases say, and since when. */
const sightings = new WeakMap<KeyedStore, Map<string, Sighting>>();

/**
 * Whether a lease was not renewed for a whole term, by what only goes forward: its holder is dead, also where the clock
 * was set back so far that the end of the lease is a long way off.
 */
function isAbandoned(keys: KeyedStore, name: string, value: Uint8Array, ticks: number, termMs: number): boolean {
  const seen = sightings.get(keys) ?? new Map<string, Sighting>();
  sightings.set(keys, seen);
  const last = seen.get(name);
  if (last !== undefined && Buffer.compare(last.value, value) === 0) return ticks - last.since >= termMs;
  seen.set(name, { value, since: ticks });
  return false;
}

/** Held while the work runs: `check` throws with code `busy` once the lease can no longer be counted on. */
export interface Lease {
  check(): void;
}

/** Does work that only one process at a time may do; rejects with code `busy` where another does it. */
export async function withLease<T>(
  keys: KeyedStore,
  name: string,
  { now, ticks }: Clock,
  work: (lease: Lease) => Promise<T>,
  { termMs, marginMs }: LeaseTerm = USUAL,
): Promise<T> {
  const key = leaseKey(name);
  const owner = randomUUID();
  const before = await keys.get(key);
  if (before !== undefined && isHeld(decodeJson<LeaseRecord>(before).until, now())) {
    if (!isAbandoned(keys, name, before, ticks(), termMs)) throw takenBy(name);
  }
  let beat = 0;
  let until = now() + termMs;
  let renewedAt = ticks();
  let value: Uint8Array = encodeJson({ owner, until, beat } satisfies LeaseRecord);
  if (!(await keys.commit({ checks: [{ key, value: before }], puts: [{ key, value }] }))) throw takenBy(name);

  async function renew(): Promise<void> {
    const next = now() + termMs;
    const since = ticks();
    const renewed = encodeJson({ owner, until: next, beat: (beat += 1) } satisfies LeaseRecord);
    const held = await keys.commit({ checks: [{ key, value }], puts: [{ key, value: renewed }] });
    if (held) [value, renewedAt] = [renewed, since];
    until = held ? next : -Infinity;
  }
  let renewing: Promise<void> = Promise.resolve();
  let isRenewing = false;
  const timer = setInterval(() => {
    // One that is slower than this would find the next one's value in place of its own, and take the lease for lost.
    if (isRenewing) return;
    isRenewing = true;
    // What fails to be renewed runs out, and the work ends at its next check.
    renewing = renew()
      .catch(() => {})
      .finally(() => (isRenewing = false));
  }, termMs / 4);
  timer.unref();
  try {
    return await work({
      check() {
        const isOld = now() > until - marginMs || ticks() - renewedAt > termMs - marginMs;
        if (isOld || !isHeld(until, now())) throw new StoreError('busy', `the ${name} lease ran out`);
      },
    });
  } finally {
    clearInterval(timer);
    await renewing;
    await keys.commit({ checks: [{ key, value }], deletes: [key] });
  }
}

export interface LeaseTurn {
  readonly term?: LeaseTerm;
  /** After this long the lease counts as `busy`. */
  readonly longestMs: number;
  /** Told again and again while another holds it. What it throws ends the wait. */
  readonly onWait?: (() => void) | undefined;
}

const POLL_MS = 100;

/** The same once nobody else does it, within a limit. */
export async function withLeaseInTurn<T>(
  keys: KeyedStore,
  name: string,
  clock: Clock,
  work: (lease: Lease) => Promise<T>,
  { term, longestMs, onWait }: LeaseTurn,
): Promise<T> {
  for (const began = clock.ticks(); ;) {
    let begun = false;
    function begin(lease: Lease): Promise<T> {
      begun = true;
      return work(lease);
    }
    try {
      return await withLease(keys, name, clock, begin, term);
    } catch (error) {
      const isTaken = !begun && error instanceof StoreError && error.code === 'busy';
      if (!isTaken || clock.ticks() - began >= longestMs) throw error;
    }
    onWait?.();
    await sleep(POLL_MS);
  }
}

function takenBy(name: string): StoreError {
  return new StoreError('busy', `another ${name} is running, or ended without a word less than a minute ago`);
}
