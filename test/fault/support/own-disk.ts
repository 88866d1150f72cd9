import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { mkdir, open, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { runProgram } from '../../support/run-program.ts';

/** A disk that can be filled up, or fail, without harm to others. */
export interface OwnDisk {
  readonly path: string;
  unmount(): Promise<void>;
}

export async function memoryDisk(folder: string, megabytes: number): Promise<OwnDisk> {
  const path = join(folder, 'disk');
  await mkdir(path);
  await runProgram('mount', ['-t', 'tmpfs', '-o', `size=${megabytes}m`, 'tmpfs', path]);
  return {
    path,
    async unmount() {
      await runProgram('umount', [path]);
    },
  };
}

/** A disk in a file, which can be made to fail as a real one does: from then on the kernel lets nobody write. */
export interface FailingDisk extends OwnDisk {
  fail(): Promise<void>;
  /** As after a restart of the machine. Nobody may have a file open. */
  mountAgain(): Promise<void>;
}

export async function failingDisk(folder: string, megabytes: number): Promise<FailingDisk> {
  const image = join(folder, 'image');
  const path = join(folder, 'disk');
  const file = await open(image, 'w');
  await file.truncate(megabytes * 2 ** 20);
  await file.close();
  await mkdir(path);
  await runProgram('mkfs.ext4', ['-q', image]);
  const mount = async (): Promise<void> => void (await runProgram('mount', ['-o', 'loop', image, path]));
  const unmount = async (): Promise<void> => void (await runProgram('umount', [path]));
  await mount();
  return {
    path,
    unmount,
    async fail() {
      await runProgram('mount', ['-o', 'remount,abort', path]);
    },
    async mountAgain() {
      await unmount();
      await mount();
    },
  };
}

/** Whether this machine lets us have a failing disk, by trying. */
export function mayHaveFailingDisk(): boolean {
  const folder = mkdtempSync(join(tmpdir(), 'assay-disk-'));
  try {
    const [image, path] = [join(folder, 'image'), join(folder, 'disk')];
    mkdirSync(path);
    const made =
      spawnSync('truncate', ['-s', '8M', image]).status === 0 &&
      spawnSync('mkfs.ext4', ['-q', image]).status === 0 &&
      spawnSync('mount', ['-o', 'loop', image, path]).status === 0;
    if (made) spawnSync('umount', [path]);
    return made;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

const PIECES = [1_048_576, 65_536, 4096];

/** Takes all that is left of a disk; resolves with what gives it back. */
export async function fill(disk: OwnDisk): Promise<() => Promise<void>> {
  const folder = join(disk.path, 'filler');
  await mkdir(folder);
  for (const size of PIECES) {
    for (let at = 0; ; at += 1) {
      const name = join(folder, `${size}-${at}`);
      try {
        await writeFile(name, Buffer.alloc(size));
      } catch {
        await rm(name, { force: true });
        break;
      }
    }
  }
  return () => rm(folder, { recursive: true });
}
