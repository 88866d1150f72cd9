import type { ObjectType } from './object-type.ts';
import type { Oid } from './oid.ts';

export interface ObjectStat {
  readonly type: ObjectType;
  /** Of the bare content. */
  readonly size: number;
}

/** An object as it lies in a store or in a pack: its content, deflated or bare. */
export interface StoredObject extends ObjectStat {
  readonly oid: Oid;
  readonly encoding: 'zlib' | 'raw';
  /** Large objects come in pieces. Memory is valid only until the next object is asked for. */
  readonly body: Uint8Array | AsyncIterable<Uint8Array>;
}

/**
 * The objects of ONE repository. An oid that the repository does not hold is absent, whatever else the store may hold,
 * and every object that an object here points at is here too.
 */
export interface ObjectSource {
  /**
   * Type and size of each oid that is present; absent ones are left out. Any number may be asked for. What was present
   * stays readable for as long as the request runs.
   */
  stat(oids: readonly Oid[]): Promise<ReadonlyMap<Oid, ObjectStat>>;

  /**
   * One object for each oid, in the order asked for. Rejects with `object-missing` at the first that is absent. The
   * reader may stop early or take minutes between two objects, so nothing is held open meanwhile.
   */
  read(oids: readonly Oid[]): AsyncIterable<StoredObject>;
}
