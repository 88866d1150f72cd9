import type { ContentStore } from '../../store/content-store.ts';
import type { KeyedStore } from '../../store/keyed-store.ts';
import { gitObjectKey } from '../../store/keys.ts';
import { Breather } from '../breather.ts';
import { GitError } from '../error.ts';
import type { ObjectSource, ObjectStat, StoredObject } from '../object-source.ts';
import type { Oid } from '../oid.ts';
import { decodeObject, decodeStat, type ObjectRecord } from './object-record.ts';

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
