import { ChunkSink, type ReadTarFile, tarContent, tarEnd } from './canonical-tar.ts';
import { contentSize, paddingOf, tarHeader, type TarEntry, type TarFile } from './tar-header.ts';

/** Where everything stands in a canonical tar: its size, and any part of it without what comes before. */
export class TarIndex {
  readonly #entries: readonly TarEntry[];
  /** Where each entry begins, and behind the last one where the end begins. */
  readonly #starts: Float64Array;

  constructor(entries: readonly TarEntry[]) {
    this.#entries = entries;
    this.#starts = new Float64Array(entries.length + 1);
    let at = 0;
    entries.forEach((entry, index) => {
      const size = contentSize(entry);
      at += tarHeader(entry).length + size + paddingOf(size);
      this.#starts[index + 1] = at;
    });
  }

  get size(): number {
    const end = this.#starts.at(-1)!;
    return end + tarEnd(end);
  }

  /** Where the content of the entry at this place in the list begins. */
  contentStart(place: number): number {
    const entry = this.#entries[place];
    if (entry === undefined) throw new RangeError('an entry outside the tar');
    return this.#starts[place]! + tarHeader(entry).length;
  }

  /** The tar's bytes from `start` (included) to `end` (not included), both within its size. */
  async *read(start: number, end: number, read: ReadTarFile): AsyncGenerator<Uint8Array> {
    if (start < 0 || end > this.size || start > end) throw new RangeError('a range outside the tar');
    const sink = new ChunkSink();
    let at = start;
    for (let index = this.#indexAt(start); index < this.#entries.length && at < end; index += 1) {
      const from = at - this.#starts[index]!;
      const to = Math.min(end, this.#starts[index + 1]!) - this.#starts[index]!;
      for await (const piece of partOf(this.#entries[index]!, from, to, read)) yield* sink.put(piece);
      at += to - from;
    }
    yield* sink.put(Buffer.alloc(end - at));
    yield* sink.end();
  }

  /** The entry that holds this byte. */
  #indexAt(offset: number): number {
    let low = 0;
    let high = this.#entries.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.#starts[middle + 1]! <= offset) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}

/** Some bytes of one entry: header, content and padding, each as far as the part covers it. */
async function* partOf(entry: TarEntry, from: number, to: number, read: ReadTarFile): AsyncGenerator<Uint8Array> {
  const header = tarHeader(entry);
  const size = contentSize(entry);
  if (from < header.length) yield header.subarray(from, Math.min(to, header.length));
  const start = Math.max(0, from - header.length);
  const end = Math.min(size, to - header.length);
  if (start < end) yield* tarContent(entry as TarFile, start, end, read);
  const padding = to - Math.max(from, header.length + size);
  if (padding > 0) yield Buffer.alloc(padding);
}
