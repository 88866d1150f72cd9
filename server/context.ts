import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Audit } from '../lib/audit/audit.ts';
import { Definitions } from '../lib/definition/definitions.ts';
import { FileSpool } from '../lib/git/file-spool.ts';
import { DEFAULT_PACK_LIMITS, type PackLimits } from '../lib/git/pack-limits.ts';
import { objectSize } from '../lib/git/stored/object-size.ts';
import type { OpenSpool } from '../lib/git/spool.ts';
import { KeptPacks } from '../lib/git/upload-pack/kept-packs.ts';
import { LogError } from '../lib/log/log-error.ts';
import type { Log } from '../lib/log/log-store.ts';
import { openLog } from '../lib/log/open-log.ts';
import { makeRegistry, type Registry, type Stores } from '../lib/oci/registry.ts';
import { requireWhole } from '../lib/moving/note.ts';
import { MediaFiles } from '../lib/record/media.ts';
import { Runs } from '../lib/record/runs.ts';
import { FileBlobStore } from '../lib/store/files/file-blob-store.ts';
import { FileLayout } from '../lib/store/files/file-layout.ts';
import { tryWriting } from '../lib/store/files/try-writing.ts';
import { FileUploadStore } from '../lib/store/files/file-upload-store.ts';
import type { BlobLinks } from '../lib/store/blob-links.ts';
import type { BlobStore } from '../lib/store/blob-store.ts';
import { systemClock } from '../lib/store/clock.ts';
import { bringForward, requireFormat, type FormatWait } from '../lib/store/data-format.ts';
import type { KeyedStore } from '../lib/store/keyed-store.ts';
import { LmdbKeyedStore } from '../lib/store/lmdb/lmdb-keyed-store.ts';
import type { Moments } from '../lib/store/moments.ts';
import type { MoveMark } from '../lib/store/move-mark.ts';
import { announceServer } from '../lib/store/presence.ts';
import { actorName, type BlobsPlace, type Config, type StorePlace } from './config.ts';
import { isFolder, makeDataFolder, refuseFolder } from './data-folder.ts';
import type { Asked } from './readiness.ts';
import { WrongSetting } from './settings.ts';
import { tracedBlobs, tracedKeys } from './trace/traced-stores.ts';
import type { Tracer } from './trace/tracer.ts';

/** Everything that is open while a server or a command runs. */
export interface Context {
  readonly config: Config;
  readonly stores: Stores;
  /** Of blobs that clients can be sent to. */
  readonly blobLinks: BlobLinks | undefined;
  readonly registry: Registry;
  readonly definitions: Definitions;
  readonly openSpool: OpenSpool;
  readonly packLimits: PackLimits;
  readonly keptPacks: KeptPacks;
  /** How larger content is asked whether it is there. */
  readonly askedBlobs: Asked;
  close(): Promise<void>;
}

/** What a server has open besides. */
export interface ServerContext extends Context {
  readonly publicLog: Log;
  readonly runs: Runs;
}

/** The engine of larger content, with what it offers beside its ports. */
export interface OpenBlobs {
  readonly stores: Omit<Stores, 'keys'> & { readonly blobs: BlobStore & MoveMark };
  readonly links?: BlobLinks;
  /** Where pushes wait until they are checked. */
  readonly spools: string;
  readonly asked: Asked;
  close(): Promise<void>;
}

/** A server makes what is not there yet; a command beside it must not take a wrong folder for an empty store. */
export async function openExisting(config: Config): Promise<Context> {
  const { blobs, keys } = await openStore(config, 'existing');
  return contextOf(config, blobs, keys);
}

/** The keys of a store that is there, of whichever format. */
export async function openExistingKeys({ store }: Config): Promise<KeyedStore> {
  await requireStore(store);
  return openKeys(store);
}

