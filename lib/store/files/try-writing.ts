import { randomUUID } from 'node:crypto';
import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileError } from './file-error.ts';

const PROBE = Buffer.alloc(4096, 'is there room, and may it be taken? ');

/** Writes a little into the folder and takes it away again; rejects with a StoreError where the disk takes no writes. */
export async function tryWriting(folder: string): Promise<void> {
  const path = join(folder, `probe-${randomUUID()}`);
  try {
    await writeFile(path, PROBE, { flag: 'wx', flush: true });
  } catch (error) {
    throw fileError(error, 'trying whether the disk takes writes');
  } finally {
    await rm(path, { force: true }).catch(() => undefined);
  }
}
