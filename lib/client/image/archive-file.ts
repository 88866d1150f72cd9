import { createReadStream } from 'node:fs';
import { mkdtemp, open, rm, type FileHandle } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { createGunzip } from 'node:zlib';
import { ImageError } from './image-error.ts';
import { fileError, openPlain, readAt } from './read-file.ts';
import { TarFiles } from './tar-files.ts';

/** Opens a tar, or a tar in gzip, which is unpacked to a temporary file: what lies in gzip cannot be jumped in. */
export async function openArchive(path: string, label: string, signal?: AbortSignal): Promise<TarFiles> {
  const { file, size } = await openPlain(path, label);
  let zipped: boolean;
  try {
    const { bytesRead, buffer } = await readAt(file, label, 0, 2);
    zipped = bytesRead === 2 && isGzip(buffer);
  } catch (error) {
    await file.close();
    throw error;
  }
  if (!zipped) return TarFiles.of(file, label, size);
  await file.close();
  const unpacked = await gunzip(path, label, signal);
  return TarFiles.of(unpacked, label, (await unpacked.stat()).size);
}

export function isGzip(bytes: Uint8Array): boolean {
  return bytes[0] === 0x1f && bytes[1] === 0x8b;
}

/** The temporary file loses its name as soon as it is open, so that not even a crash leaves it behind. */
async function gunzip(path: string, label: string, signal: AbortSignal | undefined): Promise<FileHandle> {
  let file: FileHandle | undefined;
  try {
    file = await openUnnamed();
    const target = file;
    async function write(pieces: AsyncIterable<Buffer>): Promise<void> {
      for await (const piece of pieces) await target.appendFile(piece);
    }
    await pipeline(createReadStream(path), createGunzip(), write, signal === undefined ? {} : { signal });
    return file;
  } catch (error) {
    await file?.close();
    signal?.throwIfAborted();
    throw isZlibError(error)
      ? new ImageError('archive-damaged', `${label} is damaged: its gzip cannot be read`, { cause: error })
      : fileError(error, label);
  }
}

async function openUnnamed(): Promise<FileHandle> {
  const folder = await mkdtemp(join(tmpdir(), 'assay-image-'));
  try {
    return await open(join(folder, 'tar'), 'wx+', 0o600);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

function isZlibError(error: unknown): boolean {
  return error instanceof Error && 'code' in error && String(error.code).startsWith('Z_');
}
