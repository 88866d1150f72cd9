import type { Sha256 } from '../encoding/digest.ts';
import { decodeJson, encodeJson } from '../store/json-value.ts';
import type { KeyedStore } from '../store/keyed-store.ts';
import { publicationKey } from '../store/keys.ts';

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
  /** The newest first. The first is live. */
  readonly history: readonly PublishedSnapshot[];
  readonly hook?: PendingHook;
  /** The publication that a swap was begun for. Whether readers see it the target alone knows, and is asked. */
  readonly swapping?: number;
  /** An operator rolled back: nothing is published until one says so. */
  readonly held?: true;
  readonly failures: number;
  readonly lastError?: string;
  readonly lastAttemptAt?: number;
  /** How long the target wants to be left alone since then. */
  readonly askedMs?: number;
}

const NOTHING: PublicationState = { history: [], failures: 0 };
const KEY = publicationKey('state');

export async function readState(keys: KeyedStore): Promise<{ state: PublicationState; value: Uint8Array | undefined }> {
  const value = await keys.get(KEY);
  return { state: value === undefined ? NOTHING : decodeJson<PublicationState>(value), value };
}

/** Changes the state from what was read; false where somebody else changed it first. */
export function writeState(keys: KeyedStore, next: PublicationState, value: Uint8Array | undefined): Promise<boolean> {
  return keys.commit({ checks: [{ key: KEY, value }], puts: [{ key: KEY, value: encodeJson(next) }] });
}

/** Changes the state, whoever else does too. */
export async function changeState(
  keys: KeyedStore,
  change: (state: PublicationState) => PublicationState,
): Promise<PublicationState> {
  for (;;) {
    const { state, value } = await readState(keys);
    const next = change(state);
    if (next === state || (await writeState(keys, next, value))) return next;
  }
}
