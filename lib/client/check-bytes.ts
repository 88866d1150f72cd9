import { createHash } from 'node:crypto';
import { constants } from 'node:fs';
import { open } from 'node:fs/promises';
import { join } from 'node:path';
import type { FileEntry } from '../definition/wire.ts';
import { canonicalTar } from '../encoding/canonical-tar.ts';
import { digestOf } from '../encoding/digest.ts';
import { ObjectHash } from '../git/object-hash.ts';
import { ClientError, throwIfAborted } from './client-error.ts';
import type { Definition } from './definition.ts';
import type { OnProgress } from './fetch-content.ts';

export interface CheckOptions {
  readonly signal?: AbortSignal | undefined;
  readonly onProgress?: OnProgress | undefined;
}

const PIECE = 1024 * 1024;

/**
 * Reads every file below a folder as the canonical tar has it, and returns those that are not what their digest and their
 * Git object id say. Where all are, but the whole is not what the definition's layer says, it throws `wrong-bytes`: then
 * names, modes or links were told wrong.
 */
export async function checkBytes(
  definition: Definition,
  root: string,
  { signal, onProgress }: CheckOptions = {},
): Promise<FileEntry[]> {
  const { tree, layer, index } = definition;
  const files = new Map(tree.files.map((file) => [file.path, file]));
  const damaged: FileEntry[] = [];
  const hash = createHash('sha256');
  let done = 0;
  for await (const piece of canonicalTar(tree.entries, ({ path }) => checked(files.get(path)!))) {
    throwIfAborted(signal);
    hash.update(piece);
    done += piece.length;
    onProgress?.('checking', done, index.size);
  }
  if (damaged.length > 0) return damaged;
  if (digestOf('sha256', hash) === layer.digest) return [];
  throw new ClientError('wrong-bytes', `the files are whole, but together they are not the layer ${layer.digest}`);

  async function* checked(file: FileEntry): AsyncGenerator<Uint8Array> {
    const names = new ObjectHash('blob', file.size);
    for await (const piece of bytesOf(join(root, file.path), file.size)) {
      names.update(piece);
      yield piece;
    }
    const { oid, digest } = names.names();
    if (digest !== file.digest) damaged.push(file);
    else if (oid !== file.oid)
      throw new ClientError('wrong-bytes', `${file.path}: its Git object id is ${oid}, not ${file.oid}`);
  }
}

/** The bytes of a regular file, as many as are expected; a link is not followed. */
export async function* bytesOf(path: string, size: number): AsyncGenerator<Uint8Array> {
  // Windows has no such flag.
  const handle = await open(path, constants.O_RDONLY | (constants.O_NOFOLLOW ?? 0));
  try {
    for (let left = size; left > 0;) {
      const buffer = Buffer.allocUnsafe(Math.min(left, PIECE));
      const { bytesRead } = await handle.read(buffer, 0, buffer.length);
      if (bytesRead === 0) throw new ClientError('changed-meanwhile', `${path} became shorter while it was read`);
      left -= bytesRead;
      yield buffer.subarray(0, bytesRead);
    }
  } finally {
    await handle.close();
  }
}
