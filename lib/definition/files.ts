import type { TarEntry } from '../encoding/tar-header.ts';
import type { Sha256 } from '../encoding/digest.ts';
import { Breather } from '../git/breather.ts';
import { GitError } from '../git/error.ts';
import { readContent } from '../git/object-content.ts';
import type { Oid } from '../git/oid.ts';
import { StoredObjects } from '../git/stored/stored-objects.ts';
import { parseTree, type TreeEntry } from '../git/tree.ts';
import { MODE_TREE } from '../git/tree-mode.ts';
import { tarEntries } from '../git/tree-tar.ts';
import type { ContentStore, Located } from '../store/content-store.ts';
import type { KeyedStore } from '../store/keyed-store.ts';
import { DefinitionError } from './definition-error.ts';
import type { FileEntry, FileListing, Version } from './wire.ts';

/** The files of published versions. */
export class Files {
  readonly #keys: KeyedStore;
  readonly #content: ContentStore;

  constructor(keys: KeyedStore, content: ContentStore) {
    this.#keys = keys;
    this.#content = content;
  }

  async list({ family, tree, layer }: Pick<Version, 'family' | 'tree' | 'layer'>): Promise<FileListing> {
    const objects = this.#objectsOf(family);
    const breather = new Breather();
    const files: FileEntry[] = [];
    for (const entry of await tarEntries(objects, tree)) {
      if (entry.kind === 'folder') continue;
      files.push(await entryOf(objects, entry));
      if (breather.due()) await breather.rest();
    }
    return { tree, layer, files };
  }

  async find(version: Version, path: string): Promise<{ digest: Sha256; located: Located }> {
    const objects = this.#objectsOf(version.family);
    let oid: Oid = version.tree;
    const parts = path.split('/');
    for (const [at, name] of parts.entries()) {
      const entries: TreeEntry[] = parseTree((await readContent(objects, oid)).content);
      const entry = entries.find((one) => one.name === name);
      const isLast = at === parts.length - 1;
      if (entry === undefined || (entry.mode === MODE_TREE) === isLast) throw unknownFile(version, path);
      oid = entry.oid;
    }
    const record = await objects.find(oid);
    if (record === undefined) throw new GitError('object-missing', `object ${oid} is not in this repository`);
    return { digest: record.located.content, located: record.located };
  }

  #objectsOf(family: string): StoredObjects {
    return new StoredObjects(this.#keys, this.#content, family);
  }
}

async function entryOf(objects: StoredObjects, entry: Exclude<TarEntry, { kind: 'folder' }>): Promise<FileEntry> {
  const { path, kind, oid } = entry;
  const record = await objects.find(oid);
  if (record === undefined) throw new GitError('object-missing', `${path}: object ${oid} is not in this repository`);
  const { size, located } = record;
  const target = kind === 'link' ? { target: Buffer.from(entry.target).toString('utf8') } : {};
  return { path, kind, size, oid, digest: located.content, ...target };
}

function unknownFile({ family, version }: Version, path: string): DefinitionError {
  return new DefinitionError('file-unknown', `${family} ${version} has no file ${JSON.stringify(path.slice(0, 300))}`);
}
