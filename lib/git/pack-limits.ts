import { GitError } from './error.ts';

/** What one pack may cost us. A pack that goes beyond is refused while it is read, not after. */
export interface PackLimits {
  readonly objects: number;
  /** Of the pack as sent. */
  readonly packBytes: number;
  /** Of all contents together, deltas and what they make included. */
  readonly inflatedBytes: number;
  /** Of one blob. */
  readonly objectBytes: number;
  /** Of one object that must be held in memory: commits, trees, tags, deltas, their bases and results. */
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
  heldBytes: 256 * MIB,
  deltaDepth: 4095,
};

export function hold(limit: number, value: number, what: string): void {
  if (value > limit) throw new GitError('limit-exceeded', `${what}: ${value}, where ${limit} is allowed`);
}
