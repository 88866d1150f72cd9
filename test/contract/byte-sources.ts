import { createHash } from 'node:crypto';
import { sha256, type Sha256 } from '../../lib/encoding/digest.ts';

/** Bytes that look random and are the same for the same seed. */
export function someBytes(size: number, seed: string | number = size): Buffer {
  const block = createHash('sha512').update(String(seed)).digest();
  const bytes = Buffer.alloc(size, block);
  // Each block of the repeated pattern gets its number, so that no two places of a blob can be mistaken.
  for (let at = 0; at + 4 <= size; at += 64) bytes.writeUInt32LE(at, at);
  return bytes;
}

export interface SampleBlob {
  readonly bytes: Buffer;
  readonly digest: Sha256;
}

export function sampleBlob(size: number, seed: string | number = size): SampleBlob {
  const bytes = someBytes(size, seed);
  return { bytes, digest: sha256(bytes) };
}

/** The bytes in pieces of one size. */
export async function* inPieces(bytes: Uint8Array, size = 64 * 1024): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += size) {
    yield bytes.subarray(at, at + size);
    await Promise.resolve();
  }
}

export class SourceFailure extends Error {}

/** A source that gives its bytes and then fails. */
export async function* failingAfter(bytes: Uint8Array, size?: number): AsyncGenerator<Uint8Array> {
  yield* inPieces(bytes, size);
  throw new SourceFailure('the source failed');
}

export async function gathered(source: AsyncIterable<Uint8Array>): Promise<Buffer> {
  const pieces: Uint8Array[] = [];
  for await (const piece of source) pieces.push(piece);
  return Buffer.concat(pieces);
}

/** `toEqual` on megabytes takes seconds and prints them. */
export function isSame(a: Uint8Array, b: Uint8Array): boolean {
  return Buffer.compare(a, b) === 0;
}

export function isMissing(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'missing' && error.name === 'StoreError';
}

/** The digest of what a reader got, or that it was told that nothing is there; every other end rejects. */
export async function outcomeOf(source: AsyncIterable<Uint8Array>): Promise<Sha256 | 'missing'> {
  try {
    return sha256(await gathered(source));
  } catch (error) {
    if (isMissing(error)) return 'missing';
    throw error;
  }
}