/** The one place that knows engines. */
export async function openContext(
  config: Config,
  { tracer, onWait }: { readonly tracer?: Tracer | undefined; readonly onWait?: (what: FormatWait) => void } = {},
): Promise<ServerContext> {
  const store = await openStore(config, 'made');
  const blobs =
    tracer === undefined ? store.blobs : { ...store.blobs, stores: tracedStores(store.blobs.stores, tracer) };
  const keys = tracer === undefined ? store.keys : tracedKeys(store.keys, tracer);
  try {
    await bringForward(keys, { clock: systemClock, onStep: (format) => tellMigrated(keys, format), onWait });
    const publicLog = await openPublicLog(config, keys);
    const context = contextOf(config, blobs, keys, () => publicLog.flush());
    const runs = runsOf(context, publicLog);
    const presence = await announceServer(store.keys, Date.now);
    async function closeAll(): Promise<void> {
      await publicLog.close();
      await presence.leave();
      await context.close();
    }
    return { ...context, publicLog, runs, close: closeAll };
  } catch (error) {
    await store.close();
    throw error;
  }
}

function tellMigrated(keys: KeyedStore, format: number): Promise<void> {
  const by = { address: '', name: actorName() };
  return new Audit(keys, Date.now).note({ action: 'data-migrated', by, detail: { format } });
}

function tracedStores(stores: Omit<Stores, 'keys'>, tracer: Tracer): Omit<Stores, 'keys'> {
  return { ...stores, blobs: tracedBlobs(stores.blobs, tracer) };
}

/** Both engines of a store. */
export interface OpenStore {
  readonly keys: KeyedStore & Moments;
  readonly blobs: OpenBlobs;
  close(): Promise<void>;
}

/** A store that is all there. */
async function openStore(config: Parameters<typeof openEngines>[0], how: 'existing' | 'made'): Promise<OpenStore> {
  const store = await openEngines(config, how);
  try {
    await requireWhole(store.keys, store.blobs.stores.blobs);
    if (how === 'existing') await requireFormat(store.keys);
    return store;
  } catch (error) {
    await store.close();
    throw error;
  }
}

/** The engines of a store that may be being moved into. What is `existing` has to be there; what is not is `made` otherwise. */
export async function openEngines(
  { store, blobs: place, processes = 1 }: Pick<Config, 'store' | 'blobs'> & { readonly processes?: number },
  how: 'existing' | 'made',
): Promise<OpenStore> {
  if (how === 'existing') await requireStore(store);
  const blobs = await (how === 'existing' ? existingBlobs(place) : openBlobs(place));
  try {
    const keys = await openKeys(store, processes > 1);
    return { keys, blobs, close: () => keys.close().then(() => blobs.close()) };
  } catch (error) {
    await blobs.close();
    throw error;
  }
}

function runsOf({ stores, registry, definitions, config }: Context, log: Log): Runs {
  const { keys, uploads } = stores;
  const media = new MediaFiles({
    keys,
    content: registry.content,
    uploads,
    maxBytes: config.maxBlobBytes,
    now: Date.now,
  });
  return new Runs({ keys, registry, versions: definitions.versions, media, log });
}

/** A key that cannot be used is a wrong setting. */
async function openPublicLog({ logKeyFile, logOrigin }: Config, keys: KeyedStore): Promise<Log> {
  try {
    return await openLog(keys, { now: Date.now, keyFile: logKeyFile, origin: logOrigin });
  } catch (error) {
    if (error instanceof LogError) throw new WrongSetting(`${error.message} (--log-key or ASSAY_LOG_KEY)`);
    throw error;
  }
}

