import { createHash } from 'node:crypto';
import { pipeline } from 'node:stream';
import { createDeflate } from 'node:zlib';
import type { Breather } from './breather.ts';
import { GitError } from './error.ts';
import type { StoredObject } from './object-source.ts';
import { MAX_ENTRY_HEADER, packHeader, writeEntryHeader } from './pack-format.ts';
import { BAND_PAYLOAD } from './side-band.ts';
import { storedStream } from './stored-stream.ts';

/** Two full packets of side-band-64k. */
const CHUNK: number = 2 * BAND_PAYLOAD;

/**
 * A pack of exactly `count` whole objects: headers and the zlib streams as they are stored. Each chunk is memory of its
 * own. The source may fail at any time; the pack then has no trailer, and no reader takes it for complete.
 */
export async function* writePack(
  count: number,
  objects: AsyncIterable<StoredObject>,
  breather: Breather,
): AsyncGenerator<Buffer> {
  const sink = new PackSink();
  const entryHeader = Buffer.alloc(MAX_ENTRY_HEADER);
  let written = 0;
  sink.put(packHeader(count));
  for await (const object of objects) {
    sink.put(entryHeader.subarray(0, writeEntryHeader(entryHeader, 0, object.type, object.size)));
    const stream = zlibStream(object);
    if (stream instanceof Uint8Array) {
      sink.put(stream);
    } else {
      for await (const piece of stream) {
        sink.put(piece);
        yield* sink.full();
      }
    }
    yield* sink.full();
    written += 1;
    if (breather.due()) await breather.rest();
  }
  if (written !== count) throw new GitError('object-missing', `${written} of ${count} objects were there`);
  yield* sink.end();
}

function zlibStream(object: StoredObject): Uint8Array | AsyncIterable<Uint8Array> {
  if (object.encoding === 'zlib') return object.body;
  // Bare content is stored where deflating did not pay: wrapping it is enough.
  if (object.body instanceof Uint8Array) return storedStream(object.body);
  // A source that fails destroys the stream with its error, which is thrown where the stream is read.
  return pipeline(object.body, createDeflate({ level: 0 }), () => undefined) as AsyncIterable<Uint8Array>;
}

/** Gathers bytes into chunks of one size and hashes each once. */
class PackSink {
  readonly #hash = createHash('sha1');
  #chunk = Buffer.allocUnsafeSlow(CHUNK);
  #filled = 0;
  #full: Buffer[] = [];

  put(bytes: Uint8Array): void {
    for (let done = 0; done < bytes.length;) {
      const count = Math.min(CHUNK - this.#filled, bytes.length - done);
      this.#chunk.set(count === bytes.length ? bytes : bytes.subarray(done, done + count), this.#filled);
      this.#filled += count;
      done += count;
      if (this.#filled === CHUNK) this.#cut();
    }
  }

  /** The chunks that are complete. */
  full(): readonly Buffer[] {
    if (this.#full.length === 0) return this.#full;
    const full = this.#full;
    this.#full = [];
    return full;
  }

  end(): readonly Buffer[] {
    const last = this.#chunk.subarray(0, this.#filled);
    const trailer = this.#hash.update(last).digest();
    return [...this.full(), Buffer.concat([last, trailer])];
  }

  #cut(): void {
    this.#hash.update(this.#chunk);
    this.#full.push(this.#chunk);
    this.#chunk = Buffer.allocUnsafeSlow(CHUNK);
    this.#filled = 0;
  }
}
