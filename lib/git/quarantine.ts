import { sha256, type Sha256 } from '../encoding/digest.ts';
import { asBuffer } from './bytes.ts';
import { ContentCache } from './content-cache.ts';
import { GitError } from './error.ts';
import { inflateWhole } from './inflate.ts';
import type { ObjectNames } from './object-hash.ts';
import type { ObjectSource, ObjectStat, StoredObject } from './object-source.ts';
import type { ObjectType } from './object-type.ts';
import { hashObject, type Oid } from './oid.ts';
import type { Spool } from './spool.ts';

/** Contents that deltas or the checks will soon ask for again. */
const CACHE_BYTES = 16 * 1024 * 1024;
const PIECE = 256 * 1024;

/** An object that came in a pack, whole: deltas are resolved. */
export interface PackedObject extends ObjectStat {
  readonly oid: Oid;
  /** SHA-256 of the bare content. */
  readonly digest: Sha256;
  readonly encoding: 'zlib' | 'raw';
  /** Where its body is put aside: as it came, or among what we made of deltas. */
  readonly made: boolean;
  readonly at: number;
  readonly length: number;
}

/** The objects of one pack, put aside until every check has passed. */
export class Quarantine implements ObjectSource {
  readonly #sent: Spool;
  readonly #made: Spool;
  readonly #objects = new Map<Oid, PackedObject>();
  readonly #cache = new ContentCache(CACHE_BYTES);
  /** Bytes inflated a second time: what a hostile order of deltas could drive up. */
  reloaded = 0;

  constructor(sent: Spool, made: Spool) {
    this.#sent = sent;
    this.#made = made;
  }

  get size(): number {
    return this.#objects.size;
  }

  /** In the order in which the pack holds them, which is also the quick one to read them in. */
  objects(): IterableIterator<PackedObject> {
    return this.#objects.values();
  }

  get(oid: Oid): PackedObject | undefined {
    return this.#objects.get(oid);
  }

  /** Node's SHA-1 does not see collisions; a second hash does. */
  add(object: PackedObject, content?: Buffer): void {
    const known = this.#objects.get(object.oid);
    if (known === undefined) this.#objects.set(object.oid, object);
    else if (known.digest !== object.digest || known.type !== object.type) {
      throw new GitError('collision', `two objects claim the id ${object.oid}`);
    }
    if (content !== undefined) this.#cache.set(object.oid, content);
  }

  /** Puts an object beside those of the pack that no pack brought. */
  async make(type: ObjectType, content: Buffer): Promise<PackedObject> {
    const object = await this.keep({ oid: hashObject(type, content), digest: sha256(content) }, type, content);
    this.add(object, content);
    return object;
  }

  /** Puts bare content aside: of an object that nobody packed, or that is no shorter for having been deflated. */
  async keep(names: ObjectNames, type: ObjectType, content: Buffer): Promise<PackedObject> {
    const { length } = content;
    const at = this.#made.size;
    await this.#made.append(content);
    return { ...names, type, size: length, encoding: 'raw', made: true, at, length };
  }

  async content(object: PackedObject): Promise<Buffer> {
    const cached = this.#cache.get(object.oid);
    if (cached !== undefined) return cached;
    const body = await this.#spoolOf(object).read(object.at, object.length);
    const content = object.encoding === 'zlib' ? await inflateWhole(body, object.size) : asBuffer(body);
    this.reloaded += content.length;
    this.#cache.set(object.oid, content);
    return content;
  }

  stat(oids: readonly Oid[]): Promise<ReadonlyMap<Oid, ObjectStat>> {
    const found = new Map<Oid, ObjectStat>();
    for (const oid of oids) {
      const object = this.#objects.get(oid);
      if (object !== undefined) found.set(oid, object);
    }
    return Promise.resolve(found);
  }

  async *read(oids: readonly Oid[]): AsyncGenerator<StoredObject> {
    for (const oid of oids) {
      const object = this.#objects.get(oid);
      if (object === undefined) throw new GitError('object-missing', `object ${oid} is not in the pack`);
      const { type, size, encoding, at, length } = object;
      const spool = this.#spoolOf(object);
      const body = length > PIECE ? pieces(spool, at, length) : await spool.read(at, length);
      yield { oid, type, size, encoding, body };
    }
  }

  async close(): Promise<void> {
    this.#objects.clear();
    this.#cache.clear();
    await Promise.all([this.#sent.close(), this.#made.close()]);
  }

  #spoolOf(object: PackedObject): Spool {
    return object.made ? this.#made : this.#sent;
  }
}

async function* pieces(spool: Spool, at: number, length: number): AsyncGenerator<Uint8Array> {
  for (let done = 0; done < length; done += PIECE) yield await spool.read(at + done, Math.min(PIECE, length - done));
}
