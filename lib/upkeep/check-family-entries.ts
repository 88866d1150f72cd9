import { isVersion } from '../definition/version-name.ts';
import type { PinRecord, RemovalRecord, StatementsRecord, VersionRecord } from '../definition/version-record.ts';
import type { NewEntry } from '../log/appending.ts';
import { entryBytes, parseEntry } from '../log/entry-bytes.ts';
import { factOf } from '../log/family-facts.ts';
import { decodeJson } from '../store/json-value.ts';
import { entriesOf, type Entry, type KeyedStore } from '../store/keyed-store.ts';
import {
  allEvents,
  allLogEntries,
  allPins,
  allRemoved,
  allStatements,
  allVersions,
  type KeyRange,
} from '../store/key-ranges.ts';
import {
  familyOfKey,
  logEntryKey,
  numberOfKey,
  pendingEventKey,
  pinKey,
  removedKey,
  statementsKey,
  tagOfKey,
  versionKey,
} from '../store/keys.ts';
import type { Checking } from './checking.ts';
import { nameOf, partsOf, statementText, type LogFacts } from './log-facts.ts';

/**
 * That versions, pins and statements are what the log says, and so is each event of a family. What came while the log
 * was walked, beyond its first `size` entries, is left to the next check.
 */
export async function checkFamilyEntries(checking: Checking, facts: LogFacts, size: number): Promise<void> {
  const check = new FamilyEntries(checking, size);
  await check.each(allVersions, (family, entry) => versionFault(facts, family, entry));
  await check.each(allPins, (family, entry) => pinFault(facts, family, entry));
  await check.each(allStatements, (family, entry) => statementsFault(facts, family, entry));
  await check.each(allEvents, (family, entry) => eventFault(checking.stores.keys, facts, family, entry));
  await check.there(facts.versions.keys(), versionKey, 'the version');
  const standing = [...facts.pins].filter(([, to]) => to !== null).map(([name]) => name);
  await check.there(standing, pinKey, 'the pin');
  await check.there(facts.removed.keys(), removedKey, 'the removal of the version');
  await check.each(allRemoved, (family, entry) => removalFault(facts, family, entry));
  await check.there(facts.statements.keys(), statementsKey, 'a statement on the version');
}

type Fault = string | undefined | Promise<string | undefined>;

class FamilyEntries {
  readonly #checking: Checking;
  readonly #size: number;

  constructor(checking: Checking, size: number) {
    this.#checking = checking;
    this.#size = size;
  }

  async each(range: KeyRange, faultOf: (family: string, entry: Entry) => Fault): Promise<void> {
    const { stores, breathe } = this.#checking;
    for await (const entry of entriesOf(stores.keys, range)) {
      await breathe();
      const family = familyOfKey(entry.key);
      const what = await faultOf(family, entry);
      const name = range === allEvents ? `event ${numberOfKey(entry.key)}` : tagOfKey(entry.key);
      if (what !== undefined) await this.#tell(family, name, what, entry.key, entry.value);
    }
  }

  /** That what the log names is there at all. */
  async there(
    names: Iterable<string>,
    keyOf: (family: string, name: string) => Uint8Array,
    what: string,
  ): Promise<void> {
    const { stores, breathe } = this.#checking;
    for (const named of names) {
      await breathe();
      const at = named.indexOf('@');
      const [family, name] = [named.slice(0, at), named.slice(at + 1)];
      const key = keyOf(family, name);
      if ((await stores.keys.get(key)) === undefined)
        await this.#tell(family, name, `the log has ${what}, and it is not there`, key, undefined);
    }
  }

  /** If it is still so, and nothing of the family waits, or has come since the log was walked. */
  #tell(family: string, name: string, what: string, key: Uint8Array, value: Uint8Array | undefined): Promise<void> {
    const { stores, find } = this.#checking;
    return find({ severity: 'error', what, name, family }, async () => {
      const now = await stores.keys.get(key);
      const isUnchanged = now === undefined || value === undefined ? now === value : Buffer.compare(now, value) === 0;
      return isUnchanged && !(await this.#isMoving(family));
    });
  }

  async #isMoving(family: string): Promise<boolean> {
    const { keys } = this.#checking.stores;
    const pending = { start: pendingEventKey(family, 0), end: pendingEventKey(family, Number.MAX_SAFE_INTEGER) };
    if ((await keys.list({ ...pending, limit: 1 })).length > 0) return true;
    for await (const { value } of entriesOf(keys, { start: logEntryKey(this.#size), end: allLogEntries.end })) {
      const entry = parseEntry(value);
      if ('family' in entry && entry.family === family) return true;
    }
    return false;
  }
}

function versionFault({ versions }: LogFacts, family: string, { key, value }: Entry): string | undefined {
  const { digest, layer, config, ...record } = decodeJson<VersionRecord>(value);
  const logged = versions.get(nameOf(family, tagOfKey(key)));
  if (logged === undefined) return 'the log does not have the version';
  if (logged.digest !== digest) return `the log says that the version is ${logged.digest}, and not ${digest}`;
  const parts = partsOf({ ...record, layer: layer.digest, config: config.digest });
  return logged.parts === parts ? undefined : `the log says of its parts ${logged.parts}, and not ${parts}`;
}

function pinFault({ pins }: LogFacts, family: string, { key, value }: Entry): string | undefined {
  const { version, digest } = decodeJson<PinRecord>(value);
  const logged = pins.get(nameOf(family, tagOfKey(key)));
  if (logged?.digest === digest && logged.version === version) return undefined;
  const where = logged === undefined || logged === null ? 'nowhere' : `at ${logged.version} (${logged.digest})`;
  return `the log says that the pin stands ${where}, and not at ${version} (${digest})`;
}

/** What somebody only was about to do is no removal, and a digest leads to one that stands under its name. */
function removalFault({ removed }: LogFacts, family: string, { key, value }: Entry): string | undefined {
  const name = tagOfKey(key);
  if (!isVersion(name)) return undefined;
  const removal = decodeJson<RemovalRecord>(value);
  if (removal.state !== 'removed' || removed.get(nameOf(family, name)) === removal.record.digest) return undefined;
  return 'the log does not say that the version was removed';
}

function statementsFault({ statements }: LogFacts, family: string, { key, value }: Entry): string | undefined {
  const kept = decodeJson<StatementsRecord>(value).statements.map(statementText).join('');
  return statements.get(nameOf(family, tagOfKey(key))) === kept
    ? undefined
    : 'its statements are not those that the log has';
}

/** Entries of a family come in the order of its events. */
async function eventFault(
  keys: KeyedStore,
  { families }: LogFacts,
  family: string,
  { key, value }: Entry,
): Promise<string | undefined> {
  const index = families.get(family)?.[numberOfKey(key)];
  if (index === undefined) return 'the log does not have the event';
  const fact = await factOf(keys, family, value);
  const logged = await keys.get(logEntryKey(index));
  return isSaidBy(fact, logged) ? undefined : `the event says otherwise than entry ${index} of the log`;
}

/** The log may have a later time than the event: that of the entry before, where the clock was behind that. */
function isSaidBy(fact: NewEntry | undefined, logged: Uint8Array | undefined): boolean {
  if (fact?.at === undefined || logged === undefined) return false;
  const { at } = parseEntry(logged);
  return at >= fact.at && entryBytes({ ...fact, at }, at).equals(logged);
}
