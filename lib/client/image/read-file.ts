import { constants, open, stat, type FileHandle } from 'node:fs/promises';
import { ImageError, plain } from './image-error.ts';

const PIECE = 256 * 1024;

/** Bytes of an open file from `start` on. Several may read it at once. Each piece is memory of its own. */
export async function* readPart(
  file: FileHandle,
  label: string,
  start: number,
  size: number,
): AsyncGenerator<Uint8Array> {
  for (let done = 0; done < size;) {
    const wanted = Math.min(PIECE, size - done);
    const { bytesRead, buffer } = await readAt(file, label, start + done, wanted);
    if (bytesRead === 0) {
      throw new ImageError('archive-damaged', `${label} ended early: it was cut while it was read`);
    }
    yield buffer.subarray(0, bytesRead);
    done += bytesRead;
  }
}

export async function readAt(
  file: FileHandle,
  label: string,
  start: number,
  size: number,
): Promise<{ bytesRead: number; buffer: Buffer }> {
  try {
    return await file.read(Buffer.allocUnsafeSlow(size), 0, size, start);
  } catch (error) {
    throw fileError(error, label);
  }
}

/** Opens what must be a plain file: a pipe would be waited for without end. */
export async function openPlain(path: string, label: string): Promise<{ file: FileHandle; size: number }> {
  let file: FileHandle | undefined;
  try {
    file = await open(path, constants.O_RDONLY | (constants.O_NONBLOCK ?? 0));
    const found = await file.stat();
    if (found.isFile()) return { file, size: found.size };
  } catch (error) {
    await file?.close();
    throw fileError(error, label);
  }
  await file.close();
  throw new ImageError('not-an-image', `${label} is no plain file`);
}

export async function isFolder(path: string, label: string): Promise<boolean> {
  try {
    return (await stat(path)).isDirectory();
  } catch (error) {
    throw fileError(error, label);
  }
}

export function isAbsent(error: unknown): boolean {
  return codeOf(error) === 'ENOENT' || codeOf(error) === 'ENOTDIR';
}

export function fileError(error: unknown, label: string): ImageError {
  if (error instanceof ImageError) return error;
  if (isAbsent(error)) return new ImageError('source-missing', `no such file: ${label}`, { cause: error });
  const why = WORDS[codeOf(error) ?? ''] ?? `the file system answers ${codeOf(error) ?? plain(String(error))}`;
  return new ImageError('source-unreadable', `${label} cannot be read: ${why}`, { cause: error });
}

const WORDS: Readonly<Record<string, string>> = {
  EACCES: 'permission is denied',
  EPERM: 'permission is denied',
  EIO: 'the disk fails',
  EMFILE: 'too many files are open',
  ENOSPC: 'no room is left for unpacking it; TMPDIR names another place',
};

function codeOf(error: unknown): string | undefined {
  return error instanceof Error && 'code' in error ? String(error.code) : undefined;
}
