import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { lstat, readdir, readFile, realpath } from 'node:fs/promises';
import { join, sep } from 'node:path';
import type { JsonObject, JsonValue } from '../encoding/canonical-json.ts';
import { digestOf, type Sha256 } from '../encoding/digest.ts';
import { strictJson, StrictJsonError } from '../encoding/strict-json.ts';
import type { Media, Review, RunRecord, RunSubmission } from '../record/wire.ts';
import { ClientError, throwIfAborted } from './client-error.ts';

const MAX_DOCUMENT_BYTES = 2 * 1024 * 1024;
const TYPES: Readonly<Record<string, string>> = {
  avif: 'image/avif',
  gif: 'image/gif',
  jpeg: 'image/jpeg',
  jpg: 'image/jpeg',
  json: 'application/json',
  log: 'text/plain',
  md: 'text/markdown',
  mp4: 'video/mp4',
  png: 'image/png',
  txt: 'text/plain',
  webm: 'video/webm',
  webp: 'image/webp',
};

/** A file that belongs to a run. */
export interface MediaFile extends Media {
  readonly path: string;
}

/** What a run's directory holds, ready to be sent. */
export interface RunDirectory {
  readonly submission: RunSubmission;
  readonly media: readonly MediaFile[];
}

/**
 * Reads `record.json`, `review.json`, `links.json` if it is there, and the run's media: the files that the record names
 * under their names in the directory, or, where it names none, all below `media/`, with which the record is completed.
 */
export async function readRunDirectory(directory: string, signal?: AbortSignal): Promise<RunDirectory> {
  const record = await readDocument(join(directory, 'record.json'));
  const review = await readDocument(join(directory, 'review.json'));
  const links = await readDocument(join(directory, 'links.json'), 'optional');
  if (record === undefined || review === undefined) throw new Error('documents that are needed are read or refused');
  const named = record['media'];
  const media = named === undefined ? await mediaBelow(directory, signal) : await mediaNamed(directory, named, signal);
  const whole = named === undefined && media.length > 0 ? { ...record, media: media.map(withoutPath) } : record;
  return {
    submission: {
      record: whole as unknown as RunRecord,
      review: review as unknown as Review,
      ...(links === undefined ? {} : { links }),
    },
    media,
  };
}

/** A file that is a JSON object and that every reader takes for the same. */
export async function readDocument(path: string): Promise<JsonObject>;
export async function readDocument(path: string, optional: 'optional'): Promise<JsonObject | undefined>;
export async function readDocument(path: string, optional?: 'optional'): Promise<JsonObject | undefined> {
  const bytes = await bytesOf(path);
  if (bytes === undefined && optional === 'optional') return undefined;
  if (bytes === undefined) throw new ClientError('bad-record', `there is no ${path}`);
  let value: JsonValue;
  try {
    value = strictJson(bytes);
  } catch (cause) {
    if (!(cause instanceof StrictJsonError)) throw cause;
    throw new ClientError('bad-record', cause.path === '' ? `${path} ${cause.what}` : `${path}: ${cause.message}`, {
      about: { path: cause.path },
      cause,
    });
  }
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as JsonObject;
  throw new ClientError('bad-record', `${path} holds no JSON object`);
}

async function bytesOf(path: string): Promise<Buffer | undefined> {
  try {
    const { size } = await lstat(path);
    if (size > MAX_DOCUMENT_BYTES) throw new ClientError('bad-record', `${path} is larger than 2 MiB`);
    return await readFile(path);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT' || code === 'ENOTDIR') return undefined;
    throw error;
  }
}

/** The files that a record names; each must be what the record says of it. */
async function mediaNamed(directory: string, named: JsonValue, signal: AbortSignal | undefined): Promise<MediaFile[]> {
  const files: MediaFile[] = [];
  for (const [index, item] of (Array.isArray(named) ? (named as readonly JsonValue[]) : []).entries()) {
    const { name, digest } = (typeof item === 'object' && item !== null ? item : {}) as Partial<Media>;
    const file = typeof name === 'string' ? await mediaAt(directory, name, signal) : undefined;
    if (file === undefined)
      throw new ClientError('bad-record', `media[${index}] of the record names no file: ${JSON.stringify(name)}`);
    if (file.digest !== digest)
      throw new ClientError('bad-record', `${file.path} has the digest ${file.digest}, and the record says ${digest}`);
    files.push(file);
  }
  return files;
}

async function mediaBelow(directory: string, signal: AbortSignal | undefined): Promise<MediaFile[]> {
  const files: MediaFile[] = [];
  for (const path of (await pathsBelow(join(directory, 'media'))).sort()) {
    const file = await mediaAt(directory, `media/${path}`, signal);
    if (file !== undefined) files.push(file);
  }
  return files;
}

async function pathsBelow(folder: string): Promise<string[]> {
  try {
    const entries = await readdir(folder, { recursive: true, withFileTypes: true });
    const paths = entries.filter((entry) => entry.isFile()).map(({ parentPath, name }) => join(parentPath, name));
    return paths.map((path) =>
      path
        .slice(folder.length + 1)
        .split(sep)
        .join('/'),
    );
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw error;
  }
}

/** A record is somebody's word: what it names must lie in the directory, and be a file. */
async function mediaAt(
  directory: string,
  name: string,
  signal: AbortSignal | undefined,
): Promise<MediaFile | undefined> {
  if (name.split(/[\\/]/).some((part) => part === '' || part === '.' || part === '..')) return undefined;
  const path = join(directory, name);
  const stats = await lstat(path).catch(() => undefined);
  if (stats?.isFile() !== true || !(await isWithin(directory, path))) return undefined;
  const hash = createHash('sha256');
  let size = 0;
  for await (const piece of createReadStream(path) as AsyncIterable<Buffer>) {
    throwIfAborted(signal);
    hash.update(piece);
    size += piece.length;
  }
  const extension = /\.([^./]+)$/.exec(name)?.[1]?.toLowerCase() ?? '';
  const mediaType = TYPES[extension] ?? 'application/octet-stream';
  return { name, digest: digestOf('sha256', hash) as Sha256, size, mediaType, path };
}

/** What a run leaves behind may hold links to folders that are nobody else's to see. */
async function isWithin(directory: string, path: string): Promise<boolean> {
  return (await realpath(path)).startsWith(`${await realpath(directory)}${sep}`);
}

function withoutPath({ name, digest, size, mediaType }: MediaFile): Media {
  return { name, digest, size, mediaType };
}
