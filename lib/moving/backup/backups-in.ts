import { chmod, readdir, readFile, writeFile } from 'node:fs/promises';
import { makeFolder, syncFolder } from '../../store/files/durable-files.ts';
import { fileError } from '../../store/files/file-error.ts';
import { namesIn } from '../../store/files/names-in.ts';
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
    if (!(await isMarked(layout))) {
      const [other] = await readdir(root);
      if (other !== undefined) throw new MoveError('not-empty', `${root} holds something else than backups: ${other}`);
      // A backup is as secret as the store, and parts of it are of many backups.
      await chmod(root, 0o700).catch(unlessNotOurs);
      await writeFile(layout.marker, MARK, { flush: true });
      await syncFolder(root);
    }
    for (const folder of [layout.backups, layout.small]) await makeFolder(folder);
  } catch (error) {
    throw fileError(error, 'preparing the folder for backups');
  }
  return layout;
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

/** A name by its second; what is made in the same second is numbered. */
export async function newName(layout: BackupLayout, now: number): Promise<string> {
  const names = new Set(await backupNames(layout));
  const first = `${new Date(now).toISOString().slice(0, 19).replaceAll(':', '-')}Z`;
  let name = first;
  for (let number = 2; names.has(name); number += 1) name = `${first}-${number}`;
  return name;
}

/** A folder that another made for us, or a file system without modes: then they are its owner's matter. */
function unlessNotOurs(error: NodeJS.ErrnoException): void {
  if (!['EPERM', 'ENOTSUP'].includes(error.code ?? '')) throw error;
}

async function isMarked({ marker, root }: BackupLayout): Promise<boolean> {
  const text = await readFile(marker, 'utf8').catch(() => undefined);
  if (text === undefined) return false;
  if (text === MARK) return true;
  throw new MoveError('bad-backup', `the backups in ${root} were made by another Assay`);
}

/** By time, then by number. */
function inOrder(one: string, other: string): number {
  const order = one.slice(0, 20) < other.slice(0, 20) ? -1 : one.slice(0, 20) > other.slice(0, 20) ? 1 : 0;
  return order === 0 ? Number(one.slice(21) || 1) - Number(other.slice(21) || 1) : order;
}
