import type { Sha256 } from '../encoding/digest.ts';
import type { Erasure } from '../snapshot/erasures.ts';
import { objectsOfRun, type RunObjects } from '../snapshot/objects-of-run.ts';
import { SnapshotError, type SnapshotErrorCode } from '../snapshot/snapshot-error.ts';
import { Snapshot } from '../snapshot/snapshot.ts';
import { decodeJson, encodeJson } from '../store/json-value.ts';
import type { KeyedStore } from '../store/keyed-store.ts';
import { publicationKey } from '../store/keys.ts';
import { KeptObjects } from './kept-objects.ts';
import { forget, readHistory, readState, type PublishedSnapshot } from './publication-state.ts';
import { removeHeld } from './remove-held.ts';
import type { Renderer } from './renderer.ts';
import type { Target } from './target.ts';

export interface ErasedRunsParts {
  readonly keys: KeyedStore;
  readonly target: Target;
  readonly renderer: Renderer;
  /** Runs that entries from one place up to another say were erased. */
  readonly erasures: (from: number, to: number) => Promise<readonly Erasure[]>;
  /** Throws when nobody waits for it any more. */
  readonly goOn: () => void;
  /** Does what is done under the publisher's lease; `check` throws when that has run out. */
  readonly leased: <T>(work: (check: () => void) => Promise<T>) => Promise<T>;
}

/** Up to which entry erasures were looked for. */
interface Looked {
  readonly to: number;
}

const KEY = publicationKey('erasures');

/** Whether something was published since erased runs were last looked for. */
export async function isToLook(keys: KeyedStore): Promise<boolean> {
  const { state } = await readState(keys);
  return (state.live?.size ?? 0) > (await lookedTo(keys));
}

/**
 * Takes away from the target what earlier snapshots show of runs that the live one says were erased, and forgets those
 * snapshots: they would be kept for the grace period, and what they show with them. What is to go is found beside
 * publications, and taken away under the publisher's lease. What it may die in the middle of is found again: the media
 * of all go first, and last of all go the pages that lead to them, since a page leads to other runs as well. Returns how
 * many objects are gone; undefined where the live snapshot is to be replaced first. A snapshot that is damaged holds up
 * no other; what it shows is not known, which is told in the end.
 */
export async function removeErased(parts: ErasedRunsParts): Promise<number | undefined> {
  const { keys, target, leased } = parts;
  const [live, ...earlier] = await readHistory(keys);
  const from = await lookedTo(keys);
  if (live === undefined || live.size <= from) return 0;
  const erasures = await parts.erasures(from, live.size);
  const { showing, torn, damage } = await snapshotsShowing(parts, erasures, earlier, live);
  const spared = new KeptObjects(target, parts.renderer);
  const hasMedia = showing.some(({ media }) => media.length > 0);
  if (hasMedia && !(await isSpared(parts, spared, live))) return undefined;
  const documents = showing.map(({ document }) => document);
  const pages = showing.map(({ page }) => page);
  const gone = await leased(async (check) => {
    if (!(await isStillGood(parts, live, hasMedia ? spared : undefined, check))) return undefined;
    const gone = new Set<Sha256>();
    const media = showing.flatMap((one) => one.media).filter((one) => !spared.has(one));
    for (const digest of [...media, ...documents, ...pages]) {
      if (!gone.has(digest)) await removeHeld({ keys, target, check }, digest);
      gone.add(digest);
    }
    await forget(
      keys,
      earlier.filter(({ snapshot }) => torn.has(snapshot)),
    );
    return gone.size;
  });
  if (gone === undefined) return undefined;
  if (damage !== undefined) throw damage;
  await keys.commit({ puts: [{ key: KEY, value: encodeJson({ to: live.size } satisfies Looked) }] });
  return gone;
}

/**
 * Whether nobody has rolled back since to what shows the runs. What was published meanwhile is spared as well: it may show
 * media that the live snapshot of then had not.
 */
async function isStillGood(
  { keys }: ErasedRunsParts,
  live: PublishedSnapshot,
  spared: KeptObjects | undefined,
  check: () => void,
): Promise<boolean> {
  const since = (await readHistory(keys)).filter(({ publication }) => publication > live.publication);
  if (since.some(({ size }) => size < live.size)) return false;
  return spared === undefined || spared.add(since, check);
}

/** Nobody can be led back to what is gone. */
const GONE: ReadonlySet<SnapshotErrorCode> = new Set(['object-missing', 'snapshot-unknown']);

interface Showing {
  readonly showing: readonly RunObjects[];
  /** The snapshots that show something, or did until a part of them was taken away. */
  readonly torn: ReadonlySet<Sha256>;
  /** The first snapshot that could not be read says so. */
  readonly damage: SnapshotError | undefined;
}

async function snapshotsShowing(
  { target, goOn }: ErasedRunsParts,
  erasures: readonly Erasure[],
  earlier: readonly PublishedSnapshot[],
  live: PublishedSnapshot,
): Promise<Showing> {
  const showing: RunObjects[] = [];
  const torn = new Set<Sha256>();
  let damage: SnapshotError | undefined;
  const sizes = new Map(earlier.filter((one) => one.snapshot !== live.snapshot).map((one) => [one.snapshot, one.size]));
  for (const [id, size] of sizes) {
    let snapshot: Snapshot | undefined;
    let wrong: SnapshotError | undefined;
    let isTorn = false;
    const shown: RunObjects[] = [];
    for (const erasure of erasures.filter(({ index }) => index >= size)) {
      goOn();
      try {
        snapshot ??= await Snapshot.open(target, id);
        const objects = await objectsOfRun(snapshot, erasure.id);
        if (objects !== undefined) shown.push(objects);
      } catch (error) {
        if (!(error instanceof SnapshotError)) throw error;
        if (GONE.has(error.code)) isTorn = true;
        else wrong ??= error;
      }
    }
    damage ??= wrong;
    // Of one that is damaged nothing is taken away that may lead to what it also shows.
    if (wrong !== undefined) continue;
    showing.push(...shown);
    if (isTorn || shown.length > 0) torn.add(id);
  }
  return { showing, torn, damage };
}

/**
 * Notes what the live snapshot consists of: other runs may show the same media, and versions have the same files. False where
 * the next snapshot is another one of these entries, since a run was erased that it still shows; that one is waited for.
 */
async function isSpared(
  { renderer, goOn }: ErasedRunsParts,
  spared: KeptObjects,
  live: PublishedSnapshot,
): Promise<boolean> {
  return (await spared.add([live], goOn)) || (await renderer.size()) <= live.size;
}

async function lookedTo(keys: KeyedStore): Promise<number> {
  const value = await keys.get(KEY);
  return value === undefined ? 0 : decodeJson<Looked>(value).to;
}
