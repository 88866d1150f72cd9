import { createHash } from 'node:crypto';
import { ByteQueue } from './byte-queue.ts';
import { GitError } from './error.ts';
import { type Inflated, inflateFront } from './inflate.ts';
import { PACK_TRAILER_BYTES } from './pack-format.ts';
import { hold, type PackLimits } from './pack-limits.ts';
import type { Spool } from './spool.ts';

/** A pack as it comes in: put aside and hashed on its way to the reader. */
export class PackInput {
  readonly queue: ByteQueue;
  readonly #hash = createHash('sha1');
  /** The last bytes seen, not hashed yet: at the end they are the trailer. */
  #held: Buffer = Buffer.alloc(0);

  constructor(chunks: AsyncIterable<Uint8Array>, spool: Spool, limits: PackLimits) {
    this.queue = new ByteQueue(this.#putAside(chunks, spool, limits));
  }

  async *#putAside(chunks: AsyncIterable<Uint8Array>, spool: Spool, limits: PackLimits): AsyncGenerator<Uint8Array> {
    for await (const chunk of chunks) {
      hold(limits.packBytes, spool.size + chunk.length, 'bytes of the pack');
      await spool.append(chunk);
      this.#hashAllButTrailer(chunk);
      yield chunk;
    }
  }

  #hashAllButTrailer(chunk: Uint8Array): void {
    if (chunk.length >= PACK_TRAILER_BYTES) {
      const split = chunk.length - PACK_TRAILER_BYTES;
      this.#hash.update(this.#held).update(chunk.subarray(0, split));
      this.#held = Buffer.from(chunk.subarray(split));
      return;
    }
    const all = Buffer.concat([this.#held, chunk]);
    const split = Math.max(0, all.length - PACK_TRAILER_BYTES);
    this.#hash.update(all.subarray(0, split));
    this.#held = all.subarray(split);
  }

  /** Makes sure that bytes are there. */
  async need(count: number): Promise<void> {
    const { queue } = this;
    if (queue.available < count && !(await queue.fill(count))) throw new GitError('truncated', 'the pack is cut off');
  }

  /** Inflates the stream that stands at the front and steps behind it. */
  async inflate(size: number): Promise<Inflated> {
    const { queue } = this;
    // What deflate needs at most for incompressible content, with room for odd encoders.
    const usual = size + (size >> 8) + 64;
    for (let wanted = usual; ; wanted = queue.available * 2) {
      if (queue.available < wanted) await queue.fill(wanted);
      const inflated = inflateFront(queue.view, size);
      if (inflated !== undefined) {
        queue.consume(inflated.consumed);
        return inflated;
      }
      if (queue.ended) throw new GitError('truncated', 'the pack is cut off');
      if (queue.available > 4 * usual + 65_536)
        throw new GitError('bad-pack', 'an object deflated to more than itself');
    }
  }

  /** Nothing may follow the trailer, and the trailer must be the checksum of everything before. */
  async finish(): Promise<void> {
    const { queue } = this;
    await this.need(PACK_TRAILER_BYTES);
    if (await queue.fill(PACK_TRAILER_BYTES + 1)) throw new GitError('bad-pack', 'bytes after the end of the pack');
    if (!this.#hash.digest().equals(queue.view)) throw new GitError('bad-pack', 'the checksum of the pack is wrong');
    queue.consume(PACK_TRAILER_BYTES);
  }
}
