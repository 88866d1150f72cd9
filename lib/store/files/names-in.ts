import { readdir } from 'node:fs/promises';
import { fileError, isAbsent, isNoFolder } from './file-error.ts';

/** The names in a folder, in order; none where there is no such folder. */
export async function namesIn(folder: string): Promise<string[]> {
  try {
    return (await readdir(folder)).sort();
  } catch (error) {
    if (isAbsent(error) || isNoFolder(error)) return [];
    throw fileError(error, 'listing a folder');
  }
}
