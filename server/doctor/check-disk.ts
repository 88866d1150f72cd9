import { mkdtemp, open, rm, statfs } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import type { Config } from '../config.ts';
import { isFolder } from '../data-folder.ts';
import { fail, ok, reasonOf, warn, type Finding } from './finding.ts';

const GIB = 1024 ** 3;
const LEAST_BYTES = 64 * 1024 * 1024;
const COMFORT_BYTES = 2 * GIB;
const COMFORT_SHARE = 0.05;
const ADVICE =
  'make room: a larger disk, assay gc, less in ASSAY_SNAPSHOT_GRACE; without room writes are answered with 507';

/** Of each folder that the server writes to: that it can be written to, and how much room there is. */
export async function checkDisk(config: Config): Promise<Finding[]> {
  const findings: Finding[] = [];
  for (const [what, folder] of foldersOf(config)) {
    const there = await nearest(folder);
    findings.push(await checkRoom(what, there));
    if (there === resolve(folder)) findings.push(await checkWriting(what, there));
  }
  return findings;
}

function foldersOf({ store, blobs, publish }: Config): Map<string, string> {
  const folders = new Map<string, string>();
  if (store.engine === 'lmdb') folders.set('store', store.folder);
  folders.set(
    blobs.engine === 'files' ? 'blobs' : 'temporary files',
    blobs.engine === 'files' ? blobs.folder : tmpdir(),
  );
  if (publish.engine === 'dir') folders.set('snapshots', publish.folder);
  return folders;
}

/** What is not made yet will lie on the disk of what is above it. */
async function nearest(folder: string): Promise<string> {
  let path = resolve(folder);
  while (!(await isFolder(path)) && dirname(path) !== path) path = dirname(path);
  return path;
}

async function checkRoom(what: string, folder: string): Promise<Finding> {
  const check = `room for ${what}`;
  try {
    const { bavail, blocks, bsize, files, ffree } = await statfs(folder);
    const [free, all] = [bavail * bsize, blocks * bsize];
    const said = `${(free / GIB).toFixed(1)} GiB free of ${(all / GIB).toFixed(1)} GiB in ${folder}`;
    if (free < LEAST_BYTES) return fail(check, said, ADVICE);
    if (files > 0 && ffree < files * 0.01) return warn(check, `${ffree} files more fit in ${folder}`, ADVICE);
    if (free < COMFORT_BYTES || free < all * COMFORT_SHARE) return warn(check, said, ADVICE);
    return ok(check, said);
  } catch (error) {
    return warn(check, `nobody knows: ${reasonOf(error)}`, 'look at the disk by other means');
  }
}

/** With a file in a folder of its own, that goes again. */
async function checkWriting(what: string, folder: string): Promise<Finding> {
  const check = `writing ${what}`;
  let probe: string | undefined;
  try {
    probe = await mkdtemp(join(folder, '.assay-doctor-'));
    const file = await open(join(probe, 'probe'), 'wx');
    try {
      await file.writeFile('Assay tries what it may do here');
      await file.sync();
    } finally {
      await file.close();
    }
    return ok(check, `files can be written and synced in ${folder}`);
  } catch (error) {
    return fail(
      check,
      `${folder}: ${reasonOf(error)}`,
      "run the doctor as the server's user, and give that user the folder",
    );
  } finally {
    if (probe !== undefined) await rm(probe, { recursive: true, force: true }).catch(() => undefined);
  }
}
