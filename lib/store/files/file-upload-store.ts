import { constants } from 'node:fs';
import { open, rm, stat, type FileHandle } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { Sha256 } from '../../encoding/digest.ts';
import { StoreError } from '../store-error.ts';
import type { StagedUpload, UploadStore } from '../upload-store.ts';
import { appendPieces } from './append-pieces.ts';
import { makeFolder, renameDurably, syncFolder } from './durable-files.ts';
import { fileError, isAbsent } from './file-error.ts';
import type { FileLayout } from './file-layout.ts';
import { fromSource } from '../from-source.ts';
import { namesIn } from './names-in.ts';
import { readPieces } from './read-pieces.ts';

const UUID = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

export class FileUploadStore implements UploadStore {
  readonly #layout: FileLayout;

  private constructor(layout: FileLayout) {
    this.#layout = layout;
  }

  static async open(layout: FileLayout): Promise<FileUploadStore> {
    await makeFolder(layout.uploads);
    return new FileUploadStore(layout);
  }

  /** For who takes nothing in: makes no folder. Where there is none, nothing is staged. */
  static existing(layout: FileLayout): FileUploadStore {
    return new FileUploadStore(layout);
  }

  async size(id: string): Promise<number> {
    return (await this.#stat(id))?.size ?? 0;
  }

  async append(id: string, at: number, source: AsyncIterable<Uint8Array>): Promise<number> {
    const path = this.#layout.upload(id);
    try {
      const handle = await openToAppend(path, at);
      try {
        const { size } = await handle.stat();
        if (size !== at) throw misplaced(size, at);
        if (at === 0) await syncFolder(dirname(path));
        return await appendPieces(handle, at, fromSource(source));
      } finally {
        await handle.close();
      }
    } catch (error) {
      throw fileError(error, 'receiving an upload');
    }
  }

  async *read(id: string): AsyncGenerator<Uint8Array> {
    try {
      const handle = await open(this.#layout.upload(id), 'r');
      try {
        yield* readPieces(handle, 0, (await handle.stat()).size);
      } finally {
        await handle.close();
      }
    } catch (error) {
      if (!isAbsent(error)) throw fileError(error, 'reading an upload');
    }
  }

  async publish(id: string, digest: Sha256): Promise<void> {
    try {
      await renameDurably(this.#layout.upload(id), this.#layout.blob(digest));
    } catch (error) {
      if (isAbsent(error)) throw new StoreError('missing', `nothing is staged under ${id}`, { cause: error });
      throw fileError(error, 'keeping an upload');
    }
  }

  async discard(id: string): Promise<void> {
    try {
      await rm(this.#layout.upload(id), { force: true });
    } catch (error) {
      throw fileError(error, 'discarding an upload');
    }
  }

  async *list(): AsyncGenerator<StagedUpload> {
    for (const id of await namesIn(this.#layout.uploads)) {
      if (!UUID.test(id)) continue;
      const found = await this.#stat(id);
      if (found !== undefined) yield { id, ...found };
    }
  }

  async #stat(id: string): Promise<{ size: number; modified: number } | undefined> {
    try {
      const { size, mtimeMs } = await stat(this.#layout.upload(id));
      return { size, modified: mtimeMs };
    } catch (error) {
      if (isAbsent(error)) return undefined;
      throw fileError(error, 'looking for an upload');
    }
  }
}

/** Only what begins at the beginning makes a file. */
async function openToAppend(path: string, at: number): Promise<FileHandle> {
  try {
    return await open(path, at === 0 ? constants.O_WRONLY | constants.O_CREAT : constants.O_WRONLY);
  } catch (error) {
    throw at > 0 && isAbsent(error) ? misplaced(0, at) : error;
  }
}

function misplaced(size: number, at: number): StoreError {
  return new StoreError('failed', `an upload of ${size} bytes cannot go on at ${at}`);
}
