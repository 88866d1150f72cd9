import type { BlobStore } from '../store/blob-store.ts';
import { contentKey } from '../store/keys.ts';
import type { KeyedStore } from '../store/keyed-store.ts';
import { countServers } from '../store/presence.ts';
import type { Damaged } from './content.ts';
import { countUploads, describeLog, type LogIdentity } from './describe-store.ts';
import { fill, fillBlobs, type Filled, type Filling, type OnProgress } from './fill.ts';
import { MoveError } from './move-error.ts';
import { beginMove, endMove, type HeldNote } from './note.ts';
import { storeOrigin } from './origin.ts';
import { withoutCollection } from './without-collection.ts';

/** A store, and how people may see where it is. */
export interface Place {
  readonly keys: KeyedStore;
  readonly blobs: BlobStore;
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
  if (!ahead) await refuseServers(from.keys, now);
  const onWait = (): void => options.onProgress?.('waiting for a garbage collection to end', 0, undefined);
  const copy = async (): Promise<CopyReport> => {
    const { held, ...filled } = from.keys === to.keys ? await copyBlobs(options) : await copyKeys(options);
    if (!ahead) {
      await refuseServers(from.keys, now);
      if (held !== undefined) await endMove(to.keys, held);
    }
    return { ...filled, ended: !ahead, uploads: await countUploads(from.keys), log: await describeLog(from.keys) };
  };
  return withoutCollection(from.keys, now, copy, onWait);
}

type Copied = Filled & { readonly held?: HeldNote };

async function copyKeys(options: CopyOptions): Promise<Copied> {
  const { from, to, now } = options;
  const staying = from.blobs === to.blobs;
  const note = { what: 'copy', from: from.name, into: to.blobsName, begun: new Date(now()).toISOString() } as const;
  const { fresh, held } = await beginMove({ keys: to.keys, blobs: staying ? undefined : to.blobs }, note);
  const into = { ...filling(options, fresh), held, blobs: staying ? undefined : to.blobs };
  return { ...(await fill(into, options.ahead !== true)), held };
}

/** The keys stay, so that they tell what else may be where the blobs go: what an earlier try has copied. */
async function copyBlobs(options: CopyOptions): Promise<Copied> {
  const { from, to, breathe } = options;
  let fresh = true;
  for await (const { digest } of to.blobs.list()) {
    await breathe();
    if ((await from.keys.get(contentKey(digest))) === undefined) {
      throw new MoveError('not-empty', `the place for blobs has some that are not of this store: ${digest}`);
    }
    fresh = false;
  }
  const damaged: Damaged[] = [];
  const onDamaged = (found: Damaged): void => {
    damaged.push(found);
    options.onDamaged?.(found);
  };
  const filled = await fillBlobs({ ...filling(options, fresh), onDamaged });
  return { keys: 0, keyBytes: 0, ...filled, damaged };
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
