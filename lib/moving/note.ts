import { randomUUID } from 'node:crypto';
import type { BlobStore } from '../store/blob-store.ts';
import { decodeJson, encodeJson } from '../store/json-value.ts';
import type { Entry, KeyedStore } from '../store/keyed-store.ts';
import { everyKey, movingKey } from '../store/keys.ts';
import { MoveError } from './move-error.ts';

/** What is being moved into a store, under a key of its own as long as it is not all there: nobody may serve it till then. */
export interface MoveNote {
  readonly what: 'copy' | 'restore';
  /** What it comes from, as people may see it. Only the same may go on. */
  readonly from: string;
  /** Where its blobs go, likewise. */
  readonly into: string;
  readonly begun: string;
  /** Of the try that is under way: an earlier one that still runs finds another, and stops. */
  readonly holder?: string;
}

/** The note as the try has put it down. It checks in all its commits that it still says so. */
export type HeldNote = Entry;

/** Throws where a move into the store has not ended. */
export async function requireWhole(keys: KeyedStore): Promise<void> {
  const value = await keys.get(movingKey);
  if (value === undefined) return;
  const { what, from, begun } = decodeJson<MoveNote>(value);
  const how = what === 'copy' ? 'assay copy' : 'assay restore';
  throw new MoveError(
    'not-whole',
    `the store is not all there: the ${what} of ${from} into it, begun ${begun}, has not ended; run ${how} again`,
  );
}

/**
 * Notes that something is moved into an empty store, or goes on with the same, in place of an earlier try. `fresh`: nothing was
 * there.
 */
export async function beginMove(
  { keys, blobs }: { readonly keys: KeyedStore; readonly blobs: BlobStore | undefined },
  note: MoveNote,
): Promise<{ readonly fresh: boolean; readonly held: HeldNote }> {
  const { what, from, into } = note;
  const held = { key: movingKey, value: encodeJson({ ...note, holder: randomUUID() } satisfies MoveNote) };
  const found = await keys.get(movingKey);
  if (found !== undefined) {
    const before = decodeJson<MoveNote>(found);
    if (before.what === what && before.from === from && before.into === into) {
      if (await keys.commit({ checks: [{ key: movingKey, value: found }], puts: [held] }))
        return { fresh: false, held };
      throw takenOver();
    }
    throw new MoveError(
      'not-empty',
      `a ${before.what} of ${before.from} into this store, with blobs in ${before.into}, was begun ${before.begun}; ` +
        `this is a ${what} of ${from}, with blobs in ${into}`,
    );
  }
  const some = await keys.list({ ...everyKey, limit: 1 });
  if (some.length > 0) throw new MoveError('not-empty', 'the store is not empty: it has keys of its own');
  if (blobs !== undefined) await requireNoBlobs(blobs);
  if (await keys.commit({ checks: [{ key: movingKey, value: undefined }], puts: [held] })) return { fresh: true, held };
  throw takenOver();
}

/** From here on the store may be served. */
export async function endMove(keys: KeyedStore, held: HeldNote): Promise<void> {
  if (!(await keys.commit({ checks: [held], deletes: [movingKey] }))) throw takenOver();
}

export function takenOver(): MoveError {
  return new MoveError('in-use', 'somebody else moves something into this store by now; this try changes nothing more');
}

async function requireNoBlobs(blobs: BlobStore): Promise<void> {
  for await (const { digest } of blobs.list()) {
    throw new MoveError('not-empty', `the place for blobs is not empty: it has ${digest}`);
  }
}
