import { randomBytes } from 'node:crypto';
import { mkdir, realpath, rename, rm, rmdir } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';

/** Where a directory is to be, links on the way there resolved. What is there itself need not exist. */
export async function realPlace(directory: string): Promise<string> {
  try {
    return await realpath(directory);
  } catch (error) {
    if (!isMissing(error)) throw error;
    const path = resolve(directory);
    const parent = dirname(path);
    return parent === path ? path : join(await realPlace(parent), basename(path));
  }
}

/** A folder beside the directory that it shall become, on the same file system; gone again unless it takes its place. */
export class DirectoryInPlace {
  readonly path: string;
  readonly #directory: string;
  /** The topmost folder above that had to be made. */
  readonly #made: string | undefined;

  #isTaken = false;

  private constructor(path: string, directory: string, made: string | undefined) {
    this.path = path;
    this.#directory = directory;
    this.#made = made;
  }

  static async beside(directory: string): Promise<DirectoryInPlace> {
    for (let tries = 0; ; tries += 1) {
      const made = await mkdir(dirname(directory), { recursive: true });
      const place = new DirectoryInPlace(besides(directory, 'assay'), directory, made);
      try {
        await mkdir(place.path, { mode: 0o755 });
        return place;
      } catch (error) {
        await place.discard();
        // Another pull into the same new folder failed just now, and took the folder away.
        if (!isMissing(error) || tries === 10) throw error;
      }
    }
  }

  /** Takes the place, where nothing is there, or an empty folder. False where something else is. */
  async takeFree(): Promise<boolean> {
    try {
      await rename(this.path, this.#directory);
      this.#isTaken = true;
      return true;
    } catch (error) {
      if (isTaken(error)) return false;
      throw error;
    }
  }

  /**
   * Takes the place of what is there, which is put back where that fails. False where somebody else was there first. Both
   * renames are atomic; between them nothing is there.
   */
  async takeOver(): Promise<boolean> {
    const aside = besides(this.#directory, 'assay-old');
    try {
      await rename(this.#directory, aside);
    } catch (error) {
      if (isMissing(error)) return this.takeFree();
      throw error;
    }
    let taken = false;
    try {
      taken = await this.takeFree();
    } catch (error) {
      await rename(aside, this.#directory);
      throw error;
    }
    await rm(aside, { recursive: true, force: true });
    return taken;
  }

  /** Leaves nothing behind where the place was not taken. */
  async discard(): Promise<void> {
    if (this.#isTaken) return;
    await rm(this.path, { recursive: true, force: true });
    if (this.#made === undefined) return;
    for (let folder = dirname(this.#directory); ; folder = dirname(folder)) {
      // One that holds something is needed.
      if (
        !(await rmdir(folder).then(
          () => true,
          () => false,
        )) ||
        folder === this.#made
      )
        return;
    }
  }
}

function besides(directory: string, mark: string): string {
  return join(dirname(directory), `.${basename(directory)}.${mark}-${randomBytes(6).toString('hex')}`);
}

/** What a name says that is not there, or no longer. */
export function isMissing(error: unknown): boolean {
  return (error as NodeJS.ErrnoException).code === 'ENOENT';
}

/** What a rename says of a place where a full folder, or a file, is. */
function isTaken(error: unknown): boolean {
  const codes = ['ENOTEMPTY', 'EEXIST', 'ENOTDIR', ...(process.platform === 'win32' ? ['EPERM'] : [])];
  return codes.includes((error as NodeJS.ErrnoException).code ?? '');
}
