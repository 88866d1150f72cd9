import { rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { randomUUID } from 'node:crypto';
import { FileBlobStore } from '../../store/files/file-blob-store.ts';
import { namesIn } from '../../store/files/names-in.ts';
import { syncFolder } from '../../store/files/durable-files.ts';
import { blobsOf } from '../content.ts';
import { BackupOrigin } from './backup-origin.ts';
import { listBackups } from './backups-in.ts';
import type { BackupLayout } from './layout.ts';
import type { FolderLock } from './lock.ts';
import type { Manifest } from './manifest.ts';

/**
 * Keeps the newest so many backups, and the newest that lacks nothing, and removes what only the others needed. Returns the names of
 * those that went. For who holds the folder's lock. Killed at any moment, it is mended by the next.
 */
export async function keepBackups(
  layout: BackupLayout,
  most: number,
  { check }: FolderLock,
  breathe: () => Promise<void> | undefined,
): Promise<string[]> {
  const all = await listBackups(layout);
  const kept = new Set(all.slice(-most));
  const whole = all.findLast(({ damaged }) => damaged.length === 0);
  if (whole !== undefined) kept.add(whole);
  const gone = all.filter((manifest) => !kept.has(manifest));
  for (const { name } of gone) {
    await check();
    await removeBackup(layout, name);
  }
  await sweep(layout, [...kept], check, breathe);
  return gone.map(({ name }) => name);
}

/** First out of sight, so that there is never half of one. */
async function removeBackup(layout: BackupLayout, name: string): Promise<void> {
  const away = join(layout.backups, `.removing-${randomUUID()}`);
  await rename(layout.backup(name).path, away);
  await syncFolder(layout.backups);
  await rm(away, { recursive: true });
}

async function sweep(
  layout: BackupLayout,
  kept: readonly Manifest[],
  check: FolderLock['check'],
  breathe: () => Promise<void> | undefined,
): Promise<void> {
  const named = { raw: new Set<string>(), zlib: new Set<string>() };
  for (const { name, packs } of kept) {
    for await (const { content, encoding } of blobsOf(new BackupOrigin(layout, layout.backup(name), packs))) {
      await breathe();
      named[encoding ?? 'raw'].add(content);
    }
  }
  for (const encoding of ['zlib', undefined] as const) {
    const store = FileBlobStore.existing(layout.blobs(encoding));
    for await (const { digest } of store.list()) {
      await breathe();
      if (named[encoding ?? 'raw'].has(digest)) continue;
      await check();
      await store.delete(digest);
    }
  }
  const packs = new Set(kept.flatMap(({ packs }) => packs.map(({ name }) => name)));
  // The index goes first: without it a pack is none.
  for (const suffix of ['.index', '.pack']) {
    for (const file of await namesIn(layout.small)) {
      if (!file.endsWith(suffix) || packs.has(file.slice(0, -suffix.length))) continue;
      await check();
      await rm(join(layout.small, file), { force: true });
    }
  }
  await syncFolder(layout.small);
}
