import { decodeJson, encodeJson } from '../store/json-value.ts';
import type { KeyedStore } from '../store/keyed-store.ts';
import { logKeysKey } from '../store/keys.ts';
import { StoreError } from '../store/store-error.ts';

/** The public halves of the log's keys. */
export interface LogKeys {
  /** Verifier key of the one that signs. */
  readonly signs: string;
  /** Those that did, the oldest first, each with the last checkpoint that it signed. */
  readonly before: readonly FormerKey[];
}

export interface FormerKey {
  readonly verifier: string;
  readonly checkpoint: string;
}

export function encodeLogKeys(keys: LogKeys): Buffer {
  return encodeJson(keys);
}

export async function readLogKeys(keys: KeyedStore): Promise<LogKeys> {
  const value = await keys.get(logKeysKey);
  if (value === undefined) throw new StoreError('missing', 'the store has no log');
  return decodeJson<LogKeys>(value);
}
