import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { sha256 } from '../../lib/encoding/digest.ts';
import { objectSize } from '../../lib/git/stored/object-size.ts';
import { makeRegistry } from '../../lib/oci/registry.ts';
import { FileBlobStore } from '../../lib/store/files/file-blob-store.ts';
import { FileLayout } from '../../lib/store/files/file-layout.ts';
import { FileUploadStore } from '../../lib/store/files/file-upload-store.ts';
import { LmdbKeyedStore } from '../../lib/store/lmdb/lmdb-keyed-store.ts';
import { openBenchLog, runFact } from '../log/run-facts.ts';
import type { Stage } from '../stage.ts';

const atOnce = 64;
const smallBytes = 1024;
const largeBytes = 1024 * 1024;

/** How much of each kind is put into a store. */
export interface Amount {
  entries: number;
  small: number;
  large: number;
}

/** A data folder as a server leaves it. */
export async function sampleStore(stage: Stage, amount: Amount): Promise<string> {
  const data = await stage.directory('moving');
  const { log, close } = await openBenchLog(data);
  await each(amount.entries, 2048, (number) =>
    log.append(() => Promise.resolve({ entry: runFact(number), result: () => undefined })),
  );
  await close();
  await addContent(data, amount);
  return data;
}

/** Blobs that are in no other store. */
export async function addContent(data: string, { small, large }: Pick<Amount, 'small' | 'large'>): Promise<void> {
  const layout = new FileLayout(data);
  const keys = LmdbKeyedStore.open(join(data, 'store'));
  try {
    const stores = { keys, blobs: await FileBlobStore.open(layout), uploads: await FileUploadStore.open(layout) };
    const registry = makeRegistry(stores, { now: Date.now, maxBlobBytes: 2 ** 40, objectSize });
    async function add(size: number): Promise<void> {
      const bytes = randomBytes(size);
      await registry.uploads.receive('bench/moving', sha256(bytes), once(bytes));
    }
    await each(small, atOnce, () => add(smallBytes));
    await each(large, 4, () => add(largeBytes));
  } finally {
    await keys.close();
  }
}

async function each(count: number, most: number, work: (number: number) => Promise<void>): Promise<void> {
  let next = 0;
  async function go(): Promise<void> {
    while (next < count) await work((next += 1));
  }
  await Promise.all(Array.from({ length: Math.min(most, count) }, go));
}

async function* once(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield bytes;
}
