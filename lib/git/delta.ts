import type { Breather } from './breather.ts';
import { GitError } from './error.ts';

/** How much a delta may copy, or how many instructions it may take, before the event loop gets its turn. */
const STEP_BYTES = 4 * 1024 * 1024;
const STEP_INSTRUCTIONS = 50_000;
const COPY = 0x80;
const DEFAULT_COPY = 0x10000;

/** gitformat-pack(5), "Deltified representation": two sizes, then instructions that copy from the base or insert. */
export class Delta {
  readonly #delta: Buffer;
  readonly #start: number;
  readonly baseSize: number;
  readonly resultSize: number;

  constructor(delta: Buffer) {
    this.#delta = delta;
    const base = readSize(delta, 0);
    const result = readSize(delta, base.next);
    this.baseSize = base.size;
    this.resultSize = result.size;
    this.#start = result.next;
  }

  /** The object that the delta makes of its base. The caller has held `resultSize` against its limits. */
  async apply(base: Buffer, breather: Breather): Promise<Buffer> {
    if (base.length !== this.baseSize) throw broken('it was made for another base');
    const result = Buffer.allocUnsafe(this.resultSize);
    const place = { read: this.#start, written: 0 };
    while (!this.#step(base, result, place)) {
      if (breather.due()) await breather.rest();
    }
    if (place.written !== result.length) throw broken('its result is too short');
    return result;
  }

  /** Runs some instructions; true at the end. */
  #step(base: Buffer, result: Buffer, place: { read: number; written: number }): boolean {
    const delta = this.#delta;
    let { read, written } = place;
    const enough = written + STEP_BYTES;
    for (let count = 0; count < STEP_INSTRUCTIONS && written <= enough && read < delta.length; count += 1) {
      const code = delta[read]!;
      read += 1;
      let from = base;
      let start = 0;
      let length = code;
      if (code >= COPY) {
        length = 0;
        for (let bit = 0; bit < 4; bit += 1) if ((code & (1 << bit)) !== 0) start += byteAt(delta, read++) * 256 ** bit;
        for (let bit = 0; bit < 3; bit += 1)
          if ((code & (16 << bit)) !== 0) length |= byteAt(delta, read++) << (8 * bit);
        if (length === 0) length = DEFAULT_COPY;
      } else {
        if (code === 0) throw broken('it uses a reserved instruction');
        from = delta;
        start = read;
        read += length;
      }
      if (start + length > from.length) throw broken('it copies what is not there');
      if (written + length > result.length) throw broken('its result is too long');
      from.copy(result, written, start, start + length);
      written += length;
    }
    place.read = read;
    place.written = written;
    return read >= delta.length;
  }
}

/** "Size encoding": seven bits a byte, least significant first. */
function readSize(delta: Buffer, at: number): { size: number; next: number } {
  let size = 0;
  for (let next = at, scale = 1; ; scale *= 128) {
    const byte = byteAt(delta, next);
    next += 1;
    size += (byte & 0x7f) * scale;
    if (!Number.isSafeInteger(size)) throw broken('it names a size out of range');
    if (byte < 0x80) return { size, next };
  }
}

function byteAt(delta: Buffer, at: number): number {
  const byte = delta[at];
  if (byte === undefined) throw broken('it is cut off');
  return byte;
}

function broken(why: string): GitError {
  return new GitError('bad-pack', `a delta that cannot be applied: ${why}`);
}
