import type { Sha256 } from '../encoding/digest.ts';
import type { Erasure } from '../snapshot/erasures.ts';
import { objectsOfRun, type RunObjects } from '../snapshot/objects-of-run.ts';
import { SnapshotError, type SnapshotErrorCode } from '../snapshot/snapshot-error.ts';
import { Snapshot } from '../snapshot/snapshot.ts';
import { decodeJson, encodeJson } from '../store/json-value.ts';
import type { KeyedStore } from '../store/keyed-store.ts';
import { publicationKey } from '../store/keys.ts';
import { changeState, readState, type PublishedSnapshot } from './publication-state.ts';
import type { Renderer } from './renderer.ts';
import type { Target } from './target.ts';

export interface ErasedRunsParts {
  readonly keys: KeyedStore;
  readonly target: Target;
  readonly renderer: Renderer;
  /** Runs that entries from one place up to another say were erased. */
  readonly erasures: (from: number, to: number) => Promise<readonly Erasure[]>;
  /** Throws when the publisher's lease has run out. */
  readonly check: () => void;
}

/** Up to which entry erasures were looked for. */
interface Looked {
  readonly to: number;
}

const KEY = publicationKey('erasures');

/** Whether something was published since erased runs were last looked for. */
export async function isToLook(keys: KeyedStore): Promise<boolean> {
  const { state } = await readState(keys);
  return (state.history[0]?.size ?? 0) > (await lookedTo(keys));
}

/**
 * Takes away from the target what earlier snapshots show of runs that the live one says were erased, and forgets those
 * snapshots: they would be kept for the grace period, and what they show with them. Under the publisher's lease. What it
 * may die in the middle of is found again: the media of all go first, and last of all go the pages that lead to them,
 * since a page leads to other runs as well. Returns how many objects are gone; undefined where the live snapshot is to be
 * replaced first. A snapshot that is damaged holds up no other; what it shows is not known, which is told in the end.
 */
export async function removeErased(parts: ErasedRunsParts): Promise<number | undefined> {
  const { keys } = parts;
  const [live, ...earlier] = (await readState(keys)).state.history;
  const from = await lookedTo(keys);
  if (live === undefined || live.size <= from) return 0;
  const erasures = await parts.erasures(from, live.size);
  const { showing, torn, damage } = await snapshotsShowing(parts, erasures, earlier, live);
  const spared = showing.some(({ media }) => media.length > 0) ? await objectsOfLive(parts, live) : NONE;
  if (spared === undefined) return undefined;
  const gone = new Set<Sha256>();
  const media = showing.flatMap((one) => one.media).filter((one) => !spared.has(one));
  const documents = showing.map(({ document }) => document);
  const pages = showing.map(({ page }) => page);
  for (const digest of [...media, ...documents, ...pages]) {
    parts.check();
    if (!gone.has(digest)) await parts.target.remove(digest);
    gone.add(digest);
  }
  if (torn.size > 0)
    await changeState(keys, ({ history, ...rest }) => ({
      ...rest,
      history: history.filter(({ snapshot }, at) => at === 0 || !torn.has(snapshot)),
    }));
  if (damage !== undefined) throw damage;
  await keys.commit({ puts: [{ key: KEY, value: encodeJson({ to: live.size } satisfies Looked) }] });
  return gone.size;
}

const NONE: ReadonlySet<Sha256> = new Set();

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
  { target, check }: ErasedRunsParts,
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
      check();
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
 * What the live snapshot consists of: other runs may show the same media, and versions have the same files. Undefined where
 * the next snapshot is another one of these entries, since a run was erased that it still shows; that one is waited for.
 */
async function objectsOfLive(
  { renderer, check }: ErasedRunsParts,
  { size, snapshot }: PublishedSnapshot,
): Promise<ReadonlySet<Sha256> | undefined> {
  const objects = new Set<Sha256>();
  const id = await renderer.render(size, undefined, {
    write: async ({ digest }) => {
      check();
      objects.add(digest);
    },
  });
  return id === snapshot || (await renderer.size()) <= size ? objects : undefined;
}

async function lookedTo(keys: KeyedStore): Promise<number> {
  const value = await keys.get(KEY);
  return value === undefined ? 0 : decodeJson<Looked>(value).to;
}
