import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { plain } from './image-error.ts';
import type { FileSet } from './file-set.ts';
import { fileError, isAbsent, openPlain, readPart } from './read-file.ts';

/** The files of a folder. */
export class FolderFiles implements FileSet {
  readonly #folder: string;

  constructor(folder: string) {
    this.#folder = folder;
  }

  async size(path: string): Promise<number | undefined> {
    if (climbs(path)) return undefined;
    try {
      const found = await stat(this.#pathOf(path));
      return found.isFile() ? found.size : undefined;
    } catch (error) {
      if (isAbsent(error)) return undefined;
      throw fileError(error, plain(this.#pathOf(path)));
    }
  }

  async *read(path: string): AsyncGenerator<Uint8Array> {
    const label = plain(this.#pathOf(path));
    const { file, size } = await openPlain(this.#pathOf(path), label);
    try {
      yield* readPart(file, label, 0, size);
    } finally {
      await file.close();
    }
  }

  async close(): Promise<void> {}

  #pathOf(path: string): string {
    return join(this.#folder, ...path.split('/'));
  }
}

function climbs(path: string): boolean {
  return path.split('/').some((part) => part === '..' || part.includes('\0'));
}
