import type { Breather } from '../breather.ts';
import { readContents } from '../object-content.ts';
import type { ObjectSource } from '../object-source.ts';
import type { Oid } from '../oid.ts';
import { namedBy } from '../walk/named-by.ts';

/**
 * These objects, which are no blobs, in an order in which each comes after all that it points at. Objects that are not
 * among them do not count.
 */
export async function dependencyOrder(
  source: ObjectSource,
  oids: readonly Oid[],
  breather: Breather,
): Promise<readonly Oid[]> {
  const among = new Set(oids);
  const behind = new Map<Oid, readonly Oid[]>();
  for await (const { oid, type, content } of readContents(source, oids)) {
    behind.set(
      oid,
      [...namedBy(type, content)].map((named) => named.oid).filter((named) => among.has(named)),
    );
    if (breather.due()) await breather.rest();
  }
  return sorted(oids, behind, breather);
}

/** Without recursion: histories are longer than stacks. */
async function sorted(
  oids: readonly Oid[],
  behind: ReadonlyMap<Oid, readonly Oid[]>,
  breather: Breather,
): Promise<readonly Oid[]> {
  const done = new Set<Oid>();
  for (const start of oids) {
    const open = [start];
    while (open.length > 0) {
      const oid = open.at(-1)!;
      const waiting = done.has(oid) ? [] : (behind.get(oid) ?? []).filter((named) => !done.has(named));
      if (waiting.length > 0) {
        for (const named of waiting) open.push(named);
      } else {
        done.add(oid);
        open.pop();
      }
      if (breather.due()) await breather.rest();
    }
  }
  return [...done];
}
