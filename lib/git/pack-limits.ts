import { GitError } from './error.ts';
import type { ObjectType } from './object-type.ts';

/** What one pack may cost us. A pack that goes beyond is refused while it is read, not after. */
export interface PackLimits {
  readonly objects: number;
  /** Of the pack as sent. */
  readonly packBytes: number;
  /** Of all contents together, deltas and what they make included. */
  readonly inflatedBytes: number;
  /** Of one blob. */
  readonly objectBytes: number;
  /** Of one commit, tree or tag: each is gone through without a pause. */
  readonly structureBytes: number;
  /** Of what must be held in memory as a whole: a delta, its base, its result. */
  readonly heldBytes: number;
  /** Git itself writes no chain of more than 4095. */
  readonly deltaDepth: number;
}

const MIB = 1024 * 1024;

export const DEFAULT_PACK_LIMITS: PackLimits = {
  objects: 2_000_000,
  packBytes: 8 * 1024 * MIB,
  inflatedBytes: 8 * 1024 * MIB,
  objectBytes: 4 * 1024 * MIB,
  structureBytes: 4 * MIB,
  heldBytes: 256 * MIB,
  deltaDepth: 4095,
};

/** The most that an object of this type may have. */
export function sizeLimit(limits: PackLimits, type: ObjectType): number {
  return type === 'blob' ? limits.objectBytes : limits.structureBytes;
}

export function hold(limit: number, value: number, what: string): void {
  if (value > limit) throw new GitError('limit-exceeded', `${what}: ${value}, where ${limit} is allowed`);
}
