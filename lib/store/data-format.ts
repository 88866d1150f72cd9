import { setTimeout as sleep } from 'node:timers/promises';
import type { Clock } from './clock.ts';
import { decodeJson, encodeJson } from './json-value.ts';
import type { KeyedStore } from './keyed-store.ts';
import { everyKey } from './key-ranges.ts';
import { formatKey } from './keys.ts';
import { withLeaseInTurn, type Lease } from './lease.ts';
import { countServers } from './presence.ts';
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
const LOOK_MS = 500;

/** What a server waits for before data has its format: that another has brought it forward, or that those end which could not read it then. */
export type FormatWait = 'another brings it forward' | 'servers run';

interface FormatRecord {
  readonly format: number;
}

export interface Formats {
  readonly clock: Clock;
  readonly steps?: readonly FormatStep[];
  /** Told after each step. */
  readonly onStep?: (format: number) => Promise<void> | void;
  /** Told again and again what is waited for. What it throws ends the wait. */
  readonly onWait?: ((what: FormatWait) => void) | undefined;
  readonly longestWaitMs?: number;
}

/** The format of a store, whether or not this program knows it. A new store, with nothing to bring forward, has the newest. */
export async function formatOf(keys: KeyedStore, newest: number = DATA_FORMAT): Promise<number> {
  const value = await keys.get(formatKey);
  return value === undefined && (await isEmpty(keys)) ? newest : decodeFormat(value);
}

/** What the value says under the format's key; of an older store there is none. */
export function decodeFormat(value: Uint8Array | undefined): number {
  return value === undefined ? FIRST : decodeJson<FormatRecord>(value).format;
}

/**
 * For who serves, before it says so: brings the store to the format of this program, once no server runs any more that knows only the
 * older one. Where another server does it, it waits for that; both within a limit. Rejects where a newer one wrote it.
 */
export async function bringForward(
  keys: KeyedStore,
  { clock, steps = STEPS, onStep, onWait, longestWaitMs = LONGEST_WAIT_MS }: Formats,
): Promise<void> {
  const newest = steps.length + 1;
  refuseNewer(await formatOf(keys, newest), newest);
  if ((await keys.get(formatKey)) === undefined) await write(keys, undefined, await formatOf(keys, newest));
  if ((await formatOf(keys, newest)) === newest) return;
  async function bring(lease: Lease): Promise<void> {
    // Whoever was waited for may have been a newer one.
    refuseNewer(await formatOf(keys), newest);
    if ((await formatOf(keys)) < newest) await untilNoneServes(keys, { clock, onWait, longestMs: longestWaitMs });
    for (let format = await formatOf(keys); format < newest; format += 1) {
      await steps[format - 1]!(keys);
      lease.check();
      await write(keys, format, format + 1);
      await onStep?.(format + 1);
    }
  }
  const turn = { longestMs: longestWaitMs, onWait: () => onWait?.('another brings it forward') };
  await withLeaseInTurn(keys, 'data format', clock, bring, turn);
}

async function untilNoneServes(
  keys: KeyedStore,
  { clock, onWait, longestMs }: Pick<Formats, 'clock' | 'onWait'> & { readonly longestMs: number },
): Promise<void> {
  for (const began = clock.ticks(); (await countServers(keys, clock.now)) > 0; await sleep(LOOK_MS)) {
    if (clock.ticks() - began < longestMs) onWait?.('servers run');
    else
      throw new StoreError(
        'busy',
        'servers run on this store that do not know the format of this one; stop them first',
      );
  }
}

/** For who works on a store beside a server: that it has the format of this program. */
export async function requireFormat(
  keys: KeyedStore,
  newest: number = DATA_FORMAT,
  how = 'start its server once, which brings it forward',
): Promise<void> {
  const format = await formatOf(keys, newest);
  refuseNewer(format, newest);
  if (format === newest) return;
  throw new StoreError('failed', `the data has format ${format}, and this Assay works with ${newest}; ${how}`);
}

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
