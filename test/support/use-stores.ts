import { afterEach, beforeEach } from 'vitest';
import { objectSize } from '../../lib/git/stored/object-size.ts';
import { makeRegistry, type Registry, type Stores } from '../../lib/oci/registry.ts';
import { FileBlobStore } from '../../lib/store/files/file-blob-store.ts';
import { FileLayout } from '../../lib/store/files/file-layout.ts';
import { FileUploadStore } from '../../lib/store/files/file-upload-store.ts';
import type { Commit, KeyedStore } from '../../lib/store/keyed-store.ts';
import { LmdbKeyedStore } from '../../lib/store/lmdb/lmdb-keyed-store.ts';
import { makeTemporaryFolder } from './temporary-folder.ts';

/** Stores of the engine for one machine, in a folder of their own. */
export interface OpenStores extends Stores {
  readonly folder: string;
  /** What is here for good is here after this, too. */
  readonly reopen: () => Promise<OpenStores>;
}

/** Fresh stores for every test of the enclosing `describe` (or file); to be asked for once a test runs. */
export function useStores(): () => OpenStores {
  let stores: OpenStores | undefined;
  let end: (() => Promise<void>) | undefined;
  async function open(folder: string): Promise<OpenStores> {
    const layout = new FileLayout(folder);
    const keys = LmdbKeyedStore.open(folder);
    async function reopen(): Promise<OpenStores> {
      await keys.close();
      return open(folder);
    }
    stores = {
      keys,
      blobs: await FileBlobStore.open(layout),
      uploads: await FileUploadStore.open(layout),
      folder,
      reopen,
    };
    return stores;
  }
  beforeEach(async () => {
    const folder = await makeTemporaryFolder();
    await open(folder.path);
    end = async () => {
      await stores?.keys.close();
      await folder.remove();
    };
  });
  afterEach(() => end?.());
  return () => {
    if (stores === undefined) throw new Error('no test is running');
    return stores;
  };
}

export function registryOn(stores: Stores, { now = Date.now, maxBlobBytes = 2 ** 40 } = {}): Registry {
  return makeRegistry(stores, { now, maxBlobBytes, objectSize });
}

/** The same store, in which something else happens once, just before the first commit that is like this. */
export function interruptedOnce(
  keys: KeyedStore,
  isLike: (commit: Commit) => boolean,
  happen: () => Promise<void>,
): KeyedStore {
  let happened = false;
  return {
    get: (key) => keys.get(key),
    list: (range) => keys.list(range),
    close: () => keys.close(),
    async commit(commit) {
      if (!happened && isLike(commit)) {
        happened = true;
        await happen();
      }
      return keys.commit(commit);
    },
  };
}
