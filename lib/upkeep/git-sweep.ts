import { randomBytes } from 'node:crypto';
import type { Oid } from '../git/oid.ts';
import type { StoredObjects } from '../git/stored/stored-objects.ts';
import { entriesOf, type Check } from '../store/keyed-store.ts';
import { gitObjectsOf } from '../store/key-ranges.ts';
import { gitObjectKey, historyEndKey, oidOfKey, unreachedKey } from '../store/keys.ts';
import { readSince } from '../store/reading.ts';
import type { Collection } from './collection.ts';
import { fromTheTop } from './from-the-top.ts';
import type { GitReach } from './git-reach.ts';
import type { GitRoots, Look } from './git-roots.ts';
import { OidSet } from './oid-set.ts';
import { decodeSince } from './unreached-marks.ts';

/** So often a batch is tried beside pushes; what is left is for the next run. */
const MAX_TRIES = 50;

export interface SweepParts {
  readonly collection: Collection;
  readonly family: string;
  readonly objects: StoredObjects;
  readonly reach: GitReach;
  readonly roots: GitRoots;
}

/**
 * Removes objects of a repository that were found unreached for long enough. Each commit of it holds only while nothing
 * came to the repository since it was looked at, and makes every push begin anew that was judged before.
 */
export class GitSweep {
  readonly #parts: SweepParts;
  #look: Look;

  constructor(parts: SweepParts, look: Look) {
    this.#parts = parts;
    this.#look = look;
  }

  async run(due: OidSet, waiting: OidSet): Promise<void> {
    const { reach, roots, objects, collection } = this.#parts;
    // What has come of late may be all that a push under way has stored yet, and keeps what it leads to.
    await roots.addTo(reach, waiting);
    const going = new OidSet();
    for (const oid of due) if (!reach.has(oid)) going.add(oid);
    for await (const batch of fromTheTop(objects, going, collection.breathe)) {
      if (!(await this.#remove(batch, going))) return;
    }
  }

  /** False where it could not be done: then nothing below may go either. */
  async #remove(batch: readonly Oid[], going: OidSet): Promise<boolean> {
    const { collection, reach } = this.#parts;
    for (let tries = 0; tries < MAX_TRIES; tries += 1) {
      const oids = batch.filter((oid) => !reach.has(oid));
      if (oids.length === 0) return true;
      const marks = await this.#marksOf(oids);
      if (marks === undefined) continue;
      const sizes = await this.#parts.objects.stat(oids);
      if (collection.dryRun === true) return this.#tell(oids, sizes);
      collection.lease.check();
      if (await this.#commit(oids, marks)) return this.#tell(oids, sizes);
      await this.#lookAgain(going);
    }
    return false;
  }

  /** Undefined where one was taken off: who asked for the object counts on it, and on all that it leads to. */
  async #marksOf(oids: readonly Oid[]): Promise<Check[] | undefined> {
    const { collection, family, reach, roots } = this.#parts;
    const marks: Check[] = [];
    const wanted: Oid[] = [];
    const read = await readSince(collection.stores.keys, family, collection.now());
    for (const oid of oids) {
      const key = unreachedKey(family, oid);
      const value = await collection.stores.keys.get(key);
      if (value === undefined || !isDue(decodeSince(value), read, collection)) wanted.push(oid);
      else marks.push({ key, value });
    }
    if (wanted.length === 0) return marks;
    await roots.addTo(reach, wanted);
    return undefined;
  }

  async #commit(oids: readonly Oid[], marks: readonly Check[]): Promise<boolean> {
    const { collection, family } = this.#parts;
    const { refs, tidiness, removals } = this.#look;
    const renewed = { key: removals.key, value: randomBytes(8) };
    const held = await collection.stores.keys.commit({
      checks: [refs, tidiness, removals, ...marks],
      puts: [renewed],
      deletes: oids.flatMap((oid) => [
        gitObjectKey(family, oid),
        unreachedKey(family, oid),
        historyEndKey(family, oid),
      ]),
    });
    if (held) this.#look = { ...this.#look, removals: renewed };
    return held;
  }

  /** Refs that have come keep what they lead to, and so does what has come ahead of its ref. */
  async #lookAgain(going: OidSet): Promise<void> {
    const { collection, family, reach, roots } = this.#parts;
    this.#look = await roots.look(reach);
    const come: Oid[] = [];
    for await (const { key } of entriesOf(collection.stores.keys, gitObjectsOf(family))) {
      await collection.breathe();
      const oid = oidOfKey(key);
      if (!going.has(oid) && !reach.has(oid)) come.push(oid);
    }
    await roots.addTo(reach, come);
  }

  #tell(oids: readonly Oid[], sizes: ReadonlyMap<Oid, { readonly size: number }>): true {
    const { collection, family } = this.#parts;
    for (const name of oids) {
      collection.report({ action: 'removed', kind: 'objects', name, family, bytes: sizes.get(name)?.size ?? 0 });
    }
    return true;
  }
}

function isDue(since: number, read: number, { now, graceMs }: Collection): boolean {
  return now() - since >= graceMs && since < read;
}
