import { GitError } from '../git/error.ts';
import { StoredObjects } from '../git/stored/stored-objects.ts';
import { decodeStat } from '../git/stored/object-record.ts';
import { entriesOf } from '../store/keyed-store.ts';
import { gitObjectsOf, unreachedOf } from '../store/key-ranges.ts';
import { oidOfKey, tidinessKey } from '../store/keys.ts';
import { readSince } from '../store/reading.ts';
import { StoreError } from '../store/store-error.ts';
import { UnreadableRepository, type Collection } from './collection.ts';
import { GitReach } from './git-reach.ts';
import { GitRoots } from './git-roots.ts';
import { GitSweep } from './git-sweep.ts';
import { OidSet } from './oid-set.ts';
import { Marks, MarkWrites } from './unreached-marks.ts';

const TIDY = Buffer.from('tidy');

/**
 * Git objects of a family that no ref reaches, nor a layer that is made of them. What a run finds so is marked; what was
 * marked for the grace period goes, unless something reaches it that was not. A family in which everything is reached is not
 * looked at again before something leaves or loses its way there.
 */
export async function collectGitObjects(collection: Collection, family: string): Promise<void> {
  const { stores, registry, breathe, dryRun } = collection;
  const { keys } = stores;
  const tidy = await keys.get(tidinessKey(family));
  if (tidy !== undefined && TIDY.equals(tidy)) return;
  try {
    const objects = new StoredObjects(keys, registry.content, family);
    const reach = new GitReach(objects, breathe);
    const roots = new GitRoots(keys, objects, family, breathe);
    const look = await roots.look(reach);
    const { due, waiting } = await markUnreached(collection, family, reach);
    if (due.size > 0) await new GitSweep({ collection, family, objects, reach, roots }, look).run(due, waiting);
    if (due.size + waiting.size > 0 || roots.hasLooseLayer || dryRun === true) return;
    await keys.commit({ checks: [look.tidiness], puts: [{ key: tidinessKey(family), value: TIDY }] });
  } catch (error) {
    const isGone = error instanceof GitError && (error.code === 'object-missing' || error.code === 'bad-object');
    const isDamaged = error instanceof StoreError && (error.code === 'missing' || error.code === 'damaged');
    throw isGone || isDamaged ? new UnreadableRepository(error.message, error) : error;
  }
}

interface Unreached {
  /** Marked for as long as the grace period. */
  readonly due: OidSet;
  readonly waiting: OidSet;
}

/** Marks what is not reached, and takes the mark off what is. Both lie in the order of their ids. */
async function markUnreached(collection: Collection, family: string, reach: GitReach): Promise<Unreached> {
  const { stores, breathe, graceMs } = collection;
  const unreached: Unreached = { due: new OidSet(), waiting: new OidSet() };
  const now = collection.now();
  // Who began to read when something was not marked yet may be on the way to it.
  const read = await readSince(stores.keys, family, now);
  const marks = new Marks(entriesOf(stores.keys, unreachedOf(family)));
  const writes = new MarkWrites(collection, family);
  for await (const { key, value } of entriesOf(stores.keys, gitObjectsOf(family))) {
    await breathe();
    const oid = oidOfKey(key);
    const since = await marks.of(oid);
    if (reach.has(oid)) {
      if (since !== undefined) await writes.unmark(oid);
    } else if (since !== undefined && since <= now) {
      unreached[now - since >= graceMs && since < read ? 'due' : 'waiting'].add(oid);
    } else {
      // A mark of a time to come was made before the clock was set back.
      await writes.mark(oid, now, decodeStat(value).size);
      unreached.waiting.add(oid);
    }
  }
  await writes.flush();
  return unreached;
}
