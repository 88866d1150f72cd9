import { asBuffer } from './bytes.ts';

const FIRST_CAPACITY = 128 * 1024;

/** Bytes as they come in, read from the front in pieces of any size. */
export class ByteQueue {
  readonly #chunks: AsyncIterator<Uint8Array>;
  #buffer: Buffer = Buffer.alloc(0);
  #start = 0;
  #end = 0;
  #ended = false;
  /** How many bytes were consumed since the beginning. */
  position = 0;

  constructor(chunks: AsyncIterable<Uint8Array>) {
    this.#chunks = chunks[Symbol.asyncIterator]();
  }

  get available(): number {
    return this.#end - this.#start;
  }

  /** What is there and not yet consumed; valid until the next `fill`. */
  get view(): Buffer {
    return this.#buffer.subarray(this.#start, this.#end);
  }

  get ended(): boolean {
    return this.#ended;
  }

  byteAt(index: number): number {
    return this.#buffer[this.#start + index]!;
  }

  consume(count: number): void {
    this.#start += count;
    this.position += count;
  }

  /** Waits until `count` bytes are available; false when the input ends before. */
  async fill(count: number): Promise<boolean> {
    while (this.available < count && !this.#ended) {
      const next = await this.#chunks.next();
      if (next.done === true) this.#ended = true;
      else this.#append(next.value);
    }
    return this.available >= count;
  }

  /** Everything that follows, as it comes. */
  async *rest(): AsyncGenerator<Uint8Array> {
    while (this.available > 0 || (await this.fill(1))) {
      const bytes = this.view;
      this.consume(bytes.length);
      // The queue may write over its own memory later, so the reader gets memory of his own.
      yield Buffer.from(bytes);
    }
  }

  /** Tells the source that nobody reads on. */
  async close(): Promise<void> {
    this.#ended = true;
    await this.#chunks.return?.();
  }

  #append(chunk: Uint8Array): void {
    const waiting = this.available;
    if (this.#end + chunk.length > this.#buffer.length) {
      const needed = waiting + chunk.length;
      const roomy = needed * 2 <= this.#buffer.length;
      const target = roomy ? this.#buffer : Buffer.allocUnsafeSlow(Math.max(FIRST_CAPACITY, needed * 2));
      this.#buffer.copy(target, 0, this.#start, this.#end);
      this.#buffer = target;
      this.#start = 0;
      this.#end = waiting;
    }
    asBuffer(chunk).copy(this.#buffer, this.#end);
    this.#end += chunk.length;
  }
}
