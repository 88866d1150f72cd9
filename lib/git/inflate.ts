import { inflate, inflateSync, type ZlibOptions } from 'node:zlib';
import { GitError } from './error.ts';

/** Up to this size inflating on the spot costs less than a trip to the thread pool, and no slice that anyone notices. */
export const INFLATE_AT_ONCE: number = 256 * 1024;

export interface Inflated {
  readonly content: Buffer;
  /** How much of the input the stream took up. */
  readonly consumed: number;
}

/**
 * Inflates the zlib stream that the input begins with; undefined when the input ends before the stream does.
 * `info` is what tells how much was consumed: its engine counts the bytes that zlib has taken.
 */
export function inflateFront(input: Uint8Array, size: number): Inflated | undefined {
  try {
    const result = inflateSync(input, { ...optionsFor(size), info: true }) as unknown as {
      buffer: Buffer;
      engine: { bytesWritten: number };
    };
    if (result.buffer.length !== size) throw wrongSize(size);
    return { content: result.buffer, consumed: result.engine.bytesWritten };
  } catch (error) {
    if (codeOf(error) === 'Z_BUF_ERROR') return undefined;
    throw translated(error, size);
  }
}

/** Inflates a whole stored stream, on the thread pool when it is large. */
export function inflateWhole(stream: Uint8Array, size: number): Buffer | Promise<Buffer> {
  if (size > INFLATE_AT_ONCE) return inflateAside(stream, size);
  const inflated = inflateFront(stream, size);
  if (inflated === undefined) throw new GitError('bad-object', 'a zlib stream that is cut off');
  return inflated.content;
}

async function inflateAside(stream: Uint8Array, size: number): Promise<Buffer> {
  const content = await new Promise<Buffer>((resolve, reject) => {
    inflate(stream, optionsFor(size), (error, result) => {
      if (error === null) resolve(result);
      else reject(translated(error, size));
    });
  });
  if (content.length !== size) throw wrongSize(size);
  return content;
}

/** One byte more than announced: enough to see that a stream says more than its header, never more memory than that. */
function optionsFor(size: number): ZlibOptions {
  return { chunkSize: Math.max(64, size + 1), maxOutputLength: Math.max(1, size) };
}

export function wrongSize(size: number): GitError {
  return new GitError('bad-object', `an object that does not inflate to the ${size} bytes that its header says`);
}

export function translated(error: unknown, size: number): GitError {
  if (error instanceof GitError) return error;
  if (codeOf(error) === 'ERR_BUFFER_TOO_LARGE') return wrongSize(size);
  return new GitError('bad-object', 'a zlib stream that is damaged', { cause: error });
}

function codeOf(error: unknown): unknown {
  return error instanceof Error && 'code' in error ? error.code : undefined;
}
