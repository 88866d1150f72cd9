import type { BlobStore } from '../store/blob-store.ts';
import { contentKey } from '../store/keys.ts';
import { formatVerifierKey } from '../log/verifier-key.ts';
import type { KeyedStore } from '../store/keyed-store.ts';
import { requireFormat } from '../store/data-format.ts';
import type { MoveMark } from '../store/move-mark.ts';
import { countServers } from '../store/presence.ts';
import type { Damaged } from './content.ts';
import { countUploads, describeLog, keysOfLog, type LogIdentity } from './describe-store.ts';
import { fill, fillBlobs, type Filled, type Filling, type OnProgress } from './fill.ts';
import { MoveError } from './move-error.ts';
import { beginBlobs, beginMove, endMove, type MoveNote } from './note.ts';
import { storeOrigin } from './origin.ts';
import { withoutCollection } from './without-collection.ts';

/** A store, and how people may see where it is. */
export interface Place {
  readonly keys: KeyedStore;
  readonly blobs: BlobStore & MoveMark;
  readonly name: string;
  readonly blobsName: string;
}

export interface CopyOptions {
  readonly from: Place;
  /** Keys or blobs that are those of `from` stay where they are. */
  readonly to: Place;
  readonly now: () => number;
  /** Copies what there is while servers run; the copy has to be ended without this. */
  readonly ahead?: boolean;
  readonly breathe: () => Promise<void> | undefined;
  readonly onProgress?: OnProgress | undefined;
  readonly onDamaged?: (damaged: Damaged) => void;
}

export interface CopyReport extends Filled {
  /** Whether the target may be served. */
  readonly ended: boolean;
  /** Open uploads, which were left out. */
  readonly uploads: number;
  readonly log: LogIdentity | undefined;
}

/**
 * Copies a store into another. Begun again after a death at any moment, it goes on. No server may run on the source, or what it
 * acknowledges would be missing in the copy, and two stores would go on with one log. Garbage is not collected meanwhile.
 */
export async function copyStore(options: CopyOptions): Promise<CopyReport> {
  const { from, to, now, ahead = false } = options;
  if (from.keys === to.keys && from.blobs === to.blobs) {
    throw new MoveError('same-place', `there is nothing to copy: both are ${from.name}`);
  }
  await requireFormat(from.keys);
  if (!ahead) await refuseServers(from.keys, now);
  const onWait = (): void => options.onProgress?.('waiting for a garbage collection to end', 0, undefined);
  const copy = async (): Promise<CopyReport> => {
    const note = await noteOf(options);
    const { end, ...filled } = from.keys === to.keys ? await copyBlobs(options, note) : await copyKeys(options, note);
    if (!ahead) {
      await refuseServers(from.keys, now);
      await end();
    }
    return { ...filled, ended: !ahead, uploads: await countUploads(from.keys), log: await describeLog(from.keys) };
  };
  return withoutCollection(from.keys, now, copy, onWait);
}

async function noteOf({ from, to, now }: CopyOptions): Promise<MoveNote> {
  const [first] = await keysOfLog(from.keys);
  const source = first === undefined ? undefined : formatVerifierKey(first);
  return { what: 'copy', from: from.name, source, into: to.blobsName, begun: new Date(now()).toISOString() };
}

interface Copied extends Filled {
  /** From here on the target may be served. */
  readonly end: () => Promise<void>;
}

async function copyKeys(options: CopyOptions, note: MoveNote): Promise<Copied> {
  const { from, to } = options;
  const target = { keys: to.keys, blobs: from.blobs === to.blobs ? undefined : to.blobs };
  const { fresh, held } = await beginMove(target, note);
  const into = { ...filling(options, fresh), held, blobs: target.blobs };
  return { ...(await fill(into, options.ahead !== true)), end: () => endMove(target, held) };
}

/** The keys stay, so that they tell what else may be where the blobs go: what an earlier try has copied. */
async function copyBlobs(options: CopyOptions, note: MoveNote): Promise<Copied> {
  const { from, to, breathe } = options;
  const fresh = await beginBlobs(to.blobs, note, async (digest) => {
    await breathe();
    return (await from.keys.get(contentKey(digest))) !== undefined;
  });
  const damaged: Damaged[] = [];
  const onDamaged = (found: Damaged): void => {
    damaged.push(found);
    options.onDamaged?.(found);
  };
  const filled = await fillBlobs({ ...filling(options, fresh), onDamaged });
  return { keys: 0, keyBytes: 0, ...filled, damaged, end: () => to.blobs.removeMark() };
}

function filling({ from, to, breathe, onProgress, onDamaged }: CopyOptions, fresh: boolean): Filling {
  const origin = storeOrigin(from.keys, from.blobs);
  return { origin, keys: to.keys, blobs: to.blobs, fresh, held: undefined, breathe, onProgress, onDamaged };
}

async function refuseServers(keys: KeyedStore, now: () => number): Promise<void> {
  const servers = await countServers(keys, now);
  if (servers === 0) return;
  throw new MoveError(
    'in-use',
    `${servers === 1 ? 'a server runs' : `${servers} servers run`} on the source, or ended without a word less than a ` +
      'minute ago; stop it first, or copy ahead (--ahead) what is there so far',
  );
}
