import { randomUUID } from 'node:crypto';
import { chmod, readdir, readFile, writeFile } from 'node:fs/promises';
import { makeFolder, renameDurably } from '../../store/files/durable-files.ts';
import { basename } from 'node:path';
import { fileError } from '../../store/files/file-error.ts';
import { namesIn } from '../../store/files/names-in.ts';
import { StoreError } from '../../store/store-error.ts';
import { MoveError } from '../move-error.ts';
import { BackupLayout } from './layout.ts';
import { readManifest, type Manifest } from './manifest.ts';

const MARK = '{"assay":"backups","format":1}\n';
const NAME = /^\d{4}-\d\d-\d\dT\d\d-\d\d-\d\dZ(?:-\d+)?$/;

/** The folder for backups, made where it is not there yet. Refuses one in which something else is. */
export async function prepareBackups(root: string): Promise<BackupLayout> {
  const layout = new BackupLayout(root);
  try {
    await makeFolder(root);
    if (!(await isMarked(layout))) await markBackups(layout);
    for (const folder of [layout.backups, layout.small]) await makeFolder(folder);
    if ((await namesIn(root)).includes(basename(layout.oldLock))) {
      const message = `another assay backup, of an earlier version, works there; if none does, remove ${layout.oldLock}`;
      throw new StoreError('busy', message);
    }
  } catch (error) {
    throw fileError(error, 'preparing the folder for backups');
  }
  return layout;
}

/** What somebody left who died at this is no harm: the mark comes whole or not at all. */
async function markBackups({ root, marker }: BackupLayout): Promise<void> {
  const other = (await readdir(root)).find((name) => !name.startsWith(basename(marker)));
  if (other !== undefined) throw new MoveError('not-empty', `${root} holds something else than backups: ${other}`);
  // A backup is as secret as the store, and parts of it are of many backups.
  await chmod(root, 0o700).catch(unlessNotOurs);
  const temporary = `${marker}.${randomUUID()}`;
  await writeFile(temporary, MARK, { flush: true });
  await renameDurably(temporary, marker);
}

/** The folder of backups that somebody names. */
export async function openBackups(root: string): Promise<BackupLayout> {
  const layout = new BackupLayout(root);
  if (await isMarked(layout)) return layout;
  throw new MoveError('no-backup', `there are no backups in ${root}`);
}

/** The names of all backups, the oldest first. */
export async function backupNames({ backups }: BackupLayout): Promise<string[]> {
  return (await namesIn(backups)).filter((name) => NAME.test(name)).sort(inOrder);
}

/** What each backup says of itself, the oldest first. */
export async function listBackups(layout: BackupLayout): Promise<Manifest[]> {
  const manifests: Manifest[] = [];
  for (const name of await backupNames(layout)) manifests.push(await readManifest(layout.backup(name)));
  return manifests;
}

/** The backup of a name, or the newest. */
export async function findBackup(layout: BackupLayout, name: string | undefined): Promise<Manifest> {
  const names = await backupNames(layout);
  const wanted = name ?? names.at(-1);
  if (wanted !== undefined && names.includes(wanted)) return readManifest(layout.backup(wanted));
  const why = wanted === undefined ? 'there is no backup yet' : `there is no backup ${JSON.stringify(wanted)}`;
  throw new MoveError('no-backup', `${why} in ${layout.root}; assay backup list shows them`);
}

/** A name by its second. Behind the newest it is numbered, in the same second or where the clock was set back: the order is that of time. */
export async function newName(layout: BackupLayout, now: number): Promise<string> {
  const name = `${new Date(now).toISOString().slice(0, 19).replaceAll(':', '-')}Z`;
  const newest = (await backupNames(layout)).at(-1);
  if (newest === undefined || secondOf(newest) < name) return name;
  return `${secondOf(newest)}-${numberOf(newest) + 1}`;
}

/** A folder that another made for us, or a file system without modes: then they are its owner's matter. */
function unlessNotOurs(error: NodeJS.ErrnoException): void {
  if (!['EPERM', 'ENOTSUP'].includes(error.code ?? '')) throw error;
}

async function isMarked({ marker, root }: BackupLayout): Promise<boolean> {
  const text = await readFile(marker, 'utf8').catch(() => undefined);
  // Empty where one died who wrote it in place.
  if (text === undefined || text === '') return false;
  if (text === MARK) return true;
  throw new MoveError('bad-backup', `the backups in ${root} were made by another Assay`);
}

/** By time, then by number. */
function inOrder(one: string, other: string): number {
  const [a, b] = [secondOf(one), secondOf(other)];
  return a === b ? numberOf(one) - numberOf(other) : a < b ? -1 : 1;
}

function secondOf(name: string): string {
  return name.slice(0, 20);
}

function numberOf(name: string): number {
  return Number(name.slice(21) || 1);
}
