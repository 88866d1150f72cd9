import { decodeHead } from '../log/head.ts';
import type { LogKeys } from '../log/log-keys.ts';
import { parseVerifierKey, type VerifierKey } from '../log/verifier-key.ts';
import { decodeJson } from '../store/json-value.ts';
import { entriesOf } from '../store/keyed-store.ts';
import { allUploads } from '../store/key-ranges.ts';
import { logHeadKey, logKeysKey } from '../store/keys.ts';
import type { Listed } from '../store/moments.ts';

/** Which log a store has, for who must bring its key along. */
export interface LogIdentity {
  readonly origin: string;
  /** Hash of the key that signs. */
  readonly key: string;
  /** Hash of the first key that did. It is the log's for ever, and so tells whose it is. What older backups say lacks it. */
  readonly first?: string;
  readonly size: number;
}

/** Undefined where no server ever ran. */
export async function describeLog(listed: Listed): Promise<LogIdentity | undefined> {
  const head = await valueIn(listed, logHeadKey);
  const [first, ...others] = await keysOfLog(listed);
  if (head === undefined || first === undefined) return undefined;
  const { frontier, key } = decodeHead(head);
  return { origin: (others.at(-1) ?? first).name, key, first: first.hash, size: frontier.size };
}

/** All keys that the log ever had, the one that signs last; none where no server ever ran. */
export async function keysOfLog(listed: Listed): Promise<VerifierKey[]> {
  const value = await valueIn(listed, logKeysKey);
  if (value === undefined) return [];
  const { before, signs } = decodeJson<LogKeys>(value);
  return [...before.map(({ verifier }) => verifier), signs].map(parseVerifierKey);
}

export async function countUploads(listed: Listed): Promise<number> {
  let count = 0;
  for await (const _upload of entriesOf(listed, allUploads)) count += 1;
  return count;
}

async function valueIn(listed: Listed, key: Uint8Array): Promise<Uint8Array | undefined> {
  const [found] = await listed.list({ start: key, end: Buffer.concat([key, Buffer.alloc(1)]), limit: 1 });
  return found?.value;
}
