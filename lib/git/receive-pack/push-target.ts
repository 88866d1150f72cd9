import type { ObjectSource } from '../object-source.ts';
import type { Oid } from '../oid.ts';
import type { PackedObject } from '../quarantine.ts';
import type { Repository } from '../refs.ts';

/** One ref is to move; null stands for a ref that is not there. */
export interface RefUpdate {
  readonly name: string;
  readonly from: Oid | null;
  readonly to: Oid | null;
}

/** Tells apart what a repository had before objects were removed from it, and after. */
export type Standing = Uint8Array | undefined;

export interface PushBatch {
  /** From before it was looked at what the repository has. */
  readonly standing: Standing;
  readonly updates: readonly RefUpdate[];
  /** Those objects of the push that the updates need, in the order in which `source` reads them fastest. Some may be stored already. */
  readonly objects: readonly PackedObject[];
  /** Reads exactly these objects. */
  readonly source: ObjectSource;
}

/** A repository that takes pushes. */
export interface PushTarget extends Repository {
  /** To be asked before a push is judged by the objects that are there: they are until it changes. */
  standing(): Promise<Standing>;

  /**
   * Why this update is not allowed here (a version that is published never moves), as one line for the person who
   * pushes; undefined when it is. `objects` is the repository as it would be after the push; everything in it is checked.
   */
  refuse(update: RefUpdate, objects: ObjectSource): Promise<string | undefined>;

  /**
   * Stores the objects, then moves the refs, all or none; durable when it resolves. Rejects with a GitError `ref-moved`
   * when a ref no longer has its `from`, `ref-refused` when the update is no longer allowed, `objects-removed` when the
   * standing is another one, and `collision` when a known oid comes with another digest. No ref has moved then; objects may have come, each with everything behind it.
   */
  commit(batch: PushBatch): Promise<void>;
}