function contextOf(
  config: Config,
  blobs: Omit<OpenBlobs, 'stores'> & { readonly stores: Omit<Stores, 'keys'> },
  keys: KeyedStore,
  announce?: () => Promise<void>,
): Context {
  const stores: Stores = { ...blobs.stores, keys };
  const registry = makeRegistry(stores, {
    now: Date.now,
    maxBlobBytes: config.maxBlobBytes,
    objectSize,
  });
  const openSpool: OpenSpool = () => new FileSpool(blobs.spools);
  const limits = packLimits(config);
  const keptPacks = new KeptPacks({
    folder: blobs.spools,
    bytes: Math.floor(config.keptPacksBytes / config.processes),
  });
  return {
    config,
    stores,
    blobLinks: blobs.links,
    registry,
    definitions: new Definitions(keys, registry, {
      now: Date.now,
      openSpool,
      limits,
      ...(announce === undefined ? {} : { announce }),
    }),
    openSpool,
    packLimits: limits,
    keptPacks,
    askedBlobs: blobs.asked,
    async close() {
      keptPacks.close();
      await keys.close();
      await blobs.close();
    },
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

async function requireStore(place: StorePlace): Promise<void> {
  if (place.engine === 'postgres') {
    const { PostgresKeyedStore } = await loadPostgres();
    if (await PostgresKeyedStore.existsIn(place.url)) return;
    throw new WrongSetting("there is no store in that database; --store or ASSAY_STORE names the server's");
  }
  if (LmdbKeyedStore.existsIn(place.folder)) return;
  throw new WrongSetting(`there is no store in ${place.folder}; --data or ASSAY_DATA names the server's folder`);
}

export async function openKeys(place: StorePlace, isShared = false): Promise<KeyedStore & Moments> {
  if (place.engine === 'postgres') {
    const { PostgresKeyedStore } = await loadPostgres();
    return PostgresKeyedStore.open(place.url);
  }
  await makeDataFolder(place.folder);
  return LmdbKeyedStore.open(place.folder, { isShared });
}

export async function openBlobs(place: BlobsPlace): Promise<OpenBlobs> {
  if (place.engine === 's3') return openS3Blobs(place, 'prepare');
  const { folder } = place;
  const layout = new FileLayout(folder);
  await makeDataFolder(folder);
  const blobs = await FileBlobStore.open(layout).catch((error: unknown) => refuseFolder(folder, error));
  const uploads = await FileUploadStore.open(layout);
  return { stores: { blobs, uploads }, ...onFiles(layout) };
}

function onFiles({ blobs, writing }: FileLayout): Omit<OpenBlobs, 'stores'> {
  return {
    spools: writing,
    asked: {
      async reach() {
        if (!(await isFolder(blobs))) throw new Error(`the folder ${blobs} is not there`);
      },
      write: () => tryWriting(writing),
    },
    close: async () => {},
  };
}

async function existingBlobs(place: BlobsPlace): Promise<OpenBlobs> {
  if (place.engine === 's3') return openS3Blobs(place, 'requireStore');
  const layout = new FileLayout(place.folder);
  if (!(await isFolder(layout.blobs))) {
    throw new WrongSetting(`there are no blobs in ${place.folder}; --blobs or ASSAY_BLOBS names the server's folder`);
  }
  const stores = { blobs: FileBlobStore.existing(layout), uploads: FileUploadStore.existing(layout) };
  return { stores, ...onFiles(layout) };
}

/** Servers with an S3 keep nothing of their own, so what they need for a while lies among the temporary files. */
async function openS3Blobs(
  { location }: Extract<BlobsPlace, { readonly engine: 's3' }>,
  look: 'prepare' | 'requireStore',
): Promise<OpenBlobs> {
  const { openS3, UnusableBucket } = await import('../lib/store/s3/open-s3.ts');
  const s3 = openS3(location);
  try {
    await s3[look]();
  } catch (error) {
    s3.close();
    throw error instanceof UnusableBucket ? new WrongSetting(error.message, { cause: error }) : error;
  }
  const spools = await mkdtemp(join(tmpdir(), 'assay-'));
  async function close(): Promise<void> {
    s3.close();
    await rm(spools, { recursive: true, force: true });
  }
  const { blobs, uploads, leftovers } = s3;
  return { stores: { blobs, uploads, leftovers }, links: blobs, spools, asked: { reach: () => s3.reach() }, close };
}

/** Who runs on one machine pays nothing for the engine of many. */
function loadPostgres(): Promise<typeof import('../lib/store/postgres/postgres-keyed-store.ts')> {
  return import('../lib/store/postgres/postgres-keyed-store.ts');
}
