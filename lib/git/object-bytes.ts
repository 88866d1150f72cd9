import { pipeline } from 'node:stream';
import { createInflate } from 'node:zlib';
import { GitError } from './error.ts';
import { INFLATE_AT_ONCE, inflateFront, translated, wrongSize } from './inflate.ts';
import type { StoredObject } from './object-source.ts';

/**
 * The bare content of an object of any size, in pieces where it is large. Memory is valid only until the next object
 * is asked for.
 */
export function bareBytes(object: StoredObject): Uint8Array | AsyncIterable<Uint8Array> {
  const { encoding, body, size } = object;
  if (encoding === 'raw') return body;
  if (size > INFLATE_AT_ONCE || !(body instanceof Uint8Array)) return inflatedPieces(body, size);
  const inflated = inflateFront(body, size);
  if (inflated === undefined) throw new GitError('bad-object', 'a zlib stream that is cut off');
  return inflated.content;
}

async function* inflatedPieces(body: Uint8Array | AsyncIterable<Uint8Array>, size: number): AsyncGenerator<Uint8Array> {
  const stream = body instanceof Uint8Array ? [body] : body;
  let left = size;
  try {
    // A source that fails destroys the stream with its error, which is thrown where the stream is read.
    const pieces: AsyncIterable<Buffer> = pipeline(stream, createInflate({ chunkSize: 64 * 1024 }), () => undefined);
    for await (const piece of pieces) {
      left -= piece.length;
      if (left < 0) throw wrongSize(size);
      yield piece;
    }
  } catch (error) {
    throw isOfZlib(error) ? translated(error, size) : error;
  }
  if (left !== 0) throw wrongSize(size);
}

function isOfZlib(error: unknown): boolean {
  return error instanceof Error && 'code' in error && String(error.code).startsWith('Z_');
}
