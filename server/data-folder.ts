import { mkdir, stat } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { syncFolder } from '../lib/store/files/durable-files.ts';
import { WrongSetting } from './settings.ts';

const TROUBLE: Readonly<Record<string, string>> = {
  EACCES: 'this user may not write there',
  EEXIST: 'something else has that name',
  ENAMETOOLONG: 'the name is too long',
  ENOENT: 'no folder can be made there',
  ENOTDIR: 'something on the way to it is no folder',
  EPERM: 'this user may not write there',
  EROFS: 'the file system is read-only',
};

/**
 * Makes a folder and those above it, each durable. Folder by folder, since Node's own way never ends where the system
 * says of a folder that is there that it is not, as below /proc.
 */
export async function makeDataFolder(folder: string): Promise<void> {
  try {
    await makeFolders(resolve(folder));
  } catch (error) {
    refuseFolder(folder, error);
  }
}

/** A folder that cannot be used is a wrong setting, unless the disk itself fails. */
export function refuseFolder(folder: string, error: unknown): never {
  const why = TROUBLE[codeOf(error)];
  if (why === undefined) throw error;
  throw new WrongSetting(`data cannot be kept in ${folder}: ${why}`);
}

export async function isFolder(path: string): Promise<boolean> {
  return stat(path).then(
    (found) => found.isDirectory(),
    () => false,
  );
}

async function makeFolders(folder: string): Promise<void> {
  if (await isFolder(folder)) return;
  const parent = dirname(folder);
  if (parent !== folder) await makeFolders(parent);
  try {
    await mkdir(folder);
  } catch (error) {
    // Another process may make the same.
    if (codeOf(error) === 'EEXIST' && (await isFolder(folder))) return;
    throw error;
  }
  await syncFolder(parent);
}

function codeOf(error: unknown): string {
  return error instanceof Error && 'code' in error ? String(error.code) : '';
}
