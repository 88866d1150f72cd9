import { randomBytes } from 'node:crypto';
import { commitUntilHeld } from '../../store/commit-until-held.ts';
import type { ContentStore, Located } from '../../store/content-store.ts';
import type { KeyedStore } from '../../store/keyed-store.ts';
import { gitObjectKey, oidKey, refKey, tidinessKey, unreachedKey } from '../../store/keys.ts';
import { Plan } from '../../store/plan.ts';
import { Breather } from '../breather.ts';
import { GitError } from '../error.ts';
import { parseCommit } from '../commit.ts';
import { readContent } from '../object-content.ts';
import type { ObjectSource } from '../object-source.ts';
import type { Oid } from '../oid.ts';
import type { PackedObject } from '../quarantine.ts';
import type { PushBatch, RefUpdate } from '../receive-pack/push-target.ts';
import { RefFolders } from '../ref-name.ts';
import { UnionSource } from '../union-source.ts';
import { peel } from '../walk/peel.ts';
import { type Arrival, arrivalsOf, inBatches } from './arrivals.ts';
import { dependencyOrder } from './dependency-order.ts';
import { decodeKnown, encodeKnown, encodeObject } from './object-record.ts';
import { decodeRef, encodeRef } from './ref-record.ts';
import type { RefPolicy } from './ref-policy.ts';
import type { StoredObjects } from './stored-objects.ts';
import type { StoredRefs } from './stored-refs.ts';

/** So many commits of blobs share their waits for the disk. */
const BLOB_BATCHES = 3;

export interface PushParts {
  readonly keys: KeyedStore;
  readonly content: ContentStore;
  readonly family: string;
  readonly objects: StoredObjects;
  readonly refs: StoredRefs;
  readonly policy: RefPolicy;
}

/**
 * One push on its way into the store. Its objects come in batches, each after all that it points at, so that whatever
 * the repository has is whole at every moment; the last batch goes in one commit with the refs. A push that ends in
 * between leaves objects that no ref reaches, as a push to Git's own server may.
 */
export class PushCommit {
  readonly #parts: PushParts;
  readonly #batch: PushBatch;
  readonly #source: ObjectSource;
  readonly #breather = new Breather();
  /** Whether a ref goes from where it stood, and not on from there. */
  #leaves = false;

  constructor(parts: PushParts, batch: PushBatch) {
    this.#parts = parts;
    this.#batch = batch;
    this.#source = new UnionSource(batch.source, parts.objects);
  }

