import { decodeKnown, decodeObject } from '../git/stored/object-record.ts';
import { decodeRef } from '../git/stored/ref-record.ts';
import { type Sha256 } from '../encoding/digest.ts';
import type { ContentRecord } from '../store/content-record.ts';
import { decodeJson } from '../store/json-value.ts';
import { entriesOf, type Entry } from '../store/keyed-store.ts';
import { allOids, gitObjectsOf, refsOf } from '../store/key-ranges.ts';
import { contentKey, gitObjectKey, oidKey, oidOfKey, refOfKey } from '../store/keys.ts';
import type { Checking, Finding } from './checking.ts';

/** That every object of a family's Git repository is kept, and every ref ends at one. */
export async function checkRepository(checking: Checking, family: string): Promise<void> {
  const { stores, breathe } = checking;
  for await (const entry of entriesOf(stores.keys, gitObjectsOf(family))) {
    await breathe();
    await checkObject(checking, family, entry);
  }
  for await (const entry of entriesOf(stores.keys, refsOf(family))) {
    await breathe();
    if (refOfKey(entry.key) !== '') await checkRef(checking, family, entry);
  }
}

/** That every Git object id that is known leads to content that knows it. */
export async function checkOids(checking: Checking): Promise<void> {
  const { stores, breathe } = checking;
  for await (const entry of entriesOf(stores.keys, allOids)) {
    await breathe();
    const oid = oidOfKey(entry.key);
    const { content } = decodeKnown(entry.value);
    await report(checking, { severity: 'error', name: oid }, entry, async () =>
      (await recordOf(checking, content))?.oids?.includes(oid) === true
        ? undefined
        : `the Git object id leads to content that does not know it: ${content}`,
    );
  }
}

/** What is wrong with the Git object ids by which content is known. */
export async function whatIsWrongWithOids(
  { stores }: Checking,
  content: Sha256,
  { oids = [] }: ContentRecord,
): Promise<string | undefined> {
  for (const oid of oids) {
    const value = await stores.keys.get(oidKey(oid));
    if (value === undefined || decodeKnown(value).content !== content)
      return `the content cannot be found by its Git object id ${oid}`;
  }
  return undefined;
}

async function checkObject(checking: Checking, family: string, entry: Entry): Promise<void> {
  checking.link();
  const oid = oidOfKey(entry.key);
  const { size, located } = decodeObject(entry.value);
  await report(checking, { severity: 'error', name: oid, family }, entry, async () => {
    const record = await recordOf(checking, located.content);
    if (record === undefined) return `the repository names content that is not kept: ${located.content}`;
    if (size !== record.size || located.place !== record.place || located.encoding !== record.encoding)
      return 'the object and its content disagree about size, place or encoding';
    if (record.oids?.includes(oid) !== true) return 'the object is of content that is not known by this Git object id';
    return undefined;
  });
}

async function checkRef(checking: Checking, family: string, entry: Entry): Promise<void> {
  checking.link();
  const { oid, peeled } = decodeRef(entry.value);
  await report(checking, { severity: 'error', name: refOfKey(entry.key), family }, entry, async () => {
    for (const target of peeled === null ? [oid] : [oid, peeled]) {
      if ((await checking.stores.keys.get(gitObjectKey(family, target))) === undefined)
        return `the ref points at an object that is not there: ${target}`;
    }
    return undefined;
  });
}

async function recordOf({ stores }: Checking, content: Sha256): Promise<ContentRecord | undefined> {
  const value = await stores.keys.get(contentKey(content));
  return value === undefined ? undefined : decodeJson<ContentRecord>(value);
}

/** Reports what is wrong with an entry, if the entry is still the same at the second look and the fault is still there. */
async function report(
  { stores, find }: Checking,
  finding: Omit<Finding, 'what'>,
  { key, value }: Entry,
  wrong: () => Promise<string | undefined>,
): Promise<void> {
  const what = await wrong();
  if (what === undefined) return;
  await find({ ...finding, what }, async () => {
    const now = await stores.keys.get(key);
    return now !== undefined && Buffer.compare(now, value) === 0 && (await wrong()) !== undefined;
  });
}
