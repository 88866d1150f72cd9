import type { TarFile } from '../encoding/tar-header.ts';
import { TarIndex } from '../encoding/tar-index.ts';
import { GitError } from '../git/error.ts';
import { tarEntries } from '../git/tree-tar.ts';
import { StoredObjects } from '../git/stored/stored-objects.ts';
import type { ByteRange } from '../store/blob-store.ts';
import type { ContentStore } from '../store/content-store.ts';
import { toldWhileRead } from '../store/reading.ts';
import type { KeyedStore } from '../store/keyed-store.ts';

/** About 40 MB of what is known of trees. */
const CACHED_ENTRIES = 200_000;

/** A tree's canonical tar, of which any part can be had. */
export interface Archive {
  readonly size: number;
  read(range?: ByteRange): AsyncIterable<Uint8Array>;
}

interface Indexed {
  readonly index: TarIndex;
  readonly entries: number;
}

/** The canonical tars of trees, made of their files whenever they are read. */
export class Archives {
  readonly #keys: KeyedStore;
  readonly #content: ContentStore;
  readonly #indexed = new Map<string, Promise<Indexed>>();

  constructor(keys: KeyedStore, content: ContentStore) {
    this.#keys = keys;
    this.#content = content;
  }

  /** Rejects with `object-missing` where the family has no such tree. */
  async open(family: string, tree: string): Promise<Archive> {
    const objects = new StoredObjects(this.#keys, this.#content, family);
    const { index } = await this.#indexOf(objects, tree);
    const read = (file: TarFile, start: number, end: number): AsyncIterable<Uint8Array> =>
      this.#file(objects, file, start, end);
    return {
      size: index.size,
      read: ({ start, end } = { start: 0, end: index.size }) =>
        toldWhileRead(this.#keys, family, index.read(start, end, read)),
    };
  }

  async *#file(objects: StoredObjects, { oid, path }: TarFile, start: number, end: number): AsyncGenerator<Uint8Array> {
    const record = await objects.find(oid);
    if (record === undefined) throw new GitError('object-missing', `${path}: object ${oid} is not in this repository`);
    const { located, size } = record;
    yield* this.#content.read(located, start === 0 && end === size ? undefined : { start, end });
  }

  /** What a tree holds never changes, whichever family it is in; that this family has it is asked by who opens it. */
  async #indexOf(objects: StoredObjects, tree: string): Promise<Indexed> {
    const known = this.#indexed.get(tree);
    this.#indexed.delete(tree);
    const indexed =
      known ?? tarEntries(objects, tree).then((entries) => ({ index: new TarIndex(entries), entries: entries.length }));
    this.#indexed.set(tree, indexed);
    try {
      await indexed;
    } catch (error) {
      if (this.#indexed.get(tree) === indexed) this.#indexed.delete(tree);
      throw error;
    }
    await this.#makeRoom(tree);
    return indexed;
  }

  async #makeRoom(latest: string): Promise<void> {
    let entries = 0;
    for (const [tree, indexed] of [...this.#indexed].toReversed()) {
      entries += (await indexed.catch(() => ({ entries: 0 }))).entries;
      if (entries > CACHED_ENTRIES && tree !== latest) this.#indexed.delete(tree);
    }
  }
}
