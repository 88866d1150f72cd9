import { bareBytes } from '../git/object-bytes.ts';
import type { ObjectSource, ObjectStat, StoredObject } from '../git/object-source.ts';
import type { Oid } from '../git/oid.ts';

/** So much of one tree's files is kept. */
const ROOM = 128 * 1024 * 1024;
/** Larger files inflate at the speed of the disk; it is the many small ones that cost. */
const LARGEST = 256 * 1024;
/** Whoever publishes a version after this long may wait for it. */
const KEPT_MS = 10 * 60_000;

/**
 * The inflated files of the tree that was published last. The next version mostly has the same files, and to inflate
 * them again is nearly all of the time that hashing a layer takes. Only what the store has taken is remembered: it alone
 * sees to it that a Git object id is of one content.
 */
export class BlobMemory {
  #last: ReadonlyMap<Oid, Uint8Array> = new Map();
  #timer: NodeJS.Timeout | undefined;

  /** For one tree; what is learned by it before is known as well as what the last one left. */
  begin(): Remembering {
    return new Remembering(this.#last, (seen) => {
      this.#last = seen;
      clearTimeout(this.#timer);
      this.#timer = setTimeout(() => (this.#last = new Map()), KEPT_MS).unref();
    });
  }
}

export class Remembering {
  readonly #last: ReadonlyMap<Oid, Uint8Array>;
  readonly #end: (seen: ReadonlyMap<Oid, Uint8Array>) => void;
  readonly #learned = new Map<Oid, Uint8Array>();
  #seen: ReadonlyMap<Oid, Uint8Array> | undefined;
  #room = ROOM;

  constructor(last: ReadonlyMap<Oid, Uint8Array>, end: (seen: ReadonlyMap<Oid, Uint8Array>) => void) {
    this.#last = last;
    this.#end = end;
  }

  /** Takes a file that was just inflated for another reason. Its memory must stay as it is. */
  learn(oid: Oid, bytes: Uint8Array): void {
    if (bytes.length > Math.min(LARGEST, this.#room)) return;
    this.#room -= bytes.length;
    this.#learned.set(oid, bytes);
  }

  /** Gives the work a source that asks the memory first, and notes what is read from it. */
  async during<T>(source: ObjectSource, work: (source: ObjectSource) => Promise<T>): Promise<T> {
    const remembering = new RememberingSource(source, { get: (oid) => this.#learned.get(oid) ?? this.#last.get(oid) });
    const result = await work(remembering);
    this.#seen = remembering.seen;
    return result;
  }

  /** The store has taken all of the tree: what was read is remembered, in place of what was remembered before. */
  keep(): void {
    if (this.#seen !== undefined) this.#end(this.#seen);
  }
}

interface Known {
  get(oid: Oid): Uint8Array | undefined;
}

class RememberingSource implements ObjectSource {
  readonly #source: ObjectSource;
  readonly #known: Known;
  #room = ROOM;
  readonly seen = new Map<Oid, Uint8Array>();

  constructor(source: ObjectSource, known: Known) {
    this.#source = source;
    this.#known = known;
  }

  async stat(oids: readonly Oid[]): Promise<ReadonlyMap<Oid, ObjectStat>> {
    const found = new Map<Oid, ObjectStat>();
    for (const oid of oids) {
      const bytes = this.#known.get(oid);
      if (bytes !== undefined) found.set(oid, { type: 'blob', size: bytes.length });
    }
    if (found.size === oids.length) return found;
    for (const [oid, stat] of await this.#source.stat(oids.filter((oid) => !found.has(oid)))) found.set(oid, stat);
    return found;
  }

  async *read(oids: readonly Oid[]): AsyncGenerator<StoredObject> {
    const others = this.#source.read(oids.filter((oid) => this.#known.get(oid) === undefined))[Symbol.asyncIterator]();
    for (const oid of oids) {
      const known = this.#known.get(oid);
      if (known !== undefined) {
        this.#keep(oid, known);
        yield { oid, type: 'blob', size: known.length, encoding: 'raw', body: known };
        continue;
      }
      const next = await others.next();
      if (next.done === true) return;
      yield this.#inflated(next.value);
    }
  }

  #inflated(object: StoredObject): StoredObject {
    if (object.type !== 'blob' || object.size > LARGEST) return object;
    const bytes = bareBytes(object);
    if (!(bytes instanceof Uint8Array)) return object;
    // What lies bare in a spool or a store is valid only until the next object is read.
    const own = object.encoding === 'raw' ? Buffer.from(bytes) : bytes;
    this.#keep(object.oid, own);
    return { ...object, encoding: 'raw', body: own };
  }

  #keep(oid: Oid, bytes: Uint8Array): void {
    if (bytes.length > this.#room || this.seen.has(oid)) return;
    this.#room -= bytes.length;
    this.seen.set(oid, bytes);
  }
}
