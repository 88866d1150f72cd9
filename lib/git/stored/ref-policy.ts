import type { Plan } from '../../store/plan.ts';
import type { ObjectSource } from '../object-source.ts';
import type { RefUpdate } from '../receive-pack/push-target.ts';
import type { RefList } from '../refs.ts';
import type { CommitGraph } from '../walk/commit-graph.ts';

/** What may be done to the refs of a family. */
export interface RefPolicy {
  /**
   * Why this update is not allowed, as one line for the person who pushes; undefined when it is. `objects` is the
   * repository as it would be after the push.
   */
  refuse(update: RefUpdate, objects: ObjectSource): Promise<string | undefined>;

  /** What else is to move with these updates. */
  entail(updates: readonly RefUpdate[], refs: RefList, graph: CommitGraph): Promise<readonly RefUpdate[]>;

  /** Lets so many bytes of new objects in. Rejects with a GitError `limit-exceeded` where that is too much. */
  admit(bytes: number): Promise<void>;

  /**
   * Adds to the plan that commits these updates that the family exists, and that they are allowed still. Rejects with a
   * GitError `ref-refused` where they are not.
   */
  plan(updates: readonly RefUpdate[], plan: Plan): Promise<void>;

  /** The updates are made and durable. Resolves when who pushed them may be told. */
  committed(updates: readonly RefUpdate[]): Promise<void>;
}
