import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { systemClock } from './clock.ts';
import { decodeJson } from './json-value.ts';
import { entriesOf, type KeyedStore } from './keyed-store.ts';
import { servingLeases } from './key-ranges.ts';
import { isHeld, withLease, type Lease, type LeaseRecord } from './lease.ts';

/** How often a server looks whether its lease is still its own. */
const LOOK_MS = 10_000;

/** A server that has said that it runs. */
export interface Presence {
  leave(): Promise<void>;
}

/**
 * Says in the store that a server runs, by a lease of its own that it renews, so that nobody moves the store away from under
 * it. A store that takes no writes can still be served, so what goes wrong with the lease is no reason not to run.
 */
export async function announceServer(keys: KeyedStore, now: () => number): Promise<Presence> {
  await forgetLost(keys, now).catch(ignore);
  const ending = new AbortController();
  let held: Promise<void> = Promise.resolve();
  await new Promise<void>((begun) => {
    async function serving(lease: Lease): Promise<void> {
      begun();
      while (await isToGoOn(ending.signal)) lease.check();
    }
    async function announce(): Promise<void> {
      // A lease that could not be had, or was lost while the store was out of reach, is asked for again.
      do {
        await withLease(keys, `serving ${randomUUID()}`, { ...systemClock, now }, serving).catch(ignore);
        begun();
      } while (await isToGoOn(ending.signal));
    }
    held = announce();
  });
  return {
    leave() {
      ending.abort();
      return held;
    },
  };
}

/** Waits for a while; false where it is over. */
async function isToGoOn(ended: AbortSignal): Promise<boolean> {
  await sleep(LOOK_MS, undefined, { signal: ended, ref: false }).catch(ignore);
  return !ended.aborted;
}

/** How many servers run on the store, or did less than a minute ago and ended without a word. */
export async function countServers(keys: KeyedStore, now: () => number): Promise<number> {
  let count = 0;
  for await (const { value } of entriesOf(keys, servingLeases)) {
    if (isHeld(decodeJson<LeaseRecord>(value).until, now())) count += 1;
  }
  return count;
}

/** What servers left that ended without a word. */
async function forgetLost(keys: KeyedStore, now: () => number): Promise<void> {
  for await (const entry of entriesOf(keys, servingLeases)) {
    if (isHeld(decodeJson<LeaseRecord>(entry.value).until, now())) continue;
    await keys.commit({ checks: [entry], deletes: [entry.key] });
  }
}

function ignore(): void {}
