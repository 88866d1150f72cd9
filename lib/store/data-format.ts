import type { Clock } from './clock.ts';
import { decodeJson, encodeJson } from './json-value.ts';
import type { KeyedStore } from './keyed-store.ts';
import { everyKey, formatKey } from './keys.ts';
import { withLeaseInTurn, type Lease } from './lease.ts';
import { separateSnapshots } from './separate-snapshots.ts';
import { StoreError } from './store-error.ts';

/**
 * One step from a format to the next. It may die anywhere and is then done again from its beginning, so it must find what it
 * has done already as good as what it has yet to do.
 */
export type FormatStep = (keys: KeyedStore) => Promise<void>;

/**
 * From format 2 to 3: versions are removed from here on. Nothing that is there changes; but who does not know of it would send
 * histories with holes, and give names again that were taken away.
 */
const letVersionsBeRemoved: FormatStep = () => Promise.resolve();

/** The steps from each format to the next, the first from format 1. What was released is never changed, only added to. */
const STEPS: readonly FormatStep[] = [separateSnapshots, letVersionsBeRemoved];

/** The format of what this program keeps: of all keys, their values, and the files that they name. */
export const DATA_FORMAT: number = STEPS.length + 1;

/** Stores that are older than the key that says their format have the first one. */
const FIRST = 1;

/** Longer than a lease of one that died. */
const LONGEST_WAIT_MS = 10 * 60_000;

interface FormatRecord {
  readonly format: number;
}

export interface Formats {
  readonly clock: Clock;
  readonly steps?: readonly FormatStep[];
  /** Told after each step. */
  readonly onStep?: (format: number) => Promise<void> | void;
  /** Told again and again while another server is at it. What it throws ends the wait. */
  readonly onWait?: (() => void) | undefined;
  readonly longestWaitMs?: number;
}

/** The format of a store, whether or not this program knows it. */
export async function formatOf(keys: KeyedStore): Promise<number> {
  return decodeFormat(await keys.get(formatKey));
}

/** What the value says under the format's key; of an older store there is none. */
export function decodeFormat(value: Uint8Array | undefined): number {
  return value === undefined ? FIRST : decodeJson<FormatRecord>(value).format;
}

/**
 * For who serves: brings the store to the format of this program. Where another server does, it waits for that, within a limit. Rejects
 * where a newer one wrote it.
 */
export async function bringForward(
  keys: KeyedStore,
  { clock, steps = STEPS, onStep, onWait, longestWaitMs = LONGEST_WAIT_MS }: Formats,
): Promise<void> {
  const newest = steps.length + 1;
  refuseNewer(await formatOf(keys), newest);
  if ((await keys.get(formatKey)) === undefined) await write(keys, undefined, (await isEmpty(keys)) ? newest : FIRST);
  if ((await formatOf(keys)) === newest) return;
  async function bring(lease: Lease): Promise<void> {
    // Whoever was waited for may have been a newer one.
    refuseNewer(await formatOf(keys), newest);
    for (let format = await formatOf(keys); format < newest; format += 1) {
      await steps[format - 1]!(keys);
      lease.check();
      await write(keys, format, format + 1);
      await onStep?.(format + 1);
    }
  }
  await withLeaseInTurn(keys, 'data format', clock, bring, { longestMs: longestWaitMs, onWait });
}

/** For who works on a store beside a server: that it has the format of this program. */
export async function requireFormat(
  keys: KeyedStore,
  newest: number = DATA_FORMAT,
  how = 'start its server once, which brings it forward',
): Promise<void> {
  const format = await formatOf(keys);
  refuseNewer(format, newest);
  if (format === newest) return;
  throw new StoreError('failed', `the data has format ${format}, and this Assay works with ${newest}; ${how}`);
}

/** A new store has nothing to bring forward. */
async function isEmpty(keys: KeyedStore): Promise<boolean> {
  return (await keys.list({ ...everyKey, limit: 1 })).length === 0;
}

/** For who brings data forward, or leaves that to a server. */
export function refuseNewer(format: number, newest: number = DATA_FORMAT): void {
  if (format <= newest) return;
  throw new StoreError(
    'failed',
    `the data was last used by a newer Assay (its format is ${format}, this one knows ${newest}); run that version or a later one`,
  );
}

/** Where somebody else was faster, that counts. */
async function write(keys: KeyedStore, from: number | undefined, format: number): Promise<void> {
  const value = from === undefined ? undefined : encodeJson({ format: from } satisfies FormatRecord);
  await keys.commit({
    checks: [{ key: formatKey, value }],
    puts: [{ key: formatKey, value: encodeJson({ format } satisfies FormatRecord) }],
  });
}
