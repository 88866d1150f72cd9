import { contentSize, paddingOf, tarHeader, type TarEntry, type TarFile } from './tar-header.ts';

/** A tar ends in two empty blocks and is filled up to a multiple of this. */
const RECORD = 10_240;
const END = 1024;
const CHUNK = 128 * 1024;

/** A file's bytes from `start` (included) to `end` (not included). */
export type ReadTarFile = (file: TarFile, start: number, end: number) => AsyncIterable<Uint8Array> | Uint8Array;

/** Bytes that close a tar whose entries take so many. */
export function tarEnd(entriesSize: number): number {
  const total = Math.ceil((entriesSize + END) / RECORD) * RECORD;
  return total - entriesSize;
}

/**
 * Canonical tar v1: byte for byte `git archive --format=tar` of a tree with a time of 0, attributes ignored. Frozen:
 * its bytes are what a layer's digest names. Entries come in the tree's order, a folder before what is in it. Each
 * chunk is memory of its own, of about 128 KiB.
 */
export async function* canonicalTar(
  entries: AsyncIterable<TarEntry> | Iterable<TarEntry>,
  read: ReadTarFile,
): AsyncGenerator<Uint8Array> {
  const sink = new ChunkSink();
  let written = 0;
  for await (const entry of entries) {
    const header = tarHeader(entry);
    const size = contentSize(entry);
    written += header.length + size + paddingOf(size);
    yield* sink.put(header);
    if (size > 0) {
      for await (const piece of tarContent(entry as TarFile, 0, size, read)) yield* sink.put(piece);
    }
    yield* sink.put(Buffer.alloc(paddingOf(size)));
  }
  yield* sink.put(Buffer.alloc(tarEnd(written)));
  yield* sink.end();
}

/** A file's content, which must be as long as its entry says: one byte more or less would shift all that follows. */
export async function* tarContent(
  file: TarFile,
  start: number,
  end: number,
  read: ReadTarFile,
): AsyncGenerator<Uint8Array> {
  const source = read(file, start, end);
  let seen = 0;
  for await (const piece of source instanceof Uint8Array ? [source] : source) {
    seen += piece.length;
    if (seen > end - start) break;
    yield piece;
  }
  if (seen !== end - start) throw new RangeError(`${file.path}: content is not as long as the tree says`);
}

/** Puts pieces of any size together into chunks that are worth sending. */
export class ChunkSink {
  #chunk = Buffer.allocUnsafeSlow(CHUNK);
  #filled = 0;

  *put(bytes: Uint8Array): Generator<Uint8Array> {
    for (let done = 0; done < bytes.length;) {
      const count = Math.min(CHUNK - this.#filled, bytes.length - done);
      this.#chunk.set(bytes.subarray(done, done + count), this.#filled);
      this.#filled += count;
      done += count;
      if (this.#filled < CHUNK) continue;
      yield this.#chunk;
      this.#chunk = Buffer.allocUnsafeSlow(CHUNK);
      this.#filled = 0;
    }
  }

  *end(): Generator<Uint8Array> {
    if (this.#filled > 0) yield this.#chunk.subarray(0, this.#filled);
  }
}
