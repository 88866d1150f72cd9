import type { Plan } from '../../store/plan.ts';
import type { RefUpdate } from '../receive-pack/push-target.ts';

/** What may be done to the refs of a family. */
export interface RefPolicy {
  /** Why this update is not allowed, as one line for the person who pushes; undefined when it is. */
  refuse(update: RefUpdate): Promise<string | undefined>;

  /**
   * Adds to the plan that commits these updates that the family exists, and that they are allowed still. Rejects with a
   * GitError `ref-refused` where they are not.
   */
  plan(updates: readonly RefUpdate[], plan: Plan): Promise<void>;
}
