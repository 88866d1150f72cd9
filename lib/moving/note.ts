import { randomUUID } from 'node:crypto';
import type { Sha256 } from '../encoding/digest.ts';
import type { BlobStore } from '../store/blob-store.ts';
import { decodeJson, encodeJson } from '../store/json-value.ts';
import type { Entry, KeyedStore } from '../store/keyed-store.ts';
import { everyKey } from '../store/key-ranges.ts';
import { movingKey } from '../store/keys.ts';
import type { MoveMark } from '../store/move-mark.ts';
import { MoveError } from './move-error.ts';

/** What is being moved into a store, under a key of its own as long as it is not all there: nobody may serve it till then. */
export interface MoveNote {
  readonly what: 'copy' | 'restore';
  /** What it comes from, as people may see it. */
  readonly from: string;
  /**
   * Which store or backup that is. Only the same may go on, and names of machines and folders do not tell: they change, and others have
   * the same. Absent where nothing but the name tells.
   */
  readonly source?: string | undefined;
  /** Where its blobs go, as people may see it. */
  readonly into: string;
  readonly begun: string;
  /** The same in all tries of a move, and in the mark where its blobs go. */
  readonly id?: string;
  /** Of the try that is under way: an earlier one that still runs finds another, and stops. */
  readonly holder?: string;
}

/** What lies where blobs are moved to, as long as they are not all there. */
interface BlobsMark extends Pick<MoveNote, 'what' | 'from' | 'begun'> {
  readonly id: string;
}

/** The note as the try has put it down. It checks in all its commits that it still says so. */
export type HeldNote = Entry;

/** Where something is moved to. */
export interface MoveTarget {
  readonly keys: KeyedStore;
  /** Undefined where blobs stay where they are. */
  readonly blobs: (BlobStore & MoveMark) | undefined;
}

/** Throws where a move into the store has not ended: into its keys, or into the place of its blobs alone. */
export async function requireWhole(keys: KeyedStore, blobs?: MoveMark): Promise<void> {
  const value = (await keys.get(movingKey)) ?? (await blobs?.readMark());
  if (value === undefined) return;
  const { what, from, begun } = decodeJson<MoveNote | BlobsMark>(value);
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
  { keys, blobs }: MoveTarget,
  note: MoveNote,
): Promise<{ readonly fresh: boolean; readonly held: HeldNote }> {
  const { what, from, begun } = note;
  const found = await keys.get(movingKey);
  const before = found === undefined ? undefined : decodeJson<MoveNote>(found);
  const id = before?.id ?? randomUUID();
  if (before === undefined) await requireEmpty(keys, blobs, id);
  else if (!isSame(before, note) || !(await isSamePlace(before, note, blobs))) throw otherMove(before, note);
  const held = { key: movingKey, value: encodeJson({ ...note, id, holder: randomUUID() } satisfies MoveNote) };
  if (!(await keys.commit({ checks: [{ key: movingKey, value: found }], puts: [held] }))) throw takenOver();
  if (blobs !== undefined) await mark(blobs, { what, from, begun, id });
  return { fresh: before === undefined, held };
}

/** From here on the store may be served. */
export async function endMove({ keys, blobs }: MoveTarget, held: HeldNote): Promise<void> {
  const now = await keys.get(movingKey);
  if (now === undefined || Buffer.compare(now, held.value) !== 0) throw takenOver();
  // The note goes last: with it alone, the same move can go on.
  await blobs?.removeMark();
  if (!(await keys.commit({ checks: [held], deletes: [movingKey] }))) throw takenOver();
}

/**
 * Marks a place to which blobs alone are moved, whose keys stay where they are. What lies there has to be of an earlier try: the mark
 * says so, or the store knows all of it. Returns whether nothing was there.
 */
export async function beginBlobs(
  blobs: BlobStore & MoveMark,
  note: MoveNote,
  isKnown: (digest: Sha256) => Promise<boolean>,
): Promise<boolean> {
  const { what, from, begun, source = from } = note;
  const isFresh = await requireOwn(blobs, source, isKnown);
  await mark(blobs, { what, from, begun, id: source });
  return isFresh;
}

export function takenOver(): MoveError {
  return new MoveError('in-use', 'somebody else moves something into this store by now; this try changes nothing more');
}

async function requireEmpty(keys: KeyedStore, blobs: MoveTarget['blobs'], id: string): Promise<void> {
  const some = await keys.list({ ...everyKey, limit: 1 });
  if (some.length > 0) throw new MoveError('not-empty', 'the store is not empty: it has keys of its own');
  if (blobs !== undefined) await requireOwn(blobs, id, () => false);
}

function isSame(before: MoveNote, note: MoveNote): boolean {
  if (before.what !== note.what) return false;
  if (before.source !== undefined && note.source !== undefined) return before.source === note.source;
  return before.from === note.from;
}

/** By the mark, where the name of the place is another by now; an earlier try may have died before it came to its mark. */
async function isSamePlace(before: MoveNote, note: MoveNote, blobs: MoveTarget['blobs']): Promise<boolean> {
  if (blobs === undefined || before.into === note.into) return true;
  const found = await blobs.readMark();
  return found !== undefined && decodeJson<BlobsMark>(found).id === before.id;
}

function otherMove(before: MoveNote, note: MoveNote): MoveError {
  return new MoveError(
    'not-empty',
    `a ${before.what} of ${before.from} into this store, with blobs in ${before.into}, was begun ${before.begun}; ` +
      `this is a ${note.what} of ${note.from}, with blobs in ${note.into}; end that one first, or name another target`,
  );
}

/** Throws where the place is not this move's: what is without a mark may only hold what is known. Returns whether it is empty. */
async function requireOwn(
  blobs: BlobStore & MoveMark,
  id: string,
  isKnown: (digest: Sha256) => boolean | Promise<boolean>,
): Promise<boolean> {
  const found = await blobs.readMark();
  if (found !== undefined) {
    refuseOther(found, id);
    return false;
  }
  let isEmpty = true;
  for await (const { digest } of blobs.list()) {
    if (!(await isKnown(digest))) {
      throw new MoveError(
        'not-empty',
        `the place for blobs is not empty: it has ${digest}, which is not of this store`,
      );
    }
    isEmpty = false;
  }
  return isEmpty;
}

async function mark(blobs: MoveMark, record: BlobsMark): Promise<void> {
  if (await blobs.makeMark(encodeJson(record))) return;
  const found = await blobs.readMark();
  if (found !== undefined) refuseOther(found, record.id);
}

function refuseOther(mark: Uint8Array, id: string): void {
  const { id: other, what, from, begun } = decodeJson<BlobsMark>(mark);
  if (other === id) return;
  throw new MoveError(
    'not-empty',
    `the place for blobs is that of another move, a ${what} of ${from}, begun ${begun}; end that one first, or name another place`,
  );
}
