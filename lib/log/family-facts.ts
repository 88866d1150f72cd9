import { asBuffer } from '../encoding/as-buffer.ts';
import { wellFormed } from '../encoding/well-formed.ts';
import type { RemovalRecord, VersionRecord } from '../definition/version-record.ts';
import type { FamilyEvent } from '../definition/wire.ts';
import { decodeJson } from '../store/json-value.ts';
import { entriesOf, type KeyedStore } from '../store/keyed-store.ts';
import { allEvents, allPendingEvents } from '../store/key-ranges.ts';
import { eventKey, familyOfKey, numberOfKey, pendingEventKey, removedKey, versionKey } from '../store/keys.ts';
import type { NewEntry } from './appending.ts';
import type { Batch } from './batch.ts';

/** So many events go into the log with one commit. */
const MAX_EVENTS = 256;

/**
 * Adds the events that wait, each family's in their order; returns whether these were all. A mark without its event, which
 * nothing here makes, stays for `assay fsck` to tell of.
 */
export async function addPending(keys: KeyedStore, batch: Batch): Promise<boolean> {
  let added = 0;
  for await (const { key } of entriesOf(keys, allPendingEvents, MAX_EVENTS)) {
    if (added === MAX_EVENTS) return false;
    const event = await keys.get(eventKey(familyOfKey(key), numberOfKey(key)));
    const fact = event === undefined ? undefined : await factOf(keys, familyOfKey(key), event);
    if (fact === undefined) continue;
    batch.addEvent(fact, key);
    added += 1;
  }
  return true;
}

/**
 * Adds events from before there was a log, the next ones behind those that are in it, family after family. Nothing else is
 * appended until all are, so an event that has a mark as well is said once.
 */
export async function addBacklog(keys: KeyedStore, batch: Batch): Promise<boolean> {
  if (batch.backlog === 'done') return true;
  const { after } = batch.backlog;
  const start = after === '' ? allEvents.start : Buffer.concat([Buffer.from(after, 'hex'), Buffer.alloc(1)]);
  const page = await keys.list({ start, end: allEvents.end, limit: MAX_EVENTS });
  for (const { key, value } of page) {
    const family = familyOfKey(key);
    const fact = await factOf(keys, family, value);
    if (fact !== undefined) batch.addOldEvent(fact, pendingEventKey(family, numberOfKey(key)));
  }
  const last = page.at(-1);
  const isLast = last === undefined || page.length < MAX_EVENTS;
  batch.backlog = isLast ? 'done' : { after: asBuffer(last.key).toString('hex') };
  return false;
}

/**
 * What an event says in public: the name that somebody gave, never an address. No text of an event may keep it out of the
 * log: everything that comes after it would wait for ever.
 */
export async function factOf(keys: KeyedStore, family: string, value: Uint8Array): Promise<NewEntry | undefined> {
  const event = decodeJson<Omit<FamilyEvent, 'number'> & FamilyEvent>(value);
  const head = { at: event.at, ...(event.by.name === undefined ? {} : { by: wellFormed(event.by.name) }) };
  if (event.what === 'pinned') {
    const { pin, from, to, note } = event;
    return { ...head, type: 'pin', family, pin, from, to, ...(note === undefined ? {} : { note: wellFormed(note) }) };
  }
  const { version } = event;
  if (event.what === 'removed') {
    const { digest, reason } = event;
    return { ...head, type: 'removal', family, version, digest, reason: wellFormed(reason) };
  }
  if (event.what !== 'published')
    return { ...head, type: 'statement', family, version, kind: event.what, text: wellFormed(event.text) };
  const record = await publishedAs(keys, family, version);
  if (record === undefined) return undefined;
  const { kind, digest, tree, commit, layer, config, image } = record;
  const parts = { layer: layer.digest, config: config.digest, ...(image === undefined ? {} : { image }) };
  return { ...head, type: 'definition', family, version, kind, digest, tree, commit, ...parts };
}

/** What was published, whether or not it is there still. */
async function publishedAs(keys: KeyedStore, family: string, version: string): Promise<VersionRecord | undefined> {
  const value = await keys.get(versionKey(family, version));
  if (value !== undefined) return decodeJson<VersionRecord>(value);
  const removal = await keys.get(removedKey(family, version));
  const record = removal === undefined ? undefined : decodeJson<RemovalRecord>(removal);
  return record?.state === 'removed' ? record.record : undefined;
}
