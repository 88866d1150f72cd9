import { realpath } from 'node:fs/promises';
import { hostname } from 'node:os';
import { resolve } from 'node:path';
import { findBackup, listBackups, openBackups } from '../lib/moving/backup/backups-in.ts';
import type { Manifest } from '../lib/moving/backup/manifest.ts';
import { BackupVerifier, type BackupFault } from '../lib/moving/backup/verify-backup.ts';
import { writeBackup, type BackupReport } from '../lib/moving/backup/write-backup.ts';
import type { Damaged } from '../lib/moving/content.ts';
import { copyStore, type CopyReport, type Place } from '../lib/moving/copy.ts';
import type { Filled, OnProgress } from '../lib/moving/fill.ts';
import { MoveError } from '../lib/moving/move-error.ts';
import { requireWhole } from '../lib/moving/note.ts';
import { restoreBackup } from '../lib/moving/restore.ts';
import { LogError } from '../lib/log/log-error.ts';
import type { LogSigner } from '../lib/log/log-signer.ts';
import { installKeyFile, readKeyFile } from '../lib/log/key-file.ts';
import { keyFiles } from '../lib/log/rotate-key.ts';
import { databaseName } from '../lib/store/postgres/database-name.ts';
import { nameOf } from '../lib/store/s3/s3-location.ts';
import { makePace } from '../lib/store/pace.ts';
import type { BlobsPlace, Config, StorePlace } from './config.ts';
import { openBlobs, openEngines, openKeys, type OpenStore } from './context.ts';
import { WrongSetting } from './settings.ts';

export type { BackupFault } from '../lib/moving/backup/verify-backup.ts';
export type { BackupReport } from '../lib/moving/backup/write-backup.ts';
export type { Manifest as BackupManifest } from '../lib/moving/backup/manifest.ts';
export type { CopyReport } from '../lib/moving/copy.ts';
export type { Filled } from '../lib/moving/fill.ts';
export type { Damaged } from '../lib/moving/content.ts';

export type Places = Pick<Config, 'store' | 'blobs'>;

/** How a command hears of what goes on, and ends it. */
export interface Watching {
  readonly signal: AbortSignal;
  readonly onProgress?: OnProgress;
  readonly onDamaged?: (damaged: Damaged) => void;
}

/** Copies a store to other engines. Keys or blobs that both have in the same place stay there. */
export async function copy(from: Places, to: Places, ahead: boolean, watching: Watching): Promise<CopyReport> {
  const sameKeys = (await nameOfStore(from.store)) === (await nameOfStore(to.store));
  const sameBlobs = (await nameOfBlobs(from.blobs)) === (await nameOfBlobs(to.blobs));
  if (sameKeys && sameBlobs) throw new WrongSetting('there is nothing to copy: --from and --to are the same place');
  const source = await openEngines(from, 'existing');
  const opened: { close(): Promise<void> }[] = [source];
  try {
    await requireWhole(source.keys, source.blobs.stores.blobs);
    const blobs = sameBlobs ? source.blobs : await openBlobs(to.blobs);
    if (!sameBlobs) opened.unshift(blobs);
    const keys = sameKeys ? source.keys : await openKeys(to.store);
    if (!sameKeys) opened.unshift(keys);
    const places = { from: await placeOf(from, source), to: await placeOf(to, { keys, blobs }) };
    return await copyStore({ ...places, ahead, ...paced(watching) });
  } finally {
    for (const one of opened) await one.close();
  }
}

export interface BackupOrder {
  readonly config: Config;
  readonly folder: string;
  readonly withLogKey: boolean;
  /** How many are to be kept, with this one; undefined for all. */
  readonly keep: number | undefined;
}

/** Backs a store up, beside its servers. */
export async function backup(order: BackupOrder, watching: Watching): Promise<BackupReport> {
  const { config, folder, withLogKey, keep } = order;
  const store = await openEngines(config, 'existing');
  try {
    await requireWhole(store.keys, store.blobs.stores.blobs);
    const { blobs } = store.blobs.stores;
    const logKey = withLogKey ? (hash: string) => logKeyOf(config.logKeyFile, hash) : undefined;
    return await writeBackup({ from: { keys: store.keys, blobs }, folder, logKey, keep, ...paced(watching) });
  } finally {
    await store.close();
  }
}

export async function backups(folder: string): Promise<Manifest[]> {
  return listBackups(await openBackups(folder));
}

/** Verifies one backup of a folder, or all of them. Returns those that were verified. */
export async function verifyBackups(
  folder: string,
  at: string | undefined,
  { signal, onProgress, onFault }: Omit<Watching, 'onDamaged'> & { readonly onFault: (fault: BackupFault) => void },
): Promise<Manifest[]> {
  const layout = await openBackups(folder);
  const wanted = at === undefined ? await listBackups(layout) : [await findBackup(layout, at)];
  if (wanted.length === 0) throw new MoveError('no-backup', `there is no backup yet in ${folder}`);
  const verifier = new BackupVerifier(layout, { breathe: makePace(signal), onProgress, onFault });
  for (const manifest of wanted) await verifier.verify(manifest);
  return wanted;
}

