import { isWellFormed } from '../encoding/well-formed.ts';
import { GitError } from '../git/error.ts';
import { parseIdent } from '../git/ident.ts';
import { isOid } from '../git/oid.ts';
import { DefinitionError } from './definition-error.ts';
import type { PublishRequest, Source } from './wire.ts';

const LONGEST = 4096;

/** Checks the first line of a publish. */
export function parsePublishRequest(value: unknown): PublishRequest {
  const { tree, author, source, image } = fieldsOf(value, 'the request');
  if (typeof tree !== 'string' || !isOid(tree)) throw invalid('tree is a Git object id of 40 hex digits');
  return {
    tree,
    author: checkedAuthor(author),
    source: parseSource(source ?? {}),
    ...(image === undefined ? {} : { image: line(image, 'image') }),
  };
}

function checkedAuthor(author: unknown): string {
  const text = line(author, 'author');
  try {
    parseIdent(text);
  } catch (cause) {
    if (!(cause instanceof GitError)) throw cause;
    throw invalid('author is `Name <email> <seconds> <zone>`, as Git writes it');
  }
  return text;
}

function parseSource(value: unknown): Source {
  const { repository, commit, path, worktree } = fieldsOf(value, 'source');
  if (commit !== undefined && !/^[0-9a-f]{40}(?:[0-9a-f]{24})?$/.test(line(commit, 'source.commit'))) {
    throw invalid('source.commit is a Git object id');
  }
  if (worktree !== undefined && worktree !== true) throw invalid('source.worktree is true or left out');
  return {
    ...(repository === undefined ? {} : { repository: withoutPassword(line(repository, 'source.repository')) }),
    ...(commit === undefined ? {} : { commit: line(commit, 'source.commit') }),
    ...(path === undefined ? {} : { path: line(path, 'source.path') }),
    ...(worktree === undefined ? {} : { worktree: true as const }),
  };
}

/** What is published is read by others: an address that carries a password is kept without it. */
function withoutPassword(address: string): string {
  return address.replace(/^([a-z][a-z0-9+.-]*:\/\/)[^/?#]*@/i, '$1');
}

/** Text that becomes a line of a commit. */
function line(value: unknown, name: string): string {
  // eslint-disable-next-line no-control-regex
  if (typeof value === 'string' && value !== '' && value.length <= LONGEST && !/[\u0000-\u001f\u007f]/.test(value)) {
    if (isWellFormed(value)) return value;
  }
  throw invalid(`${name} is one line of text of at most ${LONGEST} characters`);
}

function fieldsOf(value: unknown, name: string): Readonly<Record<string, unknown>> {
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Record<string, unknown>;
  throw invalid(`${name} is a JSON object`);
}

function invalid(message: string): DefinitionError {
  return new DefinitionError('publish-invalid', message);
}
