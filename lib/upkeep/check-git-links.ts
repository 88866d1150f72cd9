import { GitError } from '../git/error.ts';
import { readContent } from '../git/object-content.ts';
import type { Oid } from '../git/oid.ts';
import type { HistoryEnds } from '../git/history-ends.ts';
import { historyEndsIn } from '../git/stored/history-ends.ts';
import { decodeStat } from '../git/stored/object-record.ts';
import { StoredObjects } from '../git/stored/stored-objects.ts';
import { namedBy } from '../git/walk/named-by.ts';
import { entriesOf } from '../store/keyed-store.ts';
import { gitObjectsOf } from '../store/key-ranges.ts';
import { gitObjectKey, oidOfKey } from '../store/keys.ts';
import { StoreError } from '../store/store-error.ts';
import type { Checking } from './checking.ts';
import { OidSet } from './oid-set.ts';

/**
 * That everything which a Git object of a family points at is there: what fetches and pushes count on. The parents of a
 * commit with which history ends may be gone.
 */
export async function checkGitLinks(checking: Checking, family: string): Promise<void> {
  const { stores, breathe } = checking;
  const there = new OidSet();
  for await (const { key } of entriesOf(stores.keys, gitObjectsOf(family))) {
    await breathe();
    there.add(oidOfKey(key));
  }
  const ends = await historyEndsIn(stores.keys, family);
  for await (const { key, value } of entriesOf(stores.keys, gitObjectsOf(family))) {
    await breathe();
    if (decodeStat(value).type === 'blob') continue;
    const name = oidOfKey(key);
    const [missing] = (await namedIn(checking, family, name, ends)).filter((oid) => !there.has(oid));
    if (missing === undefined) continue;
    const what = `the object points at one that is not there: ${missing}`;
    await checking.find({ severity: 'error', what, name, family }, async () => {
      // It may have come meanwhile, and so may the end of the history before it.
      if ((await stores.keys.get(key)) === undefined) return false;
      if ((await stores.keys.get(gitObjectKey(family, missing))) !== undefined) return false;
      return (await namedIn(checking, family, name, await historyEndsIn(stores.keys, family))).includes(missing);
    });
  }
}

/** Nothing where the object cannot be read, which is found elsewhere. */
async function namedIn(
  { stores, registry }: Checking,
  family: string,
  oid: Oid,
  ends: HistoryEnds,
): Promise<readonly Oid[]> {
  try {
    const { type, content } = await readContent(new StoredObjects(stores.keys, registry.content, family), oid);
    const gone = ends.get(oid) ?? [];
    return [...namedBy(type, content)].map((named) => named.oid).filter((named) => !gone.includes(named));
  } catch (error) {
    if (error instanceof GitError || error instanceof StoreError) return [];
    throw error;
  }
}
