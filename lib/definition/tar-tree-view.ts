import type { TarEntry } from '../encoding/tar-header.ts';
import type { TreeView } from './metadata/tree-view.ts';

/** What metadata may ask of the tree beside it, from the entries of its tar. */
export class TarTreeView implements TreeView {
  readonly #kinds: ReadonlyMap<string, TarEntry['kind']>;

  constructor(entries: readonly TarEntry[]) {
    this.#kinds = new Map(entries.map(({ path, kind }) => [path, kind]));
  }

  kindOf(path: string): TarEntry['kind'] | undefined {
    return this.#kinds.get(path);
  }
}
