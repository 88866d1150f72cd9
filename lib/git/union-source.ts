import type { ObjectSource, ObjectStat, StoredObject } from './object-source.ts';
import type { Oid } from './oid.ts';

/** Two sources as one: what a repository would hold if a push were taken. */
export class UnionSource implements ObjectSource {
  readonly #first: ObjectSource;
  readonly #second: ObjectSource;

  constructor(first: ObjectSource, second: ObjectSource) {
    this.#first = first;
    this.#second = second;
  }

  async stat(oids: readonly Oid[]): Promise<ReadonlyMap<Oid, ObjectStat>> {
    const found = await this.#first.stat(oids);
    if (found.size === oids.length) return found;
    return new Map([...(await this.#second.stat(oids.filter((oid) => !found.has(oid)))), ...found]);
  }

  async *read(oids: readonly Oid[]): AsyncGenerator<StoredObject> {
    const inFirst = await this.#first.stat(oids);
    for (let at = 0; at < oids.length;) {
      const start = at;
      const isFirst = inFirst.has(oids[at]!);
      while (at < oids.length && inFirst.has(oids[at]!) === isFirst) at += 1;
      yield* (isFirst ? this.#first : this.#second).read(oids.slice(start, at));
    }
  }
}