export interface RestoreOrder {
  /** Its store and blobs are what is filled, its log key's file where the key goes. */
  readonly config: Config;
  readonly folder: string;
  readonly at: string | undefined;
  readonly withLogKey: boolean;
}

export interface RestoreReport extends Filled {
  readonly backup: Manifest;
  /** Where the log's key is now; undefined where it was left alone. */
  readonly logKeyFile: string | undefined;
}

/** Makes an empty store what a backup has. */
export async function restore(order: RestoreOrder, watching: Watching): Promise<RestoreReport> {
  const { config, folder, at, withLogKey } = order;
  const layout = await openBackups(folder);
  const manifest = await findBackup(layout, at);
  const keyFile = withLogKey && manifest.logKey ? config.logKeyFile : undefined;
  const key = keyFile === undefined ? undefined : await keyInBackup(layout.backup(manifest.name).logKey);
  if (key !== undefined && keyFile !== undefined) await refuseOtherKey(keyFile, key);
  const store = await openEngines(config, 'made');
  try {
    const filled = await restoreBackup({
      layout,
      manifest,
      to: await placeOf(config, store),
      ...paced(watching),
      async onFilled() {
        if (key !== undefined && keyFile !== undefined) await installKeyFile(keyFile, key);
      },
    });
    return { ...filled, backup: manifest, logKeyFile: keyFile };
  } finally {
    await store.close();
  }
}

function paced({ signal, onProgress, onDamaged }: Watching): {
  readonly now: () => number;
  readonly breathe: () => Promise<void> | undefined;
  readonly onProgress?: OnProgress;
  readonly onDamaged?: (damaged: Damaged) => void;
} {
  const heard = {
    ...(onProgress === undefined ? {} : { onProgress }),
    ...(onDamaged === undefined ? {} : { onDamaged }),
  };
  return { now: Date.now, breathe: makePace(signal), ...heard };
}

async function placeOf({ store, blobs }: Places, opened: Pick<OpenStore, 'keys' | 'blobs'>): Promise<Place> {
  const blobsName = await nameOfBlobs(blobs);
  return {
    keys: opened.keys,
    blobs: opened.blobs.stores.blobs,
    name: `${await nameOfStore(store)}, ${blobsName}`,
    blobsName,
  };
}

/** As people may see it, the same for whoever names the same place. */
async function nameOfStore(place: StorePlace): Promise<string> {
  if (place.engine === 'postgres') return databaseName(place.url);
  return `lmdb:${await pathOf(place.folder)} on ${hostname()}`;
}

async function nameOfBlobs(place: BlobsPlace): Promise<string> {
  if (place.engine === 's3') {
    const { endpoint } = place.location;
    return endpoint === undefined ? nameOf(place.location) : `${nameOf(place.location)} at ${endpoint}`;
  }
  return `files:${await pathOf(place.folder)} on ${hostname()}`;
}

async function pathOf(folder: string): Promise<string> {
  return realpath(folder).catch(() => resolve(folder));
}

/** The key with which the log is signed. While it is being changed, its file may be a step before or behind the store. */
async function logKeyOf(keyFile: string, hash: string): Promise<LogSigner> {
  for (const file of [...keyFiles(keyFile, hash), ...keyFiles(keyFile, hash)]) {
    const signer = await keyIn(file);
    if (signer?.verifier.hash === hash) return signer;
  }
  const present = await keyIn(keyFile);
  const what = present === undefined ? 'is not there' : `has the key ${present.verifier.hash}`;
  throw new WrongSetting(
    `the log is signed with the key ${hash}, and ${keyFile} ${what}; name its file with --log-key, or leave it out with --no-log-key`,
  );
}

async function keyInBackup(path: string): Promise<LogSigner> {
  const signer = await keyIn(path);
  if (signer !== undefined) return signer;
  throw new MoveError('bad-backup', `the log's key is missing in the backup; --no-log-key restores without it`);
}

async function refuseOtherKey(file: string, key: LogSigner): Promise<void> {
  const present = await keyIn(file);
  if (present === undefined || present.format() === key.format()) return;
  throw new MoveError(
    'other-key',
    `there is another log's key in ${file}; name another file with --log-key, or leave it alone with --no-log-key`,
  );
}

async function keyIn(file: string): Promise<LogSigner | undefined> {
  try {
    return await readKeyFile(file);
  } catch (error) {
    if (error instanceof LogError)
      throw new WrongSetting(`${error.message} (--log-key or ASSAY_LOG_KEY)`, { cause: error });
    throw error;
  }
}
