import { gather } from '../../encoding/gather.ts';
import { ImageError, plain } from './image-error.ts';

/** Files by path, `/` between its parts: a folder, or what a tar holds. Paths that climb out of it name nothing. */
export interface FileSet {
  /** Undefined where there is no such file. */
  size(path: string): Promise<number | undefined>;
  read(path: string): AsyncIterable<Uint8Array>;
  close(): Promise<void>;
}

/** JSON that tools write about an image is small; nothing of this size is. */
export const MAX_JSON_BYTES = 16 * 1024 * 1024;

/** A whole file, which must be small. Undefined where there is none. */
export async function readSmall(files: FileSet, path: string, limit: number): Promise<Buffer | undefined> {
  const size = await files.size(path);
  if (size === undefined) return undefined;
  const bytes = size > limit ? undefined : await gather(files.read(path), limit);
  if (bytes === undefined) throw new ImageError('manifest-invalid', `${plain(path)} has more than ${limit} bytes`);
  return bytes;
}

/** A file of JSON. Undefined where there is none. */
export async function readJson(files: FileSet, path: string): Promise<unknown> {
  const bytes = await readSmall(files, path, MAX_JSON_BYTES);
  if (bytes === undefined) return undefined;
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
  } catch (cause) {
    throw new ImageError('manifest-invalid', `${plain(path)} is not JSON in UTF-8`, { cause });
  }
}
