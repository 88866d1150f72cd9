import { canonicalJson, type JsonValue } from '../encoding/canonical-json.ts';
import { asBuffer } from '../encoding/as-buffer.ts';
import { sha256, type Sha256 } from '../encoding/digest.ts';
import { gather } from '../encoding/gather.ts';
import { strictJson, StrictJsonError } from '../encoding/strict-json.ts';
import { Bodies } from '../record/bodies.ts';
import { bodiesOf, mediaOf, outlineOf, type RunState } from '../record/run-state.ts';
import type { KeptRecord, Review } from '../record/wire.ts';
import { decodeJson } from '../store/json-value.ts';
import { entriesOf, type Entry } from '../store/keyed-store.ts';
import { allRunPlaces, allRuns } from '../store/key-ranges.ts';
import { contentKey, mediaKey, nameOfKey, numberOfKey, runKey, runPlaceKey } from '../store/keys.ts';
import { StoreError } from '../store/store-error.ts';
import type { Checking, Finding } from './checking.ts';

/** That every run has its bodies, that they are canonical and what their digests say, and its media, and its place in lists. */
export async function checkRuns(checking: Checking): Promise<void> {
  const { keys } = checking.stores;
  for await (const entry of entriesOf(keys, allRuns)) {
    await checking.breathe();
    const name = `run ${nameOfKey(entry.key)}`;
    await report(checking, name, entry, runFault);
    await report(checking, name, entry, leftOver, 'warning');
  }
  for await (const entry of entriesOf(keys, allRunPlaces)) {
    await checking.breathe();
    await report(checking, `entry ${numberOfKey(entry.key)} of the log`, entry, placeFault);
  }
}

type FaultOf = (checking: Checking, entry: Entry) => Promise<string | undefined>;

async function report(
  checking: Checking,
  name: string,
  entry: Entry,
  faultOf: FaultOf,
  severity: Finding['severity'] = 'error',
): Promise<void> {
  checking.link();
  const what = await faultOf(checking, entry);
  if (what === undefined) return;
  await checking.find({ severity, what, name }, async () => {
    const value = await checking.stores.keys.get(entry.key);
    return value !== undefined && (await faultOf(checking, { key: entry.key, value })) !== undefined;
  });
}

async function runFault(checking: Checking, { key, value }: Entry): Promise<string | undefined> {
  const { keys } = checking.stores;
  const [id, state] = [nameOfKey(key), decodeJson<RunState>(value)];
  for (const digest of bodiesOf(state)) {
    const fault = await bodyFault(checking, digest);
    if (fault !== undefined) return fault;
  }
  for (const digest of mediaOf(state)) {
    if ((await keys.get(mediaKey(digest))) === undefined) return `media that the run names is not there: ${digest}`;
  }
  const place = await keys.get(runPlaceKey(state.index));
  if (place === undefined || asBuffer(place).toString('latin1') !== id)
    return `the run is missing in lists at ${state.index}`;
  return checking.content && state.erased === undefined ? stateFault(checking, id, state) : undefined;
}

/** Bodies that were to be deleted; of media and reviews another run may have the same. */
async function leftOver({ stores }: Checking, { value }: Entry): Promise<string | undefined> {
  const state = decodeJson<RunState>(value);
  if (state.erased === undefined) return undefined;
  for (const event of state.events) {
    if ('record' in event && (await stores.keys.get(contentKey(event.record))) !== undefined)
      return `a record of the erased run is still kept; erase it again, or assay gc removes it: ${event.record}`;
  }
  return undefined;
}

async function bodyFault({ stores, registry, content }: Checking, digest: Sha256): Promise<string | undefined> {
  try {
    const located = await new Bodies(stores.keys, registry.content).locate(digest);
    if (!content) return undefined;
    // What is in memory says nothing of what is stored.
    const bytes = await gather(registry.content.read(located), located.size);
    if (bytes === undefined) return `the body ${digest} has other bytes`;
    if (sha256(bytes) !== digest) return `the body ${digest} has other bytes`;
    return canonicalJson(strictJson(bytes)).equals(bytes) ? undefined : `the body ${digest} is not canonical JSON`;
  } catch (error) {
    if (error instanceof StrictJsonError) return `the body ${digest} is not canonical JSON: ${error.message}`;
    if (error instanceof StoreError && (error.code === 'missing' || error.code === 'damaged'))
      return `the body ${digest} cannot be read`;
    throw error;
  }
}

/** That lists show what the bodies say. */
async function stateFault({ stores, registry }: Checking, id: string, state: RunState): Promise<string | undefined> {
  const bodies = new Bodies(stores.keys, registry.content);
  const record = await bodies.read<KeptRecord>(state.record);
  if (record.id !== id) return `its record is of the run ${JSON.stringify(record.id)}`;
  if (!isSame(outlineOf(record), state.outline)) return 'lists show what the record does not say';
  const named = new Set(state.media);
  if (!(record.media ?? []).every(({ digest }) => named.has(digest)))
    return 'the record names media that the run does not hold';
  for (const { reviewer, review, ratings } of state.reviews) {
    const body = await bodies.read<Review>(review);
    if (body.reviewer !== reviewer || !isSame(body.ratings, ratings))
      return `lists show a review that ${review} is not`;
  }
  return undefined;
}

async function placeFault({ stores }: Checking, { key, value }: Entry): Promise<string | undefined> {
  const id = asBuffer(value).toString('latin1');
  const run = await stores.keys.get(runKey(id));
  if (run === undefined) return `lists have a run that is not there: ${id}`;
  const { index } = decodeJson<RunState>(run);
  return index === numberOfKey(key) ? undefined : `lists have the run ${id}, which stands at ${index}`;
}

function isSame(a: object, b: object): boolean {
  return canonicalJson(a as JsonValue).equals(canonicalJson(b as JsonValue));
}
