import { encodeCommit } from '../git/commit.ts';
import { parseIdent } from '../git/ident.ts';
import type { Oid } from '../git/oid.ts';
import type { Source } from './wire.ts';

export interface CommitParts {
  readonly family: string;
  readonly version: string;
  readonly tree: Oid;
  /** What `main` stood at; null for the first version. */
  readonly parent: Oid | null;
  /** As Git writes it, with the date. */
  readonly author: string;
  readonly source: Source;
}

/** The commit of a published version: a pure function of what was published, and after which version. */
export function versionCommit({ family, version, tree, parent, author, source }: CommitParts): Buffer {
  const who = parseIdent(author);
  const trailers = [
    ['Source-Repository', source.repository],
    ['Source-Commit', source.commit],
    ['Source-Path', source.path],
    ['Source-Worktree', source.worktree === true ? 'with uncommitted changes' : undefined],
  ].flatMap(([key, value]) => (value === undefined ? [] : [`${key}: ${value}\n`]));
  const message = `${family} ${version}\n${trailers.length === 0 ? '' : `\n${trailers.join('')}`}`;
  const parents = parent === null ? [] : [parent];
  return encodeCommit({ tree, parents, author: who, committer: who, extra: [], message });
}
