import type { Sha256 } from '../encoding/digest.ts';
import type { Actor, Statement, Version } from './wire.ts';

/** What is kept of a published version under its key. It never changes. */
export type VersionRecord = Omit<Version, 'family' | 'version' | 'pins' | 'statements' | 'retired'>;

/** Where a pin stands: the value under its key. */
export interface PinRecord {
  readonly version: string;
  readonly digest: Sha256;
  readonly at: string;
  readonly by: Actor;
}

/** What is said of a version, the oldest first: the value under its key. */
export interface StatementsRecord {
  readonly statements: readonly Statement[];
}

/** The value under a version's key of removals: that somebody is about to remove it, or that it was removed. */
export type RemovalRecord = Removing | Removed;

/** Whoever comes to need the version takes this away, and the removal does not happen. */
export interface Removing {
  readonly state: 'removing';
  /** Tells two attempts apart. */
  readonly attempt: string;
}

/** It stays for good, so that the name never stands for anything else. */
export interface Removed {
  readonly state: 'removed';
  readonly version: string;
  readonly at: string;
  readonly by: Actor;
  readonly reason: string;
  readonly record: VersionRecord;
}

/** A version as it is shown. */
export function shownVersion(
  family: string,
  version: string,
  record: VersionRecord,
  pins: readonly string[],
  statements: readonly Statement[],
): Version {
  const last = statements.findLast(({ kind }) => kind !== 'erratum');
  return {
    family,
    version,
    ...record,
    pins,
    statements,
    ...(last?.kind === 'retired' ? { retired: last.text } : {}),
  };
}
