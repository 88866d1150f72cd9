import { ByteQueue } from './byte-queue.ts';
import { GitError } from './error.ts';
import { LENGTH_BYTES, MAX_PAYLOAD, type Packet, readLength, textOf } from './pkt-line.ts';

const SPECIAL: Readonly<Record<number, Packet>> = {
  0: { kind: 'flush' },
  1: { kind: 'delimiter' },
  2: { kind: 'response-end' },
};

/** What a request may hold in packets; a pack behind them does not count. */
export interface PktLimits {
  readonly packets: number;
  readonly bytes: number;
}

const DEFAULT_PKT_LIMITS: PktLimits = { packets: 1_000_000, bytes: 64 * 1024 * 1024 };

/** Reads packets off a stream; what follows the last one (a pack) is left for `rest`. */
export class PktReader {
  readonly #queue: ByteQueue;
  readonly #limits: PktLimits;
  #packets = 0;

  constructor(chunks: AsyncIterable<Uint8Array>, limits: PktLimits = DEFAULT_PKT_LIMITS) {
    this.#queue = new ByteQueue(chunks);
    this.#limits = limits;
  }

  /** The next packet, its payload in memory of its own; undefined where the stream ends between two packets. */
  async next(): Promise<Packet | undefined> {
    const queue = this.#queue;
    if (queue.available < LENGTH_BYTES && !(await queue.fill(LENGTH_BYTES))) {
      if (queue.available === 0) return undefined;
      throw new GitError('truncated', 'the request ends inside a packet');
    }
    const length = readLength(queue.view);
    const special = SPECIAL[length];
    if (special === undefined && (length < LENGTH_BYTES || length > LENGTH_BYTES + MAX_PAYLOAD)) {
      throw new GitError('bad-request', 'a packet whose length is none');
    }
    const { packets, bytes } = this.#limits;
    if ((this.#packets += 1) > packets)
      throw new GitError('limit-exceeded', `a request of more than ${packets} packets`);
    if (queue.position > bytes) throw new GitError('limit-exceeded', `a request of more than ${bytes} bytes`);
    if (special !== undefined) {
      queue.consume(LENGTH_BYTES);
      return special;
    }
    if (!(await queue.fill(length))) throw new GitError('truncated', 'the request ends inside a packet');
    const payload = Buffer.from(queue.view.subarray(LENGTH_BYTES, length));
    queue.consume(length);
    return { kind: 'data', payload };
  }

  /** The lines up to the next flush; undefined when the stream had already ended. */
  async lines(): Promise<string[] | undefined> {
    const lines: string[] = [];
    for (;;) {
      const packet = await this.next();
      if (packet === undefined) {
        if (lines.length === 0) return undefined;
        throw new GitError('truncated', 'the request ends without a flush');
      }
      if (packet.kind === 'flush') return lines;
      if (packet.kind !== 'data') throw new GitError('bad-request', `an unexpected ${packet.kind} packet`);
      lines.push(textOf(packet.payload));
    }
  }

  rest(): AsyncGenerator<Uint8Array> {
    return this.#queue.rest();
  }
}
