import { parseCommit } from '../commit.ts';
import type { ObjectType } from '../object-type.ts';
import type { Oid } from '../oid.ts';
import { parseTag } from '../tag.ts';
import { TreeCursor } from '../tree-cursor.ts';
import { typeOfMode } from '../tree-mode.ts';

/** An object that another one points at, and as what. */
export interface NamedObject {
  readonly oid: Oid;
  readonly type: ObjectType;
}

/** What an object points at, one after the other; blobs point at nothing. */
export function* namedBy(type: ObjectType, content: Buffer): Generator<NamedObject> {
  if (type === 'tag') {
    const { object, type: of } = parseTag(content);
    yield { oid: object, type: of };
  } else if (type === 'commit') {
    const { tree, parents } = parseCommit(content);
    yield { oid: tree, type: 'tree' };
    for (const parent of parents) yield { oid: parent, type: 'commit' };
  } else if (type === 'tree') {
    for (const cursor = new TreeCursor(content); cursor.next();)
      yield { oid: cursor.oid, type: typeOfMode(cursor.mode) };
  }
}
