import { asBuffer } from '../encoding/as-buffer.ts';
import type { Oid } from '../git/oid.ts';
import type { Commit, Entry } from '../store/keyed-store.ts';
import { oidOfKey, unreachedKey } from '../store/keys.ts';
import type { Collection } from './collection.ts';

/** So many marks are made or taken off with one commit. */
const BATCH = 400;

/** Since when objects are unreached, asked for in the order in which the marks lie. */
export class Marks {
  readonly #entries: AsyncGenerator<Entry>;
  #oid: Oid | undefined = '';
  #since = 0;

  constructor(entries: AsyncGenerator<Entry>) {
    this.#entries = entries;
  }

  async of(oid: Oid): Promise<number | undefined> {
    while (this.#oid !== undefined && this.#oid < oid) {
      const { value: entry } = (await this.#entries.next()) as IteratorResult<Entry, undefined>;
      if (entry === undefined) this.#oid = undefined;
      // The first has no id: it is the mark of removals.
      else if (entry.key.indexOf(0) < entry.key.length - 1) {
        this.#oid = oidOfKey(entry.key);
        this.#since = decodeSince(entry.value);
      }
    }
    return this.#oid === oid ? this.#since : undefined;
  }
}

/** Marks that are made and taken off, many with one commit. */
export class MarkWrites {
  readonly #collection: Collection;
  readonly #family: string;
  #puts: Entry[] = [];
  #deletes: Uint8Array[] = [];
  #marked: { readonly name: Oid; readonly bytes: number }[] = [];

  constructor(collection: Collection, family: string) {
    this.#collection = collection;
    this.#family = family;
  }

  async mark(oid: Oid, now: number, bytes: number): Promise<void> {
    this.#puts.push({ key: unreachedKey(this.#family, oid), value: encodeSince(now) });
    this.#marked.push({ name: oid, bytes });
    if (this.#puts.length >= BATCH) await this.flush();
  }

  async unmark(oid: Oid): Promise<void> {
    this.#deletes.push(unreachedKey(this.#family, oid));
    if (this.#deletes.length >= BATCH) await this.flush();
  }

  /** Nothing is lost by a mark, nor by taking one off, so nothing is checked. */
  async flush(): Promise<void> {
    const { stores, dryRun, graceMs } = this.#collection;
    const commit: Commit = { puts: this.#puts, deletes: this.#deletes };
    if (dryRun !== true && this.#puts.length + this.#deletes.length > 0) await stores.keys.commit(commit);
    // Without grace a mark is only the first half of the removal that follows it.
    const action = graceMs > 0 ? 'marked' : 'removed';
    const isTold = action === 'marked' || dryRun === true;
    for (const item of isTold ? this.#marked : [])
      this.#collection.report({ action, kind: 'objects', family: this.#family, ...item });
    [this.#puts, this.#deletes, this.#marked] = [[], [], []];
  }
}

function encodeSince(time: number): Buffer {
  const bytes = Buffer.alloc(6);
  bytes.writeUIntBE(time, 0, 6);
  return bytes;
}

export function decodeSince(value: Uint8Array): number {
  return asBuffer(value).readUIntBE(0, 6);
}
