import { join } from 'node:path';
import { afterEach, beforeEach } from 'vitest';
import type { Place } from '../../lib/moving/copy.ts';
import type { Stores } from '../../lib/oci/registry.ts';
import { FileBlobStore } from '../../lib/store/files/file-blob-store.ts';
import { FileLayout } from '../../lib/store/files/file-layout.ts';
import { FileUploadStore } from '../../lib/store/files/file-upload-store.ts';
import { LmdbKeyedStore } from '../../lib/store/lmdb/lmdb-keyed-store.ts';
import { makePace } from '../../lib/store/pace.ts';
import { makeTemporaryFolder } from './temporary-folder.ts';

/** A store that something is moved from or into. */
export interface MovePlace extends Place {
  readonly keys: LmdbKeyedStore;
  readonly stores: Stores;
}

/** Opens empty stores of the engine for one machine, as many as a test asks for, and a folder beside them. */
export function useMovePlaces(): { readonly folder: () => string; readonly open: () => Promise<MovePlace> } {
  let folder: Awaited<ReturnType<typeof makeTemporaryFolder>> | undefined;
  let opened: MovePlace[] = [];
  beforeEach(async () => {
    folder = await makeTemporaryFolder();
  });
  afterEach(async () => {
    await Promise.all(opened.map(({ keys }) => keys.close()));
    opened = [];
    await folder?.remove();
  });
  function path(): string {
    if (folder === undefined) throw new Error('no test is running');
    return folder.path;
  }
  return {
    folder: path,
    async open() {
      const name = `store-${opened.length}`;
      const place = await openPlace(join(path(), name), name);
      opened.push(place);
      return place;
    },
  };
}

async function openPlace(root: string, name: string): Promise<MovePlace> {
  const layout = new FileLayout(root);
  const keys = LmdbKeyedStore.open(root);
  const blobs = await FileBlobStore.open(layout);
  const stores: Stores = { keys, blobs, uploads: await FileUploadStore.open(layout) };
  return { keys, blobs, stores, name, blobsName: `the blobs of ${name}` };
}

/** What a copy, a backup or a restore is given besides. */
export const UNHURRIED = { now: Date.now, breathe: makePace() } as const;
