import { decodeHead } from '../log/head.ts';
import type { LogKeys } from '../log/log-keys.ts';
import { parseVerifierKey } from '../log/verifier-key.ts';
import { decodeJson } from '../store/json-value.ts';
import { entriesOf } from '../store/keyed-store.ts';
import { allUploads, logHeadKey, logKeysKey } from '../store/keys.ts';
import type { Listed } from '../store/moments.ts';

/** Which log a store has, for who must bring its key along. */
export interface LogIdentity {
  readonly origin: string;
  /** Hash of the key that signs. */
  readonly key: string;
  readonly size: number;
}

/** Undefined where no server ever ran. */
export async function describeLog(listed: Listed): Promise<LogIdentity | undefined> {
  const [head, keys] = [await valueIn(listed, logHeadKey), await valueIn(listed, logKeysKey)];
  if (head === undefined || keys === undefined) return undefined;
  const { frontier, key } = decodeHead(head);
  const { name } = parseVerifierKey(decodeJson<LogKeys>(keys).signs);
  return { origin: name, key, size: frontier.size };
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
