import type { Oid } from './oid.ts';

/**
 * Commits with which the history of a repository ends though they have parents, and these parents: they were taken away.
 * Git calls such a repository shallow (gitprotocol-common(5), "shallow").
 */
export type HistoryEnds = ReadonlyMap<Oid, readonly Oid[]>;

export const WHOLE_HISTORY: HistoryEnds = new Map();
