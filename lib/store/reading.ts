import { randomUUID } from 'node:crypto';
import { decodeJson, encodeJson } from './json-value.ts';
import { entriesOf, type KeyedStore } from './keyed-store.ts';
import { readingLeases } from './key-ranges.ts';
import { leaseKey } from './keys.ts';
import { isHeld } from './lease.ts';

/** Most reading is over before, and costs no write. */
const FIRST_MS = 2000;
const RENEW_MS = 15_000;
const TERM_MS = 60_000;

interface ReadingRecord {
  readonly since: number;
  readonly until: number;
}

/**
 * Passes on what is read of a family. Where that takes long, the store says so meanwhile, so that nothing is removed which
 * was there when it began. A note that cannot be written keeps nobody from reading.
 */
export async function* toldWhileRead<T>(
  keys: KeyedStore,
  family: string,
  source: AsyncIterable<T>,
  now: () => number = Date.now,
): AsyncGenerator<T> {
  const key = leaseKey(`reading ${family} ${randomUUID()}`);
  const since = now();
  let writing: Promise<unknown> | undefined;
  const tell = (): void => {
    const value = encodeJson({ since, until: now() + TERM_MS } satisfies ReadingRecord);
    writing = (writing ?? Promise.resolve()).then(() => keys.commit({ puts: [{ key, value }] })).catch(() => {});
    timer = setTimeout(tell, RENEW_MS).unref();
  };
  let timer = setTimeout(tell, FIRST_MS).unref();
  try {
    yield* source;
  } finally {
    clearTimeout(timer);
    if (writing !== undefined) await writing.then(() => keys.commit({ deletes: [key] })).catch(() => {});
  }
}

/** When the longest reading of a family that is under way began; Infinity where there is none. Forgets what the dead have left. */
export async function readSince(keys: KeyedStore, family: string, now: number): Promise<number> {
  let oldest = Infinity;
  for await (const entry of entriesOf(keys, readingLeases(family))) {
    const { since, until } = decodeJson<ReadingRecord>(entry.value);
    if (isHeld(until, now)) oldest = Math.min(oldest, since);
    else await keys.commit({ checks: [entry], deletes: [entry.key] });
  }
  return oldest;
}
