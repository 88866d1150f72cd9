import { GitError } from './error.ts';
import { formatIdent, type Ident, parseIdent } from './ident.ts';
import { encodeHeaded, type Header, parseHeaded } from './object-header.ts';
import { isObjectType, type ObjectType } from './object-type.ts';
import { isOid, type Oid } from './oid.ts';

export interface Tag {
  readonly object: Oid;
  readonly type: ObjectType;
  readonly name: string;
  /** Tags from before 2005 have none. */
  readonly tagger: Ident | undefined;
  readonly extra: readonly Header[];
  readonly message: string;
}

export function parseTag(content: Uint8Array): Tag {
  const { headers, message } = parseHeaded(content, 'tag');
  const [object, type, name] = ['object', 'type', 'tag'].map((key, at) => {
    const header = headers[at];
    if (header?.key !== key)
      throw new GitError('bad-object', `tag: "${key}" expected, "${header?.key ?? 'end'}" found`);
    return header.value;
  }) as [string, string, string];
  if (!isOid(object)) throw new GitError('bad-object', `tag: not an object id: "${object.slice(0, 60)}"`);
  if (!isObjectType(type)) throw new GitError('bad-object', `tag: unknown type "${type.slice(0, 60)}"`);
  const tagger = headers[3]?.key === 'tagger' ? parseIdent(headers[3].value) : undefined;
  return { object, type, name, tagger, extra: headers.slice(tagger === undefined ? 3 : 4), message };
}

export function encodeTag(tag: Tag): Buffer {
  if (!isOid(tag.object)) throw new GitError('bad-object', `tag: not an object id: "${tag.object.slice(0, 60)}"`);
  return encodeHeaded({
    headers: [
      { key: 'object', value: tag.object },
      { key: 'type', value: tag.type },
      { key: 'tag', value: tag.name },
      ...(tag.tagger === undefined ? [] : [{ key: 'tagger', value: formatIdent(tag.tagger) }]),
      ...tag.extra,
    ],
    message: tag.message,
  });
}
