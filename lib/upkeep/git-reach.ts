import { readContents } from '../git/object-content.ts';
import type { ObjectSource } from '../git/object-source.ts';
import type { Oid } from '../git/oid.ts';
import { namedBy, type NamedObject } from '../git/walk/named-by.ts';
import { OidSet } from './oid-set.ts';

/** So many objects are read with one question. */
const BATCH = 256;

/** All that some objects of a repository lead to, themselves included. */
export class GitReach {
  readonly #source: ObjectSource;
  readonly #breathe: () => Promise<void> | undefined;
  readonly #reached = new OidSet();

  constructor(source: ObjectSource, breathe: () => Promise<void> | undefined) {
    this.#source = source;
    this.#breathe = breathe;
  }

  has(oid: Oid): boolean {
    return this.#reached.has(oid);
  }

  /**
   * Adds what these lead to. History is cut behind the commits of `ends`. Rejects with `object-missing` where something
   * is not there that should be.
   */
  async add(roots: Iterable<NamedObject>, ends: ReadonlySet<Oid>): Promise<void> {
    const open: Oid[] = [];
    for (const root of roots) this.#meet(root, open);
    while (open.length > 0) {
      const batch = open.splice(-BATCH);
      for await (const { oid, type, content } of readContents(this.#source, batch)) {
        const isEnd = ends.has(oid);
        for (const named of namedBy(type, content)) if (!isEnd || named.type !== 'commit') this.#meet(named, open);
        await this.#breathe();
      }
    }
  }

  #meet({ oid, type }: NamedObject, open: Oid[]): void {
    if (this.#reached.add(oid) && type !== 'blob') open.push(oid);
  }
}
