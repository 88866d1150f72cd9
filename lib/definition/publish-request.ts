import { conforming } from '../encoding/schema-check.ts';
import { isWellFormed } from '../encoding/well-formed.ts';
import { GitError } from '../git/error.ts';
import { parseIdent } from '../git/ident.ts';
import { DefinitionError } from './definition-error.ts';
import { PUBLISH_REQUEST } from './schemas.ts';
import type { PublishRequest, Source } from './wire.ts';

/** Checks the first line of a publish. */
export function parsePublishRequest(value: unknown): PublishRequest {
  const { tree, author, source, image } = conforming(PUBLISH_REQUEST, value, 'the request', invalid);
  checkAuthor(author);
  return {
    tree,
    author,
    source: sourceOf(source ?? {}),
    ...(image === undefined ? {} : { image: line(image, 'image') }),
  };
}

function checkAuthor(author: string): void {
  try {
    parseIdent(line(author, 'author'));
  } catch (cause) {
    if (!(cause instanceof GitError)) throw cause;
    throw invalid('author is `Name <email> <seconds> <zone>`, as Git writes it');
  }
}

/** Nothing but what is known becomes part of the version. */
function sourceOf({ repository, commit, path, worktree }: Source): Source {
  return {
    ...(repository === undefined ? {} : { repository: withoutPassword(line(repository, 'source.repository')) }),
    ...(commit === undefined ? {} : { commit }),
    ...(path === undefined ? {} : { path: line(path, 'source.path') }),
    ...(worktree === undefined ? {} : { worktree }),
  };
}

/** What is published is read by others: an address that carries a password is kept without it. */
function withoutPassword(address: string): string {
  return address.replace(/^([a-z][a-z0-9+.-]*:\/\/)[^/?#]*@/i, '$1');
}

/** Text that becomes a line of a commit, and so UTF-8. */
function line(text: string, name: string): string {
  if (isWellFormed(text)) return text;
  throw invalid(`${name} holds half of a surrogate pair`);
}

function invalid(message: string): DefinitionError {
  return new DefinitionError('publish-invalid', message);
}
