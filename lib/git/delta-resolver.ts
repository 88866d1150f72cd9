import type { Breather } from './breather.ts';
import { deflateContent } from './deflate.ts';
import { Delta } from './delta.ts';
import { GitError } from './error.ts';
import { inflateWhole } from './inflate.ts';
import { readContents } from './object-content.ts';
import { hashContent } from './object-hash.ts';
import type { ObjectSource } from './object-source.ts';
import type { ObjectType } from './object-type.ts';
import type { Oid } from './oid.ts';
import { hold, type PackLimits, sizeLimit } from './pack-limits.ts';
import type { PackedObject, Quarantine } from './quarantine.ts';
import type { Spool } from './spool.ts';

/** Bases outside the pack are looked up so many at a time. */
const BATCH = 256;

/** What a delta is made for: an entry of this pack, or any object. */
export type BaseName = { readonly offset: number } | { readonly oid: Oid };

/** A delta in the pack; its body stays put aside while its base is not known. */
export interface DeltaEntry {
  readonly offset: number;
  readonly base: BaseName;
  /** Of the inflated delta. */
  readonly size: number;
  readonly at: number;
  readonly length: number;
}

interface Base {
  readonly type: ObjectType;
  readonly content: Buffer;
  readonly depth: number;
}

export interface ResolverParts {
  readonly quarantine: Quarantine;
  readonly sent: Spool;
  readonly made: Spool;
  /** Of the repository, for thin packs. */
  readonly bases: ObjectSource | undefined;
  readonly limits: PackLimits;
  readonly breather: Breather;
}

/** Turns deltas into objects as soon as their bases are known, without recursion: chains may be thousands long. */
export class DeltaResolver {
  readonly #parts: ResolverParts;
  readonly #byOffset = new Map<number, PackedObject>();
  readonly #depth = new Map<Oid, number>();
  readonly #waiting = new Map<number | Oid, DeltaEntry[]>();
  readonly #waitingOffsets = new Set<number>();
  /** Bytes of deltas and of what they made. */
  inflated = 0;

  constructor(parts: ResolverParts) {
    this.#parts = parts;
  }

  /** Takes note of an object that stands whole in the pack, and resolves what waited for it. */
  async placed(offset: number, object: PackedObject): Promise<void> {
    this.#byOffset.set(offset, object);
    if (this.#waiting.size > 0) await this.#wake([{ offset, object }]);
  }

  /** Takes a delta with its inflated body. */
  async delta(entry: DeltaEntry, body: Buffer): Promise<void> {
    const base = this.#find(entry.base);
    if (base === undefined) {
      this.#wait(entry);
      return;
    }
    const object = await this.#make(body, await this.#baseOf(base));
    await this.placed(entry.offset, object);
  }

  /** Resolves thin deltas from the repository. What is left after that has no base. */
  async finish(): Promise<void> {
    const { bases, limits } = this.#parts;
    while (this.#waiting.size > 0) {
      const wanted = [...this.#waiting.keys()].filter((key) => typeof key === 'string').slice(0, BATCH);
      const found = await bases?.stat(wanted);
      const present = wanted.filter((oid) => found?.has(oid) === true);
      for (const oid of present) hold(limits.heldBytes, found!.get(oid)!.size, 'bytes of a delta base');
      if (bases === undefined || present.length < wanted.length || present.length === 0) {
        const missing = wanted.find((oid) => found?.has(oid) !== true) ?? 'unknown';
        throw new GitError('delta-base-missing', `the pack needs object ${missing}, which is not there`);
      }
      for await (const { oid, type, content } of readContents(bases, present)) {
        const woken = await this.#resolveAll(oid, { type, content, depth: 0 });
        await this.#wake(woken);
      }
    }
  }

  #find(base: BaseName): PackedObject | undefined {
    return 'oid' in base ? this.#parts.quarantine.get(base.oid) : this.#byOffset.get(base.offset);
  }

  #wait(entry: DeltaEntry): void {
    const key = 'oid' in entry.base ? entry.base.oid : entry.base.offset;
    if (typeof key === 'number' && !this.#waitingOffsets.has(key)) {
      throw new GitError('bad-pack', 'a delta whose base is no entry of the pack');
    }
    const others = this.#waiting.get(key);
    if (others === undefined) this.#waiting.set(key, [entry]);
    else others.push(entry);
    this.#waitingOffsets.add(entry.offset);
  }

  /** Resolves everything that waited for these objects, and for what that makes. */
  async #wake(placed: { offset: number; object: PackedObject }[]): Promise<void> {
    const work = placed;
    for (let next = work.pop(); next !== undefined; next = work.pop()) {
      const { offset, object } = next;
      if (!this.#waiting.has(offset) && !this.#waiting.has(object.oid)) continue;
      const base = await this.#baseOf(object);
      work.push(...(await this.#resolveAll(offset, base)), ...(await this.#resolveAll(object.oid, base)));
    }
  }

  async #resolveAll(key: number | Oid, base: Base): Promise<{ offset: number; object: PackedObject }[]> {
    const { sent, breather } = this.#parts;
    const made: { offset: number; object: PackedObject }[] = [];
    const entries = this.#waiting.get(key) ?? [];
    this.#waiting.delete(key);
    for (const entry of entries) {
      const body = await inflateWhole(await sent.read(entry.at, entry.length), entry.size);
      const object = await this.#make(body, base);
      this.#byOffset.set(entry.offset, object);
      this.#waitingOffsets.delete(entry.offset);
      made.push({ offset: entry.offset, object });
      if (breather.due()) await breather.rest();
    }
    return made;
  }

  async #baseOf(object: PackedObject): Promise<Base> {
    const { quarantine, limits } = this.#parts;
    hold(limits.heldBytes, object.size, 'bytes of a delta base');
    const content = await quarantine.content(object);
    hold(limits.inflatedBytes, quarantine.reloaded, 'bytes inflated again for deltas');
    return { type: object.type, content, depth: this.#depth.get(object.oid) ?? 0 };
  }

  async #make(body: Buffer, base: Base): Promise<PackedObject> {
    const { quarantine, made, limits, breather } = this.#parts;
    const delta = new Delta(body);
    const limit = Math.min(limits.heldBytes, sizeLimit(limits, base.type));
    hold(limit, delta.resultSize, `bytes of a ${base.type} made by a delta`);
    hold(limits.deltaDepth, base.depth + 1, 'deltas in a chain');
    hold(limits.inflatedBytes, (this.inflated += delta.resultSize), 'bytes of all objects');
    const content = await delta.apply(base.content, breather);
    const { oid, digest } = await hashContent(base.type, content, breather);
    const known = quarantine.get(oid);
    if (known?.digest === digest && known.type === base.type) return known;
    const { encoding, body: stored } = await deflateContent(content);
    const at = made.size;
    await made.append(stored);
    const object = {
      oid,
      type: base.type,
      size: content.length,
      digest,
      encoding,
      made: true,
      at,
      length: stored.length,
    };
    quarantine.add(object, content);
    this.#depth.set(oid, base.depth + 1);
    return object;
  }
}
