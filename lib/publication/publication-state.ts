import type { Sha256 } from '../encoding/digest.ts';
import { decodeJson, encodeJson } from '../store/json-value.ts';
import { entriesOf, type Entry, type KeyedStore } from '../store/keyed-store.ts';
import { allSnapshots } from '../store/key-ranges.ts';
import { publicationKey, snapshotKey } from '../store/keys.ts';

/** A snapshot that was live once. */
export interface PublishedSnapshot {
  readonly publication: number;
  readonly snapshot: Sha256;
  readonly size: number;
  readonly at: number;
}

/**
 * The hook's outbox has room for one, the live snapshot: a site that is told of it needs no word of those before. It is
 * filled by the same commit that notes what is live, so that a publication which never comes to be takes no word away.
 */
export interface PendingHook {
  readonly snapshot: Sha256;
  readonly publication: number;
  readonly size: number;
  readonly attempts: number;
  readonly nextAt: number;
  readonly lastError?: string;
}

/** What the publisher must remember over a restart, in one value so that it is never half changed. */
export interface PublicationState {
  /** What readers see. It is the newest of those that are remembered, each under a key of its own. */
  readonly live?: PublishedSnapshot;
  readonly hook?: PendingHook;
  /** The publication that a swap was begun for. Whether readers see it the target alone knows, and is asked. */
  readonly swapping?: number;
  /** An operator rolled back: nothing is published until one says so. */
  readonly held?: true;
  /** Something may have been removed that is needed: the next publication looks for all of its objects. */
  readonly doubted?: true;
  readonly failures: number;
  readonly lastError?: string;
  readonly lastAttemptAt?: number;
  /** How long the target wants to be left alone since then. */
  readonly askedMs?: number;
}

const NOTHING: PublicationState = { failures: 0 };
const KEY = publicationKey('state');

export async function readState(keys: KeyedStore): Promise<{ state: PublicationState; value: Uint8Array | undefined }> {
  const value = await keys.get(KEY);
  return { state: value === undefined ? NOTHING : decodeJson<PublicationState>(value), value };
}

/** Changes the state, whoever else does too. What is live then is remembered, and nothing that came behind it. */
export async function changeState(
  keys: KeyedStore,
  change: (state: PublicationState) => PublicationState,
): Promise<PublicationState> {
  for (;;) {
    const { state, value } = await readState(keys);
    const next = change(state);
    if (next === state) return next;
    const { live } = next;
    const isNew = live !== undefined && live !== state.live;
    const puts = [{ key: KEY, value: encodeJson(next) }, ...(isNew ? [entryOf(live)] : [])];
    const deletes = isNew ? await keysBehind(keys, live) : [];
    if (await keys.commit({ checks: [{ key: KEY, value }], puts, deletes })) return next;
  }
}

/** Snapshots that are remembered, the newest first; of so many at most. */
export async function readHistory(keys: KeyedStore, limit = Infinity): Promise<PublishedSnapshot[]> {
  const history: PublishedSnapshot[] = [];
  let end: Uint8Array = allSnapshots.end;
  while (history.length < limit) {
    const most = Math.min(PAGE, limit - history.length);
    const page = await keys.list({ start: allSnapshots.start, end, limit: most, reverse: true });
    history.push(...page.map(({ value }) => decodeJson<PublishedSnapshot>(value)));
    if (page.length < most) break;
    end = page.at(-1)!.key;
  }
  return history;
}

/** Forgets some of them, but never what is live by then. */
export async function forget(keys: KeyedStore, gone: readonly PublishedSnapshot[]): Promise<void> {
  for (let at = 0; at < gone.length;) {
    const { state, value } = await readState(keys);
    const page = gone.slice(at, at + PAGE).filter(({ publication }) => publication !== state.live?.publication);
    const deletes = page.map(({ publication }) => snapshotKey(publication));
    if (await keys.commit({ checks: [{ key: KEY, value }], deletes })) at += PAGE;
  }
}

/** Notes that one of them was live since another time. */
export async function setTime(keys: KeyedStore, one: PublishedSnapshot, at: number): Promise<void> {
  const { live } = await changeState(keys, (state) =>
    state.live?.publication === one.publication ? { ...state, live: { ...state.live, at } } : state,
  );
  // What is live is in both places, which one commit has changed.
  if (live?.publication === one.publication) return;
  const { key, value } = entryOf(one);
  await keys.commit({ checks: [{ key, value }], puts: [entryOf({ ...one, at })] });
}

const PAGE = 500;

function entryOf(one: PublishedSnapshot): Entry {
  return { key: snapshotKey(one.publication), value: encodeJson(one) };
}

/** A target that was set back shows an earlier publication than were noted. */
async function keysBehind(keys: KeyedStore, { publication }: PublishedSnapshot): Promise<Uint8Array[]> {
  const behind: Uint8Array[] = [];
  const range = { start: snapshotKey(publication + 1), end: allSnapshots.end };
  for await (const { key } of entriesOf(keys, range)) behind.push(key);
  return behind;
}
