import type { HistoryEnds } from './history-ends.ts';
import type { ObjectSource } from './object-source.ts';
import type { Oid } from './oid.ts';

export interface Ref {
  /** `refs/heads/main` */
  readonly name: string;
  readonly oid: Oid;
  /** What an annotated tag ends at, null where the ref is none; left out where the repository does not keep it. */
  readonly peeled?: Oid | null;
}

export interface RefList {
  /** In byte order of their names, without HEAD. */
  readonly refs: readonly Ref[];
  /** The ref that HEAD stands for, which need not exist yet. */
  readonly head: string;
}

/** The refs of ONE repository. */
export interface Refs {
  /** All refs at one moment; sees every update that had been committed before the call. */
  list(): Promise<RefList>;
}

/** What a fetch needs of a repository. */
export interface Repository {
  /** Where its history ends before its beginning. */
  ends(): Promise<HistoryEnds>;

  readonly objects: ObjectSource;
  readonly refs: Refs;
}
