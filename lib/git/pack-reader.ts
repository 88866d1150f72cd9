import { Breather } from './breather.ts';
import { type BaseName, DeltaResolver } from './delta-resolver.ts';
import { GitError } from './error.ts';
import { INFLATE_AT_ONCE } from './inflate.ts';
import { inflateStream } from './inflate-stream.ts';
import { hashContent, ObjectHash, type ObjectNames } from './object-hash.ts';
import type { ObjectSource } from './object-source.ts';
import type { ObjectType } from './object-type.ts';
import type { Oid } from './oid.ts';
import {
  type EntryHeader,
  MAX_ENTRY_HEADER,
  OFS_DELTA,
  PACK_HEADER_BYTES,
  PACK_TRAILER_BYTES,
  parseEntryHeader,
  parsePackHeader,
  REF_DELTA,
} from './pack-format.ts';
import { PackInput } from './pack-input.ts';
import { DEFAULT_PACK_LIMITS, hold, type PackLimits, sizeLimit } from './pack-limits.ts';
import { Quarantine } from './quarantine.ts';
import type { OpenSpool } from './spool.ts';

export interface UnpackOptions {
  /** Called twice: for what was sent, and for what deltas make. The quarantine closes both. */
  readonly openSpool: OpenSpool;
  /** Where the bases of a thin pack are. Without it a pack must be complete. */
  readonly bases?: ObjectSource;
  readonly limits?: PackLimits;
  readonly signal?: AbortSignal;
  /** Told after each object of the pack. */
  readonly onProgress?: (done: number, total: number) => void;
  /** Told of each small blob that stands whole in the pack, with its content, which may be kept. */
  readonly onBlob?: (oid: Oid, content: Buffer) => void;
}

/**
 * Reads a pack off the network: gitformat-pack(5). Every stream is inflated and hashed, every delta resolved, the
 * trailer checked; objects that stand whole in the pack keep the zlib stream that they came with. Whatever is wrong
 * with the pack throws a GitError, and nothing stays behind.
 */
export async function unpack(chunks: AsyncIterable<Uint8Array>, options: UnpackOptions): Promise<Quarantine> {
  const reader = new PackReader(chunks, options);
  try {
    return await reader.run();
  } catch (error) {
    await reader.discard();
    throw error;
  }
}

class PackReader {
  readonly #limits: PackLimits;
  readonly #breather: Breather;
  readonly #input: PackInput;
  readonly #quarantine: Quarantine;
  readonly #resolver: DeltaResolver;
  readonly #onProgress: UnpackOptions['onProgress'];
  readonly #onBlob: UnpackOptions['onBlob'];
  #inflated = 0;

  constructor(chunks: AsyncIterable<Uint8Array>, options: UnpackOptions) {
    const limits = options.limits ?? DEFAULT_PACK_LIMITS;
    const breather = new Breather(options.signal);
    const [sent, made] = [options.openSpool(), options.openSpool()];
    const quarantine = new Quarantine(sent, made);
    this.#limits = limits;
    this.#breather = breather;
    this.#input = new PackInput(chunks, sent, limits);
    this.#quarantine = quarantine;
    this.#resolver = new DeltaResolver({ quarantine, sent, made, bases: options.bases, limits, breather });
    this.#onProgress = options.onProgress;
    this.#onBlob = options.onBlob;
  }

  async run(): Promise<Quarantine> {
    const { queue } = this.#input;
    await this.#input.need(PACK_HEADER_BYTES);
    const count = parsePackHeader(queue.view);
    queue.consume(PACK_HEADER_BYTES);
    hold(this.#limits.objects, count, 'objects of the pack');
    for (let done = 1; done <= count; done += 1) {
      await this.#entry();
      if (this.#breather.due()) await this.#breather.rest();
      this.#onProgress?.(done, count);
    }
    await this.#input.finish();
    await this.#resolver.finish();
    return this.#quarantine;
  }

  async discard(): Promise<void> {
    await this.#input.queue.close().catch(() => undefined);
    await this.#quarantine.close();
  }

  async #entry(): Promise<void> {
    const { queue } = this.#input;
    const offset = queue.position;
    if (queue.available < MAX_ENTRY_HEADER && !(await queue.fill(MAX_ENTRY_HEADER))) {
      if (queue.available <= PACK_TRAILER_BYTES)
        throw new GitError('truncated', 'the pack has fewer objects than it says');
    }
    const header = parseEntryHeader(queue.view);
    queue.consume(header.length);
    hold(this.#limits.inflatedBytes, (this.#inflated += header.size) + this.#resolver.inflated, 'bytes of all objects');
    if (header.kind === OFS_DELTA || header.kind === REF_DELTA) await this.#delta(offset, header);
    else await this.#whole(offset, header.kind, header.size);
  }

  async #whole(offset: number, type: ObjectType, size: number): Promise<void> {
    const at = this.#input.queue.position;
    const large = size > INFLATE_AT_ONCE;
    hold(sizeLimit(this.#limits, type), size, `bytes of a ${type}`);
    const content = large ? undefined : (await this.#input.inflate(size)).content;
    const names = content === undefined ? await this.#hashLarge(type, size) : await this.#hash(type, content);
    const length = this.#input.queue.position - at;
    const object =
      content !== undefined && length >= size
        ? await this.#quarantine.keep(names, type, content)
        : { ...names, type, size, encoding: 'zlib' as const, made: false, at, length };
    const { oid } = object;
    this.#quarantine.add(object, content);
    if (content !== undefined && type === 'blob') this.#onBlob?.(oid, content);
    await this.#resolver.placed(offset, object);
  }

  #hash(type: ObjectType, content: Buffer): Promise<ObjectNames> {
    return hashContent(type, content, this.#breather);
  }

  async #hashLarge(type: ObjectType, size: number): Promise<ObjectNames> {
    const hash = new ObjectHash(type, size);
    await inflateStream(this.#input.queue, size, (piece) => hash.update(piece));
    return hash.names();
  }

  async #delta(offset: number, header: EntryHeader): Promise<void> {
    const { size } = header;
    hold(this.#limits.heldBytes, size, 'bytes of a delta');
    const at = this.#input.queue.position;
    const body = size > INFLATE_AT_ONCE ? await this.#gather(size) : (await this.#input.inflate(size)).content;
    const length = this.#input.queue.position - at;
    await this.#resolver.delta({ offset, base: baseName(offset, header), size, at, length }, body);
  }

  async #gather(size: number): Promise<Buffer> {
    const content = Buffer.allocUnsafe(size);
    let filled = 0;
    await inflateStream(this.#input.queue, size, (piece) => {
      filled += piece.copy(content, filled);
    });
    return content;
  }
}

function baseName(offset: number, header: EntryHeader): BaseName {
  if (header.kind === REF_DELTA) return { oid: header.base };
  if (header.back === 0 || header.back > offset)
    throw new GitError('bad-pack', 'a delta whose base is no entry of the pack');
  return { offset: offset - header.back };
}
