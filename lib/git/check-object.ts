import { asBuffer } from './bytes.ts';
import { checkTree } from './check-tree.ts';
import { parseCommit } from './commit.ts';
import { GitError } from './error.ts';
import type { ObjectType } from './object-type.ts';
import { NULL_OID } from './oid.ts';
import { isRefName } from './ref-name.ts';
import { parseTag } from './tag.ts';

/**
 * The one checker of what a push or a publish may hold: everything that `git fsck --strict` would complain about, and
 * what the project refuses besides (see checkTree). Blobs may hold anything. `path` says where a tree stands.
 */
export function checkObject(type: ObjectType, content: Uint8Array, path = ''): void {
  if (type === 'tree') checkTree(content, path);
  else if (type === 'commit') checkCommit(content);
  else if (type === 'tag') checkTag(content);
}

function checkCommit(content: Uint8Array): void {
  const { tree, parents, extra } = parseCommit(content);
  if (tree === NULL_OID || parents.includes(NULL_OID)) throw refused('a commit that points at the null object id');
  if (extra.some(({ key }) => key === 'author' || key === 'committer' || key === 'tree' || key === 'parent')) {
    throw refused('a commit whose headers come twice or out of order');
  }
  if (asBuffer(content).includes(0)) throw refused('a commit with a NUL in its message');
}

function checkTag(content: Uint8Array): void {
  const { object, name } = parseTag(content);
  if (object === NULL_OID) throw refused('a tag that points at the null object id');
  if (!isRefName(`refs/tags/${name}`)) throw refused(`a tag with an impossible name: "${name.slice(0, 100)}"`);
}

function refused(message: string): GitError {
  return new GitError('forbidden-content', message);
}
