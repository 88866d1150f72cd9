import { GitError } from './error.ts';
import { asBuffer } from './bytes.ts';
import { inflateWhole } from './inflate.ts';
import type { ObjectSource, ObjectStat, StoredObject } from './object-source.ts';
import type { Oid } from './oid.ts';

export interface ObjectContent extends ObjectStat {
  readonly oid: Oid;
  /** Memory of its own. */
  readonly content: Buffer;
}

/** The bare content of an object that fits into memory: commits, trees, tags. */
export async function contentOf(object: StoredObject): Promise<Buffer> {
  const body = object.body instanceof Uint8Array ? object.body : await gather(object.body);
  if (object.encoding === 'zlib') return inflateWhole(body, object.size);
  return object.body instanceof Uint8Array ? Buffer.from(body) : asBuffer(body);
}

export async function* readContents(source: ObjectSource, oids: readonly Oid[]): AsyncGenerator<ObjectContent> {
  for await (const object of source.read(oids)) {
    yield { oid: object.oid, type: object.type, size: object.size, content: await contentOf(object) };
  }
}

export async function readContent(source: ObjectSource, oid: Oid): Promise<ObjectContent> {
  for await (const object of readContents(source, [oid])) return object;
  throw new GitError('object-missing', `object ${oid} is not in this repository`);
}

async function gather(pieces: AsyncIterable<Uint8Array>): Promise<Buffer> {
  const parts: Uint8Array[] = [];
  for await (const piece of pieces) parts.push(Buffer.from(piece));
  return Buffer.concat(parts);
}
