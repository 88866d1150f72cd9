import { canonicalJson, type JsonValue } from '../encoding/canonical-json.ts';
import { parseEntry } from '../log/entry-bytes.ts';
import type { LogEntry } from '../log/entry.ts';
import { LogError } from '../log/log-error.ts';
import type { RunState, StoredEvent } from '../record/run-state.ts';
import { decodeJson } from '../store/json-value.ts';
import { entriesOf, type KeyedStore } from '../store/keyed-store.ts';
import { allRuns } from '../store/key-ranges.ts';
import { logEntryKey, nameOfKey, runKey } from '../store/keys.ts';
import type { Checking } from './checking.ts';
import type { LogFacts } from './log-facts.ts';

/**
 * That what is kept of each run is what its entries say: which record and reviews it has and had, its status and
 * definition, whether it was retracted or erased, when and why. `size` entries were counted.
 */
export async function checkRunEntries(
  { stores: { keys }, find, breathe }: Checking,
  facts: LogFacts,
  size: number,
): Promise<void> {
  for await (const { key, value } of entriesOf(keys, allRuns)) {
    await breathe();
    const id = nameOfKey(key);
    const faultIn = (state: RunState): Promise<string | undefined> =>
      faultOf(keys, id, state, { count: facts.runs.get(id) ?? 0, size });
    const what = await faultIn(decodeJson<RunState>(value));
    if (what === undefined) continue;
    await find({ severity: 'error', what, name: `run ${id}` }, async () => {
      const now = await keys.get(key);
      return now !== undefined && (await faultIn(decodeJson<RunState>(now))) !== undefined;
    });
  }
  for (const id of facts.runs.keys()) {
    await breathe();
    if ((await keys.get(runKey(id))) !== undefined) continue;
    const what = 'the log has the run, and it is not there';
    await find({ severity: 'error', what, name: `run ${id}` }, async () => (await keys.get(runKey(id))) === undefined);
  }
}

async function faultOf(
  keys: KeyedStore,
  id: string,
  state: RunState,
  counted: { readonly count: number; readonly size: number },
): Promise<string | undefined> {
  const known = state.events.filter(({ index }) => index < counted.size).length;
  if (known !== counted.count) return `the log has ${counted.count} entries about it, and its history ${known}`;
  const entries: LogEntry[] = [];
  for (const event of state.events) {
    const entry = await entryAt(keys, event.index);
    const field = entry === undefined ? 'all' : otherField(entry, entryOf(id, event), state.erased !== undefined);
    if (entry === undefined || field !== undefined)
      return `its history says otherwise than entry ${event.index} of the log: ${field}`;
    entries.push(entry);
  }
  return stateFault(state, entries);
}

async function entryAt(keys: KeyedStore, index: number): Promise<LogEntry | undefined> {
  const value = await keys.get(logEntryKey(index));
  try {
    return value === undefined ? undefined : parseEntry(value);
  } catch (error) {
    // The walk over the log tells of it.
    if (error instanceof LogError) return undefined;
    throw error;
  }
}

const TYPES = {
  submitted: 'run',
  reviewed: 'review',
  amended: 'amend',
  retracted: 'retract',
  erased: 'erase',
} as const;

type Fields = Readonly<Record<string, unknown>>;

/** What the log must say of an event. */
function entryOf(id: string, { what, index: _index, by, ...rest }: StoredEvent): Fields {
  return { v: 1, type: TYPES[what], id, ...(by.name === undefined ? {} : { by: by.name }), ...rest };
}

/** Of an erased run the words are in the log alone. */
const WORDS = new Set(['note', 'reason']);
/** What an entry says of the run as a whole, and not of the event. */
const OF_STATE = new Set(['definition', 'status']);

function otherField(entry: LogEntry, expected: Fields, isErased: boolean): string | undefined {
  const said = entry as unknown as Fields;
  const fields = new Set([...Object.keys(said), ...Object.keys(expected)]);
  return [...fields].find((name) => {
    if (OF_STATE.has(name) || (isErased && WORDS.has(name) && expected[name] === undefined)) return false;
    return said[name] !== expected[name];
  });
}

/** That the run is what its history has made of it. */
function stateFault(state: RunState, entries: readonly LogEntry[]): string | undefined {
  const [first] = entries;
  if (first?.type !== 'run' || state.events[0]?.index !== state.index || first.at !== state.at)
    return 'it does not begin with the entry of the log that published it';
  const record = entries.findLast((entry) => 'record' in entry);
  if (record?.record !== state.record)
    return `the log says that its record is ${record?.record}, and not ${state.record}`;
  return outlineFault(state, entries) ?? reviewsFault(state, entries) ?? endFault(state, entries);
}

/** Amendments of the first release say neither status nor definition; what lists show is then compared with the record alone. */
function outlineFault({ outline }: RunState, entries: readonly LogEntry[]): string | undefined {
  const last = entries.findLast((entry) => entry.type === 'run' || entry.type === 'amend');
  const { status, definition } = last ?? {};
  if (status !== undefined && status !== outline.status)
    return `the log says that its status is ${status}, and not ${outline.status}`;
  if (definition !== undefined && !isSame(definition, outline.definition))
    return `the log says that it is of ${definition.family}@${definition.version}, and not ${outline.definition.family}@${outline.definition.version}`;
  return undefined;
}

function reviewsFault({ reviews, erased }: RunState, entries: readonly LogEntry[]): string | undefined {
  if (erased !== undefined) return undefined;
  const logged = new Map<string, { readonly review: string; readonly at: string }>();
  for (const entry of entries)
    if ('review' in entry) logged.set(entry.reviewer, { review: entry.review, at: entry.at });
  const expected = [...logged].map(([reviewer, { review, at }]) => ({ reviewer, review, at }));
  const kept = reviews.map(({ reviewer, review, at }) => ({ reviewer, review, at }));
  return isSame(expected, kept) ? undefined : 'its reviews are not those that the log names';
}

function endFault(state: RunState, entries: readonly LogEntry[]): string | undefined {
  for (const [what, type] of [
    ['retracted', 'retract'],
    ['erased', 'erase'],
  ] as const) {
    const entry = entries.find((one) => one.type === type);
    const said = state[what];
    if ((said === undefined) !== (entry === undefined))
      return `the log says that it was ${entry === undefined ? 'not ' : ''}${what}`;
    if (said?.reason !== (entry as { readonly reason?: string } | undefined)?.reason || said?.at !== entry?.at)
      return `it was ${what} otherwise than the log says`;
  }
  return undefined;
}

function isSame(a: unknown, b: unknown): boolean {
  return canonicalJson(a as JsonValue).equals(canonicalJson(b as JsonValue));
}
