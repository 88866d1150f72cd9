import type { BlobStore } from '../store/blob-store.ts';
import type { Located } from '../store/content-record.ts';
import type { Entry, KeyedStore } from '../store/keyed-store.ts';
import { StoreError } from '../store/store-error.ts';
import { verified } from '../store/verified.ts';
import { Changes } from './changes.ts';
import { blobsOf, MISSING, smallEntry, smallOf, WRONG, wrongWith, type Damaged } from './content.ts';
import { eachAtOnce } from '../encoding/each-at-once.ts';
import { MoveError } from './move-error.ts';
import type { HeldNote } from './note.ts';
import { namesIn, smallIn, type Origin } from './origin.ts';
import { paired } from './paired.ts';

/** Each holds a few pieces in memory. */
const BLOBS_AT_ONCE = 4;
const MAX_ROUNDS = 5;

export type OnProgress = (doing: string, done: number, of: number | undefined) => void;

export interface Filling {
  readonly origin: Origin;
  readonly keys: KeyedStore;
  /** Undefined where blobs stay where they are. */
  readonly blobs: BlobStore | undefined;
  /** Nothing was there before, so that nothing has to be looked for. */
  readonly fresh: boolean;
  /** Undefined where the keys stay where they are. */
  readonly held: HeldNote | undefined;
  readonly breathe: () => Promise<void> | undefined;
  readonly onProgress?: OnProgress | undefined;
  /** Told once of each. */
  readonly onDamaged?: ((damaged: Damaged) => void) | undefined;
}

/** What was moved. */
export interface Filled {
  keys: number;
  keyBytes: number;
  blobs: number;
  blobBytes: number;
  /** Of the blobs, those that had to be written. */
  written: number;
  readonly damaged: Damaged[];
}

/**
 * Makes a store what the origin is, whatever part of it is there already; bytes go first. What is damaged is named and left
 * out, so that whoever has it can bring it again; all else arrives. `compare` goes through everything once more, until both are
 * found to be alike.
 */
export async function fill(filling: Filling, compare: boolean): Promise<Filled> {
  const damaged = new Map<string, Damaged>();
  const told: Filling = {
    ...filling,
    onDamaged(found) {
      if (!damaged.has(found.content)) filling.onDamaged?.(found);
      damaged.set(found.content, found);
    },
  };
  const first = await fillBlobs(told);
  const { changed: _changed, ...all } = await fillKeys(told, 'keys', undefined);
  const filled = { ...all, ...first, damaged: [] };
  return { ...(compare ? await settle(told, filled) : filled), damaged: [...damaged.values()] };
}

/** Compares, and mends what differs, until nothing does. */
async function settle(filling: Filling, { written, ...filled }: Filled): Promise<Filled> {
  for (let round = 1; round < MAX_ROUNDS; round += 1) {
    const { changed, ...all } = await fillKeys(filling, 'keys compared', filled.keys);
    if (changed === 0) return { ...filled, ...all, written };
    const blobs = await fillBlobs({ ...filling, fresh: false });
    filled = { ...filled, ...blobs };
    written += blobs.written;
  }
  throw new MoveError('changing', 'the source was changed again and again meanwhile');
}

interface FilledBlobs {
  readonly blobs: number;
  readonly blobBytes: number;
  readonly written: number;
}

export async function fillBlobs({
  origin,
  blobs,
  fresh,
  breathe,
  onProgress,
  onDamaged,
}: Filling): Promise<FilledBlobs> {
  let [done, bytes, written] = [0, 0, 0];
  if (blobs === undefined) return { blobs: done, blobBytes: bytes, written };
  const total = onProgress === undefined ? undefined : await countBlobs(origin, breathe);
  await eachAtOnce(BLOBS_AT_ONCE, blobsOf(origin), async (located) => {
    await breathe();
    if (fresh || !(await isThere(blobs, located))) {
      const what = await moveBlob(origin, located, blobs);
      if (what === undefined) written += 1;
      else onDamaged?.({ content: located.content, what });
    }
    done += 1;
    bytes += located.size;
    onProgress?.('blobs', done, total);
  });
  return { blobs: done, blobBytes: bytes, written };
}

/** A blob that is there was compared with its digest on its way. How long a zlib stream is, no name says. */
async function isThere(blobs: BlobStore, { content, size, encoding }: Located): Promise<boolean> {
  const stored = await blobs.stat(content);
  return stored !== undefined && (encoding === 'zlib' || stored.size === size);
}

/** Answers what is wrong with the blob at its origin, or undefined. */
export async function moveBlob(
  origin: Pick<Origin, 'readBlob'>,
  located: Located,
  blobs: Pick<BlobStore, 'write'>,
): Promise<string | undefined> {
  let what: string | undefined;
  async function* source(): AsyncGenerator<Uint8Array> {
    try {
      yield* verified(origin.readBlob(located), located);
    } catch (error) {
      if (error instanceof StoreError && error.code === 'missing') what = MISSING;
      else if (error instanceof StoreError && error.code === 'damaged') what = WRONG;
      else throw new Error(`${located.content} cannot be read: ${messageOf(error)}`, { cause: error });
      throw error;
    }
  }
  try {
    await blobs.write(located.content, source());
    return undefined;
  } catch (error) {
    if (what !== undefined) return what;
    throw error;
  }
}

interface FilledKeys {
  readonly keys: number;
  readonly keyBytes: number;
  readonly changed: number;
}

async function fillKeys(filling: Filling, doing: string, total: number | undefined): Promise<FilledKeys> {
  const { origin, keys, breathe, onProgress, onDamaged } = filling;
  const changes = new Changes(keys, filling.held);
  let [count, bytes] = [0, 0];

  async function make(entry: Entry | undefined, present: Entry | undefined): Promise<void> {
    if (entry === undefined) {
      if (present !== undefined) await changes.delete(present.key);
      return;
    }
    count += 1;
    bytes += entry.key.length + entry.value.length;
    onProgress?.(doing, count, total);
    if (!isSame(entry, present)) await changes.put(entry);
  }

  for await (const { left, right } of paired(origin.names(), namesIn(keys))) {
    await breathe();
    await make(left, right);
  }
  for await (const { left, right } of paired(soundSmall(filling), smallIn(keys))) {
    await breathe();
    await make(left, right);
  }
  await changes.end();
  return { keys: count, keyBytes: bytes, changed: changes.count };

  /** Small content whose bytes are what they should be. */
  async function* soundSmall({ origin }: Filling): AsyncGenerator<Entry> {
    for await (const small of smallOf(origin)) {
      const wrong = wrongWith(small);
      const entry = smallEntry(small);
      if (wrong !== undefined) onDamaged?.(wrong);
      else if (entry !== undefined) yield entry;
    }
  }
}

function isSame({ value }: Entry, present: Entry | undefined): boolean {
  return present !== undefined && Buffer.compare(value, present.value) === 0;
}

async function countBlobs(origin: Origin, breathe: () => Promise<void> | undefined): Promise<number> {
  let count = 0;
  for await (const _located of blobsOf(origin)) {
    await breathe();
    count += 1;
  }
  return count;
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
