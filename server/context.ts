import { Repositories } from '../lib/definition/repositories.ts';
import { FileSpool } from '../lib/git/file-spool.ts';
import { DEFAULT_PACK_LIMITS, type PackLimits } from '../lib/git/pack-limits.ts';
import type { OpenSpool } from '../lib/git/spool.ts';
import { makeRegistry, type Registry, type Stores } from '../lib/oci/registry.ts';
import { FileBlobStore } from '../lib/store/files/file-blob-store.ts';
import { FileLayout } from '../lib/store/files/file-layout.ts';
import { FileUploadStore } from '../lib/store/files/file-upload-store.ts';
import type { KeyedStore } from '../lib/store/keyed-store.ts';
import { LmdbKeyedStore } from '../lib/store/lmdb/lmdb-keyed-store.ts';
import type { Config } from './config.ts';
import { isFolder, makeDataFolder, refuseFolder } from './data-folder.ts';
import { WrongSetting } from './settings.ts';

/** Everything that is open while a server or a command runs. */
export interface Context {
  readonly config: Config;
  readonly stores: Stores;
  readonly registry: Registry;
  readonly repositories: Repositories;
  readonly openSpool: OpenSpool;
  readonly packLimits: PackLimits;
  close(): Promise<void>;
}

/** A server makes what is not there yet; a command beside it must not take a wrong folder for an empty store. */
export async function openExisting(config: Config): Promise<Context> {
  const { storeFolder, storeUrl, blobsFolder } = config;
  if (storeUrl !== undefined) {
    const { PostgresKeyedStore } = await loadPostgres();
    if (!(await PostgresKeyedStore.existsIn(storeUrl))) {
      throw new WrongSetting("there is no store in that database; --store or ASSAY_STORE names the server's");
    }
  } else if (!LmdbKeyedStore.existsIn(storeFolder)) {
    throw new WrongSetting(`there is no store in ${storeFolder}; --data or ASSAY_DATA names the server's folder`);
  }
  if (!(await isFolder(new FileLayout(blobsFolder).blobs))) {
    throw new WrongSetting(`there are no blobs in ${blobsFolder}; --blobs or ASSAY_BLOBS names the server's folder`);
  }
  const layout = new FileLayout(blobsFolder);
  return contextOf(config, layout, {
    keys: await openKeys(config),
    blobs: FileBlobStore.existing(layout),
    uploads: FileUploadStore.existing(layout),
  });
}

/** The one place that knows engines. */
export async function openContext(config: Config): Promise<Context> {
  const layout = new FileLayout(config.blobsFolder);
  await makeDataFolder(config.blobsFolder);
  const blobs = await FileBlobStore.open(layout).catch((error: unknown) => refuseFolder(config.blobsFolder, error));
  const uploads = await FileUploadStore.open(layout);
  return contextOf(config, layout, { keys: await openKeys(config), blobs, uploads });
}

function contextOf(config: Config, layout: FileLayout, stores: Stores): Context {
  const registry = makeRegistry(stores, { now: Date.now, maxBlobBytes: config.maxBlobBytes });
  return {
    config,
    stores,
    registry,
    repositories: new Repositories(stores.keys, registry.content, registry.families),
    openSpool: () => new FileSpool(layout.writing),
    packLimits: packLimits(config),
    close: () => stores.keys.close(),
  };
}

function packLimits({ maxPushBytes, maxBlobBytes }: Config): PackLimits {
  return {
    ...DEFAULT_PACK_LIMITS,
    packBytes: maxPushBytes,
    inflatedBytes: maxPushBytes,
    objectBytes: Math.min(maxBlobBytes, maxPushBytes),
  };
}

async function openKeys({ storeFolder, storeUrl }: Config): Promise<KeyedStore> {
  if (storeUrl === undefined) {
    await makeDataFolder(storeFolder);
    return LmdbKeyedStore.open(storeFolder);
  }
  const { PostgresKeyedStore } = await loadPostgres();
  return PostgresKeyedStore.open(storeUrl);
}

/** Who runs on one machine pays nothing for the engine of many. */
function loadPostgres(): Promise<typeof import('../lib/store/postgres/postgres-keyed-store.ts')> {
  return import('../lib/store/postgres/postgres-keyed-store.ts');
}
