import { createHash } from 'node:crypto';
import { open } from 'node:fs/promises';
import { digestOf } from '../../encoding/digest.ts';
import { appendPieces } from '../../store/files/append-pieces.ts';
import { fileError } from '../../store/files/file-error.ts';
import { readPieces } from '../../store/files/read-pieces.ts';
import { MoveError } from '../move-error.ts';
import type { StoredFile } from './manifest.ts';

/** Writes a new file, durable when this resolves. */
export async function writeHashed(path: string, source: AsyncIterable<Uint8Array>): Promise<StoredFile> {
  const hash = createHash('sha256');
  async function* hashed(): AsyncGenerator<Uint8Array> {
    for await (const piece of source) {
      hash.update(piece);
      yield piece;
    }
  }
  try {
    const handle = await open(path, 'wx');
    try {
      const bytes = await appendPieces(handle, 0, hashed());
      await handle.sync();
      return { bytes, digest: digestOf('sha256', hash) as StoredFile['digest'] };
    } finally {
      await handle.close();
    }
  } catch (error) {
    throw fileError(error, 'writing a backup');
  }
}

/** The pieces of a file. Each has memory of its own. */
export async function* readFilePieces(path: string): AsyncGenerator<Uint8Array> {
  const handle = await open(path, 'r').catch((cause: unknown) => {
    throw new MoveError('bad-backup', `${path} cannot be read`, { cause });
  });
  try {
    yield* readPieces(handle, 0, (await handle.stat()).size);
  } finally {
    await handle.close();
  }
}

/** Whether a file is what was written. */
export async function isAsWritten(path: string, { digest, bytes }: StoredFile): Promise<boolean> {
  const hash = createHash('sha256');
  let length = 0;
  try {
    for await (const piece of readFilePieces(path)) {
      hash.update(piece);
      length += piece.length;
    }
  } catch (error) {
    if (error instanceof MoveError) return false;
    throw error;
  }
  return length === bytes && digestOf('sha256', hash) === digest;
}
