import { randomUUID } from 'node:crypto';
import { link, open, readdir, readFile, rm, stat, unlink, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { isSha256, parseDigest, type Sha256 } from '../../encoding/digest.ts';
import type { BlobStore, ByteRange, StoredBlob } from '../blob-store.ts';
import type { MoveMark } from '../move-mark.ts';
import { StoreError } from '../store-error.ts';
import { appendPieces } from './append-pieces.ts';
import { makeFolder, renameDurably, syncFolder } from './durable-files.ts';
import { fileError, isAbsent, isNoFolder, isThere } from './file-error.ts';
import type { FileLayout } from './file-layout.ts';
import { fromSource } from '../from-source.ts';
import { namesIn } from './names-in.ts';
import { readPieces } from './read-pieces.ts';

/** A file in `writing/` that nobody has touched for so long was left by a process that died. */
const LEFT_BEHIND_MS = 60 * 60 * 1000;

/** A folder of blobs; `lost+found` and what desktops leave are none. */
const SHARD = /^[0-9a-f]{2}$/;

export class FileBlobStore implements BlobStore, MoveMark {
  readonly #layout: FileLayout;

  private constructor(layout: FileLayout) {
    this.#layout = layout;
  }

  static async open(layout: FileLayout): Promise<FileBlobStore> {
    await makeFolder(layout.blobs);
    await makeFolder(layout.writing);
    await removeLeftBehind(layout.writing);
    return new FileBlobStore(layout);
  }

  /** For who makes nothing new: makes no folders and clears nothing away. Where there are none, nothing is stored. */
  static existing(layout: FileLayout): FileBlobStore {
    return new FileBlobStore(layout);
  }

  async stat(digest: Sha256): Promise<{ readonly size: number } | undefined> {
    try {
      const { size } = await stat(this.#layout.blob(digest));
      return { size };
    } catch (error) {
      if (isAbsent(error)) return undefined;
      throw fileError(error, 'looking for a blob');
    }
  }

  async *read(digest: Sha256, range?: ByteRange): AsyncGenerator<Uint8Array> {
    try {
      const handle = await open(this.#layout.blob(digest), 'r');
      try {
        yield* readPieces(handle, range?.start ?? 0, range?.end ?? (await handle.stat()).size);
      } finally {
        await handle.close();
      }
    } catch (error) {
      if (isAbsent(error)) throw new StoreError('missing', `no bytes are stored for ${digest}`, { cause: error });
      throw fileError(error, 'reading a blob');
    }
  }

  async write(digest: Sha256, source: AsyncIterable<Uint8Array>, signal?: AbortSignal): Promise<void> {
    const temporary = join(this.#layout.writing, randomUUID());
    try {
      const handle = await open(temporary, 'wx');
      try {
        await appendPieces(handle, 0, fromSource(source, signal));
      } finally {
        await handle.close();
      }
      await renameDurably(temporary, this.#layout.blob(digest));
    } catch (error) {
      await rm(temporary, { force: true });
      throw fileError(error, 'writing a blob');
    }
  }

  async delete(digest: Sha256): Promise<void> {
    const path = this.#layout.blob(digest);
    try {
      await unlink(path);
      await syncFolder(dirname(path));
    } catch (error) {
      if (!isAbsent(error)) throw fileError(error, 'deleting a blob');
    }
  }

  async *list(): AsyncGenerator<StoredBlob> {
    for (const folder of await namesIn(this.#layout.blobs)) {
      if (!SHARD.test(folder)) continue;
      for (const hex of await namesIn(join(this.#layout.blobs, folder))) {
        const digest = parseDigest(`sha256:${hex}`);
        if (digest === undefined || !isSha256(digest)) continue;
        const found = await this.stat(digest);
        if (found !== undefined) yield { digest, size: found.size };
      }
    }
  }

  async readMark(): Promise<Uint8Array | undefined> {
    try {
      return await readFile(this.#layout.mark);
    } catch (error) {
      if (isAbsent(error) || isNoFolder(error)) return undefined;
      throw fileError(error, 'looking for what is being moved here');
    }
  }

  async makeMark(bytes: Uint8Array): Promise<boolean> {
    const { mark, writing } = this.#layout;
    const temporary = join(writing, randomUUID());
    try {
      await writeFile(temporary, bytes, { flag: 'wx', flush: true });
      // Unlike a rename, a link takes nobody's place.
      await link(temporary, mark);
      await syncFolder(dirname(mark));
      return true;
    } catch (error) {
      if (isThere(error)) return false;
      throw fileError(error, 'noting what is being moved here');
    } finally {
      await rm(temporary, { force: true });
    }
  }

  async removeMark(): Promise<void> {
    const { mark } = this.#layout;
    try {
      await unlink(mark);
      await syncFolder(dirname(mark));
    } catch (error) {
      if (!isAbsent(error)) throw fileError(error, 'noting that all was moved here');
    }
  }
}

async function removeLeftBehind(folder: string): Promise<void> {
  for (const name of await readdir(folder)) {
    const path = join(folder, name);
    const { mtimeMs } = await stat(path).catch(() => ({ mtimeMs: Infinity }));
    if (mtimeMs < Date.now() - LEFT_BEHIND_MS) await rm(path, { force: true });
  }
}
