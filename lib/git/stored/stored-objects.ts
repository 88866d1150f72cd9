import { commitUntilHeld } from '../../store/commit-until-held.ts';
import type { ContentStore } from '../../store/content-store.ts';
import type { KeyedStore } from '../../store/keyed-store.ts';
import { after, unreachedOf } from '../../store/key-ranges.ts';
import { gitObjectKey, unreachedKey } from '../../store/keys.ts';
import { Plan } from '../../store/plan.ts';
import { Breather } from '../breather.ts';
import { GitError } from '../error.ts';
import type { ObjectSource, ObjectStat, StoredObject } from '../object-source.ts';
import type { Oid } from '../oid.ts';
import { decodeObject, decodeStat, type ObjectRecord } from './object-record.ts';

/** From so many objects marks are taken with one commit. */
const RESCUE_BATCH = 400;

/** The Git objects of one family. An embedded store answers without a turn of the event loop, so this takes its own. */
export class StoredObjects implements ObjectSource {
  readonly #keys: KeyedStore;
  readonly #content: ContentStore;
  readonly #family: string;

  constructor(keys: KeyedStore, content: ContentStore, family: string) {
    this.#keys = keys;
    this.#content = content;
    this.#family = family;
  }

  async find(oid: Oid): Promise<ObjectRecord | undefined> {
    const value = await this.#keys.get(gitObjectKey(this.#family, oid));
    return value === undefined ? undefined : decodeObject(value);
  }

  async stat(oids: readonly Oid[]): Promise<ReadonlyMap<Oid, ObjectStat>> {
    const breather = new Breather();
    const found = new Map<Oid, ObjectStat>();
    for (const oid of oids) {
      const value = await this.#keys.get(gitObjectKey(this.#family, oid));
      if (value !== undefined) found.set(oid, decodeStat(value));
      if (breather.due()) await breather.rest();
    }
    return found;
  }

  /**
   * Those of these that are there. Who is told so counts on them: the collector's marks come off, and what is marked no more
   * keeps with it all that it leads to.
   */
  async rescue(oids: readonly Oid[]): Promise<ReadonlySet<Oid>> {
    const found = await this.stat(oids);
    const marks = after(unreachedOf(this.#family), unreachedKey(this.#family));
    const [marked] = await this.#keys.list({ ...marks, limit: 1 });
    if (marked === undefined) return new Set(found.keys());
    const present = new Set<Oid>();
    const all = [...found.keys()];
    for (let at = 0; at < all.length; at += RESCUE_BATCH) {
      for (const oid of await this.#unmark(all.slice(at, at + RESCUE_BATCH))) present.add(oid);
    }
    return present;
  }

  /** Those of these that are there still. */
  #unmark(oids: readonly Oid[]): Promise<readonly Oid[]> {
    return commitUntilHeld(this.#keys, async () => {
      const breather = new Breather();
      const present: Oid[] = [];
      const plan = new Plan();
      for (const oid of oids) {
        const [key, mark] = [gitObjectKey(this.#family, oid), unreachedKey(this.#family, oid)];
        const value = await this.#keys.get(key);
        if (value === undefined) continue;
        present.push(oid);
        if ((await this.#keys.get(mark)) !== undefined) plan.check({ key, value }).delete(mark);
        if (breather.due()) await breather.rest();
      }
      return plan.changesNothing ? { result: present } : { commit: plan.commit, result: present };
    });
  }

  async *read(oids: readonly Oid[]): AsyncGenerator<StoredObject> {
    for (const oid of oids) {
      const record = await this.find(oid);
      if (record === undefined) throw new GitError('object-missing', `object ${oid} is not in this repository`);
      const { type, size, located } = record;
      const body = await this.#content.readStored(located);
      yield { oid, type, size, encoding: located.encoding ?? 'raw', body };
    }
  }
}
