import { pipeline } from 'node:stream';
import { createDeflate, createInflate, inflateSync } from 'node:zlib';
import type { ByteRange } from './blob-store.ts';
import { StoreError } from './store-error.ts';

/** Up to this size inflating on the spot is no slice that anyone notices. */
export const INFLATE_AT_ONCE = 256 * 1024;

/** What is deflated here was pushed raw while others pushed it deflated; somebody waits. */
const LEVEL = 1;

/** The bare bytes of a whole stream. */
export function inflateSmall(stream: Uint8Array, size: number): Buffer {
  let bytes: Buffer;
  try {
    bytes = inflateSync(stream, { chunkSize: Math.max(64, size + 1), maxOutputLength: Math.max(1, size) });
  } catch (cause) {
    throw damaged(cause);
  }
  if (bytes.length !== size) throw damaged();
  return bytes;
}

/** The bare bytes of a stream in pieces, inflated aside. Rejects where they are not exactly `size`. */
export async function* inflated(stream: AsyncIterable<Uint8Array>, size: number): AsyncGenerator<Uint8Array> {
  let left = size;
  try {
    // A source that fails destroys the stream with its error, which is thrown where the stream is read.
    const pieces: AsyncIterable<Buffer> = pipeline(stream, createInflate({ chunkSize: 64 * 1024 }), () => undefined);
    for await (const piece of pieces) {
      left -= piece.length;
      if (left < 0) throw damaged();
      yield piece;
    }
  } catch (error) {
    throw isZlibError(error) ? damaged(error) : error;
  }
  if (left !== 0) throw damaged();
}

export function deflated(bytes: AsyncIterable<Uint8Array>): AsyncIterable<Uint8Array> {
  return pipeline(bytes, createDeflate({ level: LEVEL }), () => undefined);
}

/** The bytes of a range of what a source gives. */
export async function* cut(source: AsyncIterable<Uint8Array>, { start, end }: ByteRange): AsyncGenerator<Uint8Array> {
  let at = 0;
  for await (const piece of source) {
    const wanted = piece.subarray(Math.max(0, start - at), Math.max(0, end - at));
    at += piece.length;
    if (wanted.length > 0) yield wanted;
    if (at >= end) return;
  }
}

function isZlibError(error: unknown): boolean {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' && error.code.startsWith('Z_');
}

function damaged(cause?: unknown): StoreError {
  return new StoreError('damaged', 'stored bytes that are no zlib stream of the content', { cause });
}
