import { randomUUID } from 'node:crypto';
import { mkdir, open, readdir, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { LogSigner } from '../../log/log-signer.ts';
import type { BlobStore } from '../../store/blob-store.ts';
import type { Encoding, Located } from '../../store/content-record.ts';
import { syncFolder } from '../../store/files/durable-files.ts';
import { DATA_FORMAT, requireFormat } from '../../store/data-format.ts';
import { FileBlobStore } from '../../store/files/file-blob-store.ts';
import { fileError } from '../../store/files/file-error.ts';
import { namesIn } from '../../store/files/names-in.ts';
import type { Entry, KeyedStore } from '../../store/keyed-store.ts';
import type { Lease } from '../../store/lease.ts';
import type { Listed, Moments } from '../../store/moments.ts';
import { blobsOf, MISSING, smallOf, wrongWith, type Damaged } from '../content.ts';
import { countUploads, describeLog, keysOfLog, type LogIdentity } from '../describe-store.ts';
import { MoveError } from '../move-error.ts';
import { moveBlob, type OnProgress } from '../fill.ts';
import { namesIn as keysIn, storeOrigin } from '../origin.ts';
import { eachAtOnce } from '../../encoding/each-at-once.ts';
import { withoutCollection } from '../without-collection.ts';
import { BackupOrigin } from './backup-origin.ts';
import { backupNames, newName, prepareBackups } from './backups-in.ts';
import { encodeEntries } from './entry-file.ts';
import { writeHashed } from './hashed-file.ts';
import { BackupFolder, type BackupLayout } from './layout.ts';
import { keepBackups } from './keep-backups.ts';
import { withLock, type FolderLock } from './lock.ts';
import { FORMAT, readManifest, type Manifest, type PackFile } from './manifest.ts';
import { nameInPack, OpenPacks, packsIn, writePack } from './packs.ts';
import { packFile } from './pack-file.ts';

const BLOBS_AT_ONCE = 4;

export interface BackupSource {
  readonly keys: KeyedStore & Moments;
  readonly blobs: Pick<BlobStore, 'read'>;
}

export interface BackupOptions {
  readonly from: BackupSource;
  readonly folder: string;
  readonly now: () => number;
  /** Finds the log's key by its hash, where it is to be in the backup: the one that signs at the moment that the backup is of. */
  readonly logKey: ((hash: string) => Promise<LogSigner>) | undefined;
  /** How many backups are to be kept, with this one; undefined for all. */
  readonly keep?: number | undefined;
  readonly lockTermMs?: number | undefined;
  readonly breathe: () => Promise<void> | undefined;
  readonly onProgress?: OnProgress | undefined;
  readonly onDamaged?: (damaged: Damaged) => void;
}

export interface BackupReport extends Manifest {
  /** The backups that were removed. */
  readonly removed: readonly string[];
}

/** What the parts of a backup share. */
interface Writing extends BackupOptions {
  readonly layout: BackupLayout;
  readonly lock: FolderLock;
  readonly lease: Lease;
  readonly damaged: (found: Damaged) => void;
}

/**
 * Writes a backup beside running servers: all keys of one moment, then every blob that they name. No garbage is collected
 * meanwhile, so that no blob goes which was named at that moment. It gets its name when it is whole; what earlier backups
 * have is not written again. Then older ones are removed, if so many are not to be kept, before anybody else may write there.
 */
export async function writeBackup(options: BackupOptions): Promise<BackupReport> {
  const { from, folder, now, keep, breathe, onProgress } = options;
  // Bringing it forward is what a backup is to be made before.
  await requireFormat(from.keys, DATA_FORMAT, 'back it up with the version that used it last');
  const layout = await prepareBackups(folder);
  const onWait = (): void => onProgress?.('waiting for a garbage collection to end', 0, undefined);
  async function writeLocked(lock: FolderLock): Promise<BackupReport> {
    await refuseOtherStore(layout, from.keys);
    await removeUnfinished(layout);
    const write = (lease: Lease): Promise<Manifest> => writeOrNothing(layout, lock, lease, options);
    const manifest = await withoutCollection(from.keys, now, write, onWait);
    const removed = keep === undefined ? [] : await keepBackups(layout, keep, lock, breathe);
    return { ...manifest, removed };
  }
  const onLook = (): void => onProgress?.('looking whether another backup works there', 0, undefined);
  return withLock(layout.locks, writeLocked, { onWait: onLook, termMs: options.lockTermMs });
}

/** A folder holds backups of one store, or --keep would remove those of another, and the newest would be anybody's. */
async function refuseOtherStore(layout: BackupLayout, keys: Listed): Promise<void> {
  const own = await keysOfLog(keys);
  const first = own[0];
  if (first === undefined) return;
  const hashes = own.map(({ hash }) => hash);
  const logs: LogIdentity[] = [];
  for (const name of await backupNames(layout)) {
    // One that cannot be read says nothing of others; assay backup verify names it.
    const manifest = await readManifest(layout.backup(name)).catch(unlessBad);
    if (manifest?.log != null) logs.push(manifest.log);
  }
  // Older backups say with which key the log was signed, and not which was its first.
  const isOwn = (log: LogIdentity): boolean =>
    log.first === undefined ? hashes.includes(log.key) : log.first === first.hash;
  const other = logs.at(-1);
  if (other === undefined || logs.some(isOwn)) return;
  throw new MoveError(
    'not-empty',
    `in ${layout.root} are backups of another store, with the log ${other.origin} (key ${other.key}), and this one has the log ` +
      `${first.name} (key ${hashes.at(-1)}); name a folder of its own`,
  );
}

function unlessBad(error: unknown): undefined {
  if (!(error instanceof MoveError)) throw error;
}

async function writeOrNothing(
  layout: BackupLayout,
  lock: FolderLock,
  lease: Lease,
  options: BackupOptions,
): Promise<Manifest> {
  const temporary = new BackupFolder(join(layout.backups, `.writing-${randomUUID()}`));
  try {
    await mkdir(temporary.path, { mode: 0o700 });
    return await writeInto(temporary, layout, lock, lease, options);
  } catch (error) {
    await rm(temporary.path, { recursive: true, force: true });
    // Where another has taken over, and the files away, that is the reason.
    await lock.check();
    throw fileError(error, 'writing a backup');
  }
}

async function writeInto(
  temporary: BackupFolder,
  layout: BackupLayout,
  lock: FolderLock,
  lease: Lease,
  options: BackupOptions,
): Promise<Manifest> {
  const { from, now } = options;
  const damaged: Damaged[] = [];
  const writing: Writing = {
    ...options,
    layout,
    lock,
    lease,
    damaged(found) {
      damaged.push(found);
      options.onDamaged?.(found);
    },
  };
  const began = now();
  const then = await from.keys.atOneMoment(async (listed) => {
    const log = (await describeLog(listed)) ?? null;
    // First of all: without it, the rest is in vain.
    const logKey = log === null ? undefined : await options.logKey?.(log.key);
    return {
      log,
      logKey,
      ...(await writeKeys(writing, temporary, listed)),
      ...(await writeSmall(writing, listed)),
      uploadsLeftOut: await countUploads(listed),
    };
  });
  const { writtenBlobs, ...blobs } = await writeBlobs(writing, temporary);
  const { logKey } = then;
  if (logKey !== undefined) await writeSecret(temporary.logKey, `${logKey.format()}\n`);
  const { keys, usedPacks, newPack, small, writtenSmall, uploadsLeftOut, log } = then;
  const packs: PackFile[] = [];
  for (const pack of usedPacks) packs.push(await packFile(layout, pack));
  if (newPack !== undefined) packs.push(newPack);
  const name = await newName(layout, began);
  const manifest: Manifest = {
    format: FORMAT,
    name,
    at: new Date(began).toISOString(),
    keys,
    packs,
    small,
    ...blobs,
    written: {
      small: writtenSmall.count,
      blobs: writtenBlobs.count,
      bytes: keys.bytes + writtenSmall.bytes + writtenBlobs.bytes,
    },
    log,
    logKey: logKey !== undefined,
    uploadsLeftOut,
    damaged,
  };
  await writeFile(temporary.manifest, `${JSON.stringify(manifest, null, 2)}\n`, { flush: true });
  await syncFolder(temporary.path);
  await lock.check();
  await rename(temporary.path, layout.backup(name).path);
  await syncFolder(layout.backups);
  return manifest;
}

async function writeKeys(
  { breathe, onProgress }: Writing,
  temporary: BackupFolder,
  listed: Listed,
): Promise<Pick<Manifest, 'keys'>> {
  let entries = 0;
  async function* counted(): AsyncGenerator<Entry> {
    for await (const entry of keysIn(listed)) {
      await breathe();
      entries += 1;
      onProgress?.('keys', entries, undefined);
      yield entry;
    }
  }
  const file = await writeHashed(temporary.keys, encodeEntries(counted()));
  return { keys: { ...file, entries } };
}

interface WrittenSmall extends Pick<Manifest, 'small'> {
  /** Earlier packs, of which something is used. */
  readonly usedPacks: readonly string[];
  readonly newPack: PackFile | undefined;
  readonly writtenSmall: { readonly count: number; readonly bytes: number };
}

/** A pack of the small content that no earlier pack has. */
async function writeSmall(writing: Writing, listed: Listed): Promise<WrittenSmall> {
  const { layout, breathe, onProgress, damaged } = writing;
  const earlier = await packsIn(layout);
  const known = await OpenPacks.open(layout, earlier, 'index');
  const used = new Set<string>();
  let [count, bytes, fresh, freshBytes] = [0, 0, 0, 0];
  async function* missing(): AsyncGenerator<Entry> {
    for await (const small of smallOf(storeOrigin(listed, writing.from.blobs))) {
      await breathe();
      onProgress?.('small content', count, undefined);
      const name = nameInPack(small);
      const found = await known.find(name);
      const wrong = found === undefined ? wrongWith(small) : undefined;
      if (wrong !== undefined) damaged(wrong);
      if (wrong !== undefined || (found === undefined && small.value === undefined)) continue;
      count += 1;
      bytes += small.record.size;
      if (found !== undefined) used.add(found.pack);
      else if (small.value !== undefined) {
        fresh += 1;
        freshBytes += small.value.length;
        yield { key: name, value: small.value };
      }
    }
  }
  try {
    const newPack = await writePack(layout, missing());
    const written = { small: { count, bytes }, writtenSmall: { count: fresh, bytes: freshBytes } };
    return { usedPacks: [...used].sort(), newPack, ...written };
  } finally {
    await known.close();
  }
}

interface WrittenBlobs extends Pick<Manifest, 'blobs'> {
  readonly writtenBlobs: { readonly count: number; readonly bytes: number };
}

/** By the keys that were written, of which no moment has to be held any more. */
async function writeBlobs(writing: Writing, temporary: BackupFolder): Promise<WrittenBlobs> {
  const { layout, lease, from, breathe, onProgress, damaged } = writing;
  const stores = await blobStores(layout);
  const written = new BackupOrigin(layout, temporary, []);
  const source = storeOrigin(from.keys, from.blobs);
  let [count, bytes, fresh, freshBytes] = [0, 0, 0, 0];
  let total: number | undefined;
  if (onProgress !== undefined) {
    total = 0;
    for await (const _located of blobsOf(written)) total += 1;
  }
  await eachAtOnce(BLOBS_AT_ONCE, blobsOf(written), async (located: Located) => {
    await breathe();
    const store = stores(located.encoding);
    if ((await store.stat(located.content)) === undefined) {
      const what = await moveBlob(source, located, store);
      if (what !== undefined) {
        // Whoever does not hold the lease any more cannot tell what is lost from what was collected.
        if (what === MISSING) lease.check();
        damaged({ content: located.content, what });
        return;
      }
      const stored = await store.stat(located.content);
      fresh += 1;
      freshBytes += stored?.size ?? 0;
    }
    count += 1;
    bytes += located.size;
    onProgress?.('blobs', count, total);
  });
  return { blobs: { count, bytes }, writtenBlobs: { count: fresh, bytes: freshBytes } };
}

async function blobStores(layout: BackupLayout): Promise<(encoding: Encoding) => FileBlobStore> {
  const raw = await FileBlobStore.open(layout.blobs(undefined));
  const zlib = await FileBlobStore.open(layout.blobs('zlib'));
  return (encoding) => (encoding === 'zlib' ? zlib : raw);
}

/** Durable, and for its owner alone. */
async function writeSecret(path: string, text: string): Promise<void> {
  const handle = await open(path, 'wx', 0o600);
  try {
    await handle.writeFile(text);
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/** What backups have left behind that died. */
async function removeUnfinished(layout: BackupLayout): Promise<void> {
  const { backups, small } = layout;
  for (const folder of [backups, small]) {
    for (const name of await readdir(folder)) {
      if (name.startsWith('.')) await rm(join(folder, name), { recursive: true, force: true });
    }
  }
  for (const { writing } of [layout.blobs(undefined), layout.blobs('zlib')]) {
    for (const name of await namesIn(writing)) await rm(join(writing, name), { force: true });
  }
}
