import type { Sha256 } from '../../../../lib/encoding/digest.ts';
import { GitError } from '../../../../lib/git/error.ts';
import type { ObjectSource, ObjectStat, StoredObject } from '../../../../lib/git/object-source.ts';
import type { Oid } from '../../../../lib/git/oid.ts';
import type { PushBatch, PushTarget, RefUpdate } from '../../../../lib/git/receive-pack/push-target.ts';
import type { RefList } from '../../../../lib/git/refs.ts';

interface Kept extends ObjectStat {
  readonly encoding: 'zlib' | 'raw';
  readonly body: Buffer;
  readonly digest: Sha256;
}

/** The ports of lib/git over maps, with switches for what a test wants to see refused. */
export class MemoryRepository implements PushTarget {
  readonly kept = new Map<Oid, Kept>();
  readonly values = new Map<string, Oid>();
  head = 'refs/heads/main';
  refuseUpdate: (update: RefUpdate, objects: ObjectSource) => string | undefined = () => undefined;
  /** Runs between the checks and the commit. */
  beforeCommit: (batch: PushBatch) => void = () => undefined;
  batches: PushBatch[] = [];

  readonly objects: ObjectSource = {
    stat: (oids) => {
      const found = new Map<Oid, ObjectStat>();
      for (const oid of oids) {
        const kept = this.kept.get(oid);
        if (kept !== undefined) found.set(oid, kept);
      }
      return Promise.resolve(found);
    },
    read: (oids) => this.#read(oids),
  };

  readonly refs = {
    list: (): Promise<RefList> => {
      const names = [...this.values.keys()].sort((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)));
      return Promise.resolve({ head: this.head, refs: names.map((name) => ({ name, oid: this.values.get(name)! })) });
    },
  };

  /** Where its history ends. */
  shallow = new Map<Oid, readonly Oid[]>();

  ends(): Promise<ReadonlyMap<Oid, readonly Oid[]>> {
    return Promise.resolve(this.shallow);
  }

  /** Nothing is ever removed. */
  standing(): Promise<undefined> {
    return Promise.resolve(undefined);
  }

  refuse(update: RefUpdate, objects: ObjectSource): Promise<string | undefined> {
    return Promise.resolve(this.refuseUpdate(update, objects));
  }

  async commit(batch: PushBatch): Promise<void> {
    this.beforeCommit(batch);
    const arrived = new Map<Oid, Kept>();
    const digests = new Map(batch.objects.map(({ oid, digest }) => [oid, digest]));
    for await (const object of batch.source.read(batch.objects.map(({ oid }) => oid))) {
      const { oid, type, size, encoding } = object;
      arrived.set(oid, { type, size, encoding, body: await gather(object.body), digest: digests.get(oid)! });
    }
    for (const { name, from } of batch.updates) {
      if ((this.values.get(name) ?? null) !== from) throw new GitError('ref-moved', `${name} has moved; fetch first`);
    }
    for (const [oid, kept] of arrived) this.kept.set(oid, kept);
    for (const { name, to } of batch.updates) {
      if (to === null) this.values.delete(name);
      else this.values.set(name, to);
    }
    this.batches.push(batch);
  }

  async *#read(oids: readonly Oid[]): AsyncGenerator<StoredObject> {
    for (const oid of oids) {
      const kept = this.kept.get(oid);
      if (kept === undefined) throw new GitError('object-missing', `object ${oid} is not in this repository`);
      // Large ones in pieces, small ones whole: a store may do either.
      yield { oid, ...kept, body: kept.body.length > 100_000 ? inPieces(kept.body) : kept.body };
    }
  }
}

async function* inPieces(body: Buffer): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < body.length; at += 50_000) yield await Promise.resolve(body.subarray(at, at + 50_000));
}

export async function gather(body: Uint8Array | AsyncIterable<Uint8Array>): Promise<Buffer> {
  if (body instanceof Uint8Array) return Buffer.from(body);
  const parts: Uint8Array[] = [];
  for await (const part of body) parts.push(Buffer.from(part));
  return Buffer.concat(parts);
}