  async run(): Promise<void> {
    const { updates, source } = this.#batch;
    const fresh = await this.#fresh();
    await this.#parts.policy.admit(fresh.reduce((bytes, { size }) => bytes + size, 0));
    const peeled = await this.#peeled();
    // Said before anything is written; it is found out again with the last commit.
    await this.#planRefs(updates, peeled, new Plan());
    this.#leaves = await this.#leavesSomething();
    const batches = await this.#batches(fresh);
    const writing: Promise<void>[] = [];
    try {
      for (const [at, batch] of batches.entries()) {
        // Batches are read while others are on their way to the disk, and those of blobs need not wait for each other.
        const arrivals = await arrivalsOf(batch, source, this.#parts.content, this.#breather);
        const needsOthers = at === batches.length - 1 || batch.some(({ type }) => type !== 'blob');
        while (writing.length >= (needsOthers ? 1 : BLOB_BATCHES)) await writing.shift();
        const write = this.#write(arrivals, at === batches.length - 1 ? { updates, peeled } : undefined);
        write.catch(() => undefined);
        writing.push(write);
      }
      await Promise.all(writing);
    } finally {
      // The quarantine goes with this call, so nobody may read it any more.
      await Promise.allSettled(writing);
    }
  }

  /** A commit right on top of where its branch stood reaches all that the branch did. Of others that is not asked. */
  async #leavesSomething(): Promise<boolean> {
    for (const { from, to } of this.#batch.updates) {
      if (from === null || from === to) continue;
      if (to === null) return true;
      const { type, content } = await readContent(this.#source, to);
      if (type !== 'commit' || !parseCommit(content).parents.includes(from)) return true;
    }
    return false;
  }

  /** What the push was judged by must be there still. */
  async #planStanding(plan: Plan): Promise<void> {
    const key = unreachedKey(this.#parts.family);
    const value = await this.#parts.keys.get(key);
    if (!isSame(value, this.#batch.standing)) throw new GitError('objects-removed', 'objects were removed; push again');
    plan.check({ key, value });
  }

  /** Objects that the repository has not yet. */
  async #fresh(): Promise<PackedObject[]> {
    const { objects, keys } = this.#parts;
    const fresh: PackedObject[] = [];
    for (const object of this.#batch.objects) {
      const member = await objects.find(object.oid);
      if (member === undefined) fresh.push(object);
      else if (member.located.content !== object.digest || member.type !== object.type) throw collision(object);
      checkKnown(object, member === undefined ? await keys.get(oidKey(object.oid)) : undefined);
      if (this.#breather.due()) await this.#breather.rest();
    }
    return fresh;
  }

  /** Blobs point at nothing, so they come first. What goes in one commit needs no order. */
  async #batches(objects: readonly PackedObject[]): Promise<PackedObject[][]> {
    const together = [...inBatches(objects)];
    if (together.length === 1) return together;
    const blobs = objects.filter(({ type }) => type === 'blob');
    const others = new Map(objects.filter(({ type }) => type !== 'blob').map((object) => [object.oid, object]));
    const order = await dependencyOrder(this.#batch.source, [...others.keys()], this.#breather);
    return [...inBatches([...blobs, ...order.map((oid) => others.get(oid)!)])];
  }

  /** What the refs end at that come to stand for annotated tags. */
  async #peeled(): Promise<ReadonlyMap<Oid, Oid>> {
    const targets = this.#batch.updates.flatMap(({ to }) => (to === null ? [] : [to]));
    const stats = await this.#source.stat(targets);
    const peeled = new Map<Oid, Oid>();
    for (const [oid, stat] of stats) {
      if (stat.type === 'tag') peeled.set(oid, (await peel(this.#source, oid, stat)).oid);
    }
    return peeled;
  }

  async #write(
    arrivals: readonly Arrival[],
    last: { updates: readonly RefUpdate[]; peeled: ReadonlyMap<Oid, Oid> } | undefined,
  ): Promise<void> {
    const { keys, family } = this.#parts;
    await commitUntilHeld(keys, async () => {
      const plan = new Plan();
      await this.#planStanding(plan);
      // All at once, so that the files of a batch share their waits for the disk.
      const kept = await Promise.all(arrivals.map(({ keep }) => keep()));
      for (const [at, { object }] of arrivals.entries()) {
        plan.check(...kept[at]!.checks).put(...kept[at]!.puts);
        await this.#planObject(object, plan, kept[at]!.located);
        if (this.#breather.due()) await this.#breather.rest();
      }
      if (last !== undefined) await this.#planRefs(last.updates, last.peeled, plan);
      // Should there be no next commit, nothing reaches what came with this one.
      if (last === undefined || this.#leaves) plan.put({ key: tidinessKey(family), value: randomBytes(8) });
      return plan.changesNothing ? { result: undefined } : { commit: plan.commit, result: undefined };
    });
  }

  async #planObject(object: PackedObject, plan: Plan, located: Located): Promise<void> {
    const { keys, family } = this.#parts;
    const { oid, type, size, digest } = object;
    const key = oidKey(oid);
    const value = await keys.get(key);
    checkKnown(object, value);
    plan.check({ key, value });
    if (value === undefined) plan.put({ key, value: encodeKnown({ type, content: digest }) });
    plan.put({ key: gitObjectKey(family, oid), value: encodeObject({ type, size, located }) });
  }

  async #planRefs(updates: readonly RefUpdate[], peeled: ReadonlyMap<Oid, Oid>, plan: Plan): Promise<void> {
    const { keys, family, policy } = this.#parts;
    if (updates.some(({ from }) => from === null)) await this.#planNames(updates, plan);
    for (const { name, from, to } of updates) {
      const key = refKey(family, name);
      const value = await keys.get(key);
      if ((value === undefined ? null : decodeRef(value).oid) !== from) {
        throw new GitError('ref-moved', `${name} has moved since; fetch first`);
      }
      plan.check({ key, value });
      if (to === null) plan.delete(key);
      else plan.put({ key, value: encodeRef({ oid: to, peeled: peeled.get(to) ?? null }) });
    }
    plan.put({ key: refKey(family, ''), value: randomBytes(16) });
    await policy.plan(updates, plan);
  }

  /** New names must fit beside those that came since the push was judged, and that come until it is committed. */
  async #planNames(updates: readonly RefUpdate[], plan: Plan): Promise<void> {
    const { refs, family } = this.#parts;
    const { mark, list } = await refs.snapshot();
    const names = new Set(list.refs.map(({ name }) => name));
    for (const { name, to } of updates) if (to === null) names.delete(name);
    for (const { name, to } of updates) if (to !== null) names.add(name);
    const folders = new RefFolders(names);
    for (const { name, to } of updates) {
      const other = to === null ? undefined : folders.conflict(name);
      if (other !== undefined) throw new GitError('ref-moved', `there is a ref "${other}" beside ${name} since`);
    }
    plan.check({ key: refKey(family, ''), value: mark });
  }
}

function checkKnown(object: PackedObject, value: Uint8Array | undefined): void {
  if (value === undefined) return;
  const { type, content } = decodeKnown(value);
  if (type !== object.type || content !== object.digest) throw collision(object);
}

function isSame(a: Uint8Array | undefined, b: Uint8Array | undefined): boolean {
  return a === undefined || b === undefined ? a === b : Buffer.compare(a, b) === 0;
}

function collision({ oid }: PackedObject): GitError {
  return new GitError('collision', `object ${oid} is known with another content`);
}
