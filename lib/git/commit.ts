import { GitError } from './error.ts';
import { formatIdent, type Ident, parseIdent } from './ident.ts';
import { encodeHeaded, type Header, parseHeaded } from './object-header.ts';
import { isOid, type Oid } from './oid.ts';

export interface Commit {
  readonly tree: Oid;
  readonly parents: readonly Oid[];
  readonly author: Ident;
  readonly committer: Ident;
  /** What stands after the committer: encoding, signatures, merged tags. */
  readonly extra: readonly Header[];
  readonly message: string;
}

/** Reads a commit as strictly as `git fsck --strict`: tree, parents, author, committer, in this order, once each. */
export function parseCommit(content: Uint8Array): Commit {
  const { headers, message } = parseHeaded(content, 'commit');
  let at = 0;
  const take = (key: string): string => {
    const header = headers[at];
    if (header?.key !== key)
      throw new GitError('bad-object', `commit: "${key}" expected, "${header?.key ?? 'end'}" found`);
    at += 1;
    return header.value;
  };
  const tree = oidOf(take('tree'));
  const parents: Oid[] = [];
  while (headers[at]?.key === 'parent') parents.push(oidOf(take('parent')));
  const author = parseIdent(take('author'));
  const committer = parseIdent(take('committer'));
  return { tree, parents, author, committer, extra: headers.slice(at), message };
}

export function encodeCommit(commit: Commit): Buffer {
  return encodeHeaded({
    headers: [
      { key: 'tree', value: oidOf(commit.tree) },
      ...commit.parents.map((parent) => ({ key: 'parent', value: oidOf(parent) })),
      { key: 'author', value: formatIdent(commit.author) },
      { key: 'committer', value: formatIdent(commit.committer) },
      ...commit.extra,
    ],
    message: commit.message,
  });
}

function oidOf(text: string): Oid {
  if (!isOid(text)) throw new GitError('bad-object', `commit: not an object id: "${text.slice(0, 60)}"`);
  return text;
}
