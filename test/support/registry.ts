import { objectSize } from '../../lib/git/stored/object-size.ts';
import { makeRegistry, type Registry, type Stores } from '../../lib/oci/registry.ts';
import { FileBlobStore } from '../../lib/store/files/file-blob-store.ts';
import { FileLayout } from '../../lib/store/files/file-layout.ts';
import { FileUploadStore } from '../../lib/store/files/file-upload-store.ts';
import type { KeyedStore } from '../../lib/store/keyed-store.ts';
import { LmdbKeyedStore } from '../../lib/store/lmdb/lmdb-keyed-store.ts';
import { makeTemporaryFolder } from './temporary-folder.ts';

export interface TestRegistry {
  readonly stores: Stores;
  readonly registry: Registry;
  readonly folder: string;
  /** What `now` answers; set it to let time pass. */
  time: number;
  close(): Promise<void>;
}

/** A registry on the real engines in a temporary folder, with a clock that the test moves. */
export async function openTestRegistry(
  wrapKeys: (keys: KeyedStore) => KeyedStore = (keys) => keys,
): Promise<TestRegistry> {
  const folder = await makeTemporaryFolder();
  const layout = new FileLayout(folder.path);
  const keys = wrapKeys(LmdbKeyedStore.open(`${folder.path}/store`));
  const stores: Stores = { keys, blobs: await FileBlobStore.open(layout), uploads: await FileUploadStore.open(layout) };
  const opened: TestRegistry = {
    stores,
    registry: makeRegistry(stores, { now: () => opened.time, maxBlobBytes: 2 ** 40, objectSize }),
    folder: folder.path,
    time: Date.now(),
    async close() {
      await keys.close();
      await folder.remove();
    },
  };
  return opened;
}

export async function* oneChunk(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield bytes;
}
