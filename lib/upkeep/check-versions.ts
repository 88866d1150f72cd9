import { removedIn } from '../definition/removal.ts';
import type { PinRecord, Removed, VersionRecord } from '../definition/version-record.ts';
import type { FamilyEvent } from '../definition/wire.ts';
import { decodeJson } from '../store/json-value.ts';
import { entriesOf, type Entry } from '../store/keyed-store.ts';
import { eventsOf, pinRefsOf, pinsOf, statementsOf, versionsOf } from '../store/key-ranges.ts';
import { numberOfKey, pinKey, refOfKey, tagOfKey, versionKey } from '../store/keys.ts';
import { refFault, tagFault, versionFault } from './check-version.ts';
import type { Checking } from './checking.ts';

/** That all dialects agree on what is published, and where pins stand. */
export async function checkVersions(checking: Checking, family: string): Promise<void> {
  const { keys } = checking.stores;
  const versions: Entry[] = [];
  for await (const entry of entriesOf(keys, versionsOf(family))) {
    await checking.breathe();
    versions.push(entry);
    await report(checking, family, tagOfKey(entry.key), entry, () => versionFault(checking, family, entry));
  }
  for await (const entry of entriesOf(keys, pinsOf(family))) {
    await checking.breathe();
    await report(checking, family, tagOfKey(entry.key), entry, () => pinFault(checking, family, entry));
  }
  for await (const entry of entriesOf(keys, pinRefsOf(family))) {
    const pin = refOfKey(entry.key).split('/').at(-1) ?? '';
    await report(checking, family, pin, entry, async () => {
      const there = await keys.get(pinKey(family, pin));
      return there === undefined ? `there is no pin for the branch ${refOfKey(entry.key)}` : undefined;
    });
  }
  for await (const entry of entriesOf(keys, statementsOf(family))) {
    const version = tagOfKey(entry.key);
    await report(checking, family, version, entry, async () => {
      const there = await keys.get(versionKey(family, version));
      return there === undefined ? 'there are statements on a version that is not there' : undefined;
    });
  }
  await checkEvents(checking, family, versions);
}

async function pinFault({ stores }: Checking, family: string, { key, value }: Entry): Promise<string | undefined> {
  const pin = tagOfKey(key);
  const { version, digest } = decodeJson<PinRecord>(value);
  const record = await stores.keys.get(versionKey(family, version));
  if (record === undefined) return `the pin stands at ${version}, which is not there`;
  const found = decodeJson<VersionRecord>(record);
  if (found.digest !== digest) return `the pin stands at ${digest}, which is not ${version}`;
  return (
    (await tagFault(stores.keys, family, pin, digest)) ??
    (await refFault(stores.keys, family, `refs/heads/pins/${pin}`, found.commit))
  );
}

/** Events are numbered without gaps, and each version has the one of its publish, as each such event has its version. */
async function checkEvents(checking: Checking, family: string, versions: readonly Entry[]): Promise<void> {
  const { keys } = checking.stores;
  const published = new Set<string>();
  let next = 0;
  for await (const entry of entriesOf(keys, eventsOf(family))) {
    await checking.breathe();
    const number = numberOfKey(entry.key);
    const expected = next;
    next = number + 1;
    const event = decodeJson<FamilyEvent>(entry.value);
    if (event.what === 'published') published.add(event.version);
    await report(checking, family, `event ${number}`, entry, async () => {
      if (number !== expected) return `the events of the family lack ${expected}`;
      if (event.what !== 'published') return undefined;
      const value = await keys.get(versionKey(family, event.version));
      const removed = await removedIn(keys, family, event.version);
      if (removed !== undefined) return removalFault(removed, value, event.digest);
      if (value === undefined) return `${event.version} was published, and is not there`;
      const { digest } = decodeJson<VersionRecord>(value);
      return digest === event.digest
        ? undefined
        : `${event.version} was published as ${event.digest}, and is ${digest}`;
    });
  }
  // The versions were read before the events, and come in one commit with theirs.
  for (const entry of versions) {
    const version = tagOfKey(entry.key);
    await report(checking, family, version, entry, async () =>
      published.has(version) ? undefined : 'no event of the family says that the version was published',
    );
  }
}

function removalFault({ record }: Removed, value: Uint8Array | undefined, digest: string): string | undefined {
  if (value !== undefined) return 'the version was removed, and is there';
  return record.digest === digest
    ? undefined
    : `the version was published as ${digest}, and removed as ${record.digest}`;
}

async function report(
  checking: Checking,
  family: string,
  name: string,
  { key, value }: Entry,
  wrong: () => Promise<string | undefined>,
): Promise<void> {
  checking.link();
  const what = await wrong();
  if (what === undefined) return;
  await checking.find({ severity: 'error', what, name, family }, async () => {
    const now = await checking.stores.keys.get(key);
    return now !== undefined && Buffer.compare(now, value) === 0 && (await wrong()) !== undefined;
  });
}
