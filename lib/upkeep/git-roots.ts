import type { ObjectSource } from '../git/object-source.ts';
import type { Oid } from '../git/oid.ts';
import type { NamedObject } from '../git/walk/named-by.ts';
import { historyEndsIn } from '../git/stored/history-ends.ts';
import { StoredRefs } from '../git/stored/stored-refs.ts';
import type { BlobLink } from '../oci/link.ts';
import { decodeJson } from '../store/json-value.ts';
import { entriesOf, type Check, type KeyedStore } from '../store/keyed-store.ts';
import { blobsOf } from '../store/key-ranges.ts';
import { refKey, tidinessKey, unreachedKey } from '../store/keys.ts';
import type { GitReach } from './git-reach.ts';

const STAT_BATCH = 1000;

/** What holds as long as nothing came to a family's repository, and nothing went, since it was looked at. */
export interface Look {
  /** No ref has changed: the mark before them. */
  readonly refs: Check;
  /** No object has come ahead of its ref. */
  readonly tidiness: Check;
  /** No object was removed. */
  readonly removals: Check;
}

/** From where the objects of a family's repository are reached: its refs, and the layers that are made of its trees. */
export class GitRoots {
  readonly #keys: KeyedStore;
  readonly #source: ObjectSource;
  readonly #family: string;
  readonly #breathe: () => Promise<void> | undefined;
  /** Whether a layer was among them that belongs to no version: the collector may take it away, and nobody tells of that. */
  hasLooseLayer = false;

  constructor(keys: KeyedStore, source: ObjectSource, family: string, breathe: () => Promise<void> | undefined) {
    this.#keys = keys;
    this.#source = source;
    this.#family = family;
    this.#breathe = breathe;
  }

  /** Adds all that is reached now. What it returns was read before. */
  async look(reach: GitReach): Promise<Look> {
    const look = {
      refs: await this.#value(refKey(this.#family, '')),
      tidiness: await this.#value(tidinessKey(this.#family)),
      removals: await this.#value(unreachedKey(this.#family)),
    };
    const { refs } = await new StoredRefs(this.#keys, this.#family).list();
    await this.addTo(
      reach,
      refs.map(({ oid }) => oid),
    );
    await this.addTo(reach, await this.#trees());
    return look;
  }

  /** Adds all that these lead to. */
  async addTo(reach: GitReach, oids: Iterable<Oid>): Promise<void> {
    const ends = new Set((await historyEndsIn(this.#keys, this.#family)).keys());
    let batch: Oid[] = [];
    for (const oid of oids) {
      if (reach.has(oid)) continue;
      batch.push(oid);
      if (batch.length < STAT_BATCH) continue;
      await reach.add(await this.#typed(batch), ends);
      batch = [];
    }
    await reach.add(await this.#typed(batch), ends);
  }

  /** One that is not there is missed when it is read. */
  async #typed(oids: readonly Oid[]): Promise<NamedObject[]> {
    const stats = await this.#source.stat(oids);
    return oids.map((oid) => ({ oid, type: stats.get(oid)?.type ?? 'commit' }));
  }

  async #trees(): Promise<Oid[]> {
    const trees: Oid[] = [];
    for await (const { value } of entriesOf(this.#keys, blobsOf(this.#family))) {
      await this.#breathe();
      const link = decodeJson<BlobLink>(value);
      if (link.place !== 'tree') continue;
      trees.push(link.tree);
      if (link.published === undefined) this.hasLooseLayer = true;
    }
    return trees;
  }

  async #value(key: Uint8Array): Promise<Check> {
    return { key, value: await this.#keys.get(key) };
  }
}
