import { constants, copyFile, chmod, mkdir, symlink } from 'node:fs/promises';

/**
 * The only verbs that make something in a directory that is being pulled. Each makes what is not there and throws EEXIST
 * where something is, whatever it is: nothing is ever written through a link, or over a name.
 */
export interface NewFiles {
  folder(path: string): Promise<void>;
  /** A copy of content that has this mode. */
  copy(from: { readonly path: string; readonly mode: number }, path: string, mode: number): Promise<void>;
  link(target: Uint8Array, path: string): Promise<void>;
}

export const newFiles: NewFiles = {
  async folder(path) {
    await mkdir(path, { mode: 0o755 });
  },
  async copy(from, path, mode) {
    // A clone where the file system can, which costs no room.
    await copyFile(from.path, path, constants.COPYFILE_EXCL | constants.COPYFILE_FICLONE);
    if (from.mode !== mode) await chmod(path, mode);
  },
  async link(target, path) {
    await symlink(Buffer.from(target), path);
  },
};
