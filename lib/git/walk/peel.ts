import { readContent } from '../object-content.ts';
import type { ObjectSource, ObjectStat } from '../object-source.ts';
import type { ObjectType } from '../object-type.ts';
import type { Oid } from '../oid.ts';
import type { Ref } from '../refs.ts';
import { GitError } from '../error.ts';
import { parseTag } from '../tag.ts';

export interface Peeled {
  readonly oid: Oid;
  readonly type: ObjectType;
  /** The tags on the way, outermost first. */
  readonly tags: readonly Oid[];
}

/** Follows tags to what they tag. */
export async function peel(source: ObjectSource, start: Oid, stat?: ObjectStat): Promise<Peeled> {
  const tags: Oid[] = [];
  let oid = start;
  let type = stat?.type ?? (await typeOf(source, oid));
  while (type === 'tag') {
    tags.push(oid);
    const tag = parseTag((await readContent(source, oid)).content);
    oid = tag.object;
    type = tag.type;
  }
  return { oid, type, tags };
}

/** What each annotated tag among the refs ends at; refs that point straight at their object are left out. */
export async function peelRefs(source: ObjectSource, refs: readonly Ref[]): Promise<Map<string, Oid>> {
  const peeled = new Map<string, Oid>();
  const unknown = refs.filter((ref) => ref.peeled === undefined);
  const stats = await source.stat(unknown.map(({ oid }) => oid));
  for (const ref of refs) {
    if (ref.peeled === undefined && stats.get(ref.oid)?.type === 'tag') {
      peeled.set(ref.name, (await peel(source, ref.oid, stats.get(ref.oid))).oid);
    } else if (ref.peeled !== undefined && ref.peeled !== null) {
      peeled.set(ref.name, ref.peeled);
    }
  }
  return peeled;
}

async function typeOf(source: ObjectSource, oid: Oid): Promise<ObjectType> {
  const stat = (await source.stat([oid])).get(oid);
  if (stat === undefined) throw new GitError('object-missing', `object ${oid} is not in this repository`);
  return stat.type;
}
