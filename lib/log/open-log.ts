import type { KeyedStore } from '../store/keyed-store.ts';
import { logHeadKey } from '../store/keys.ts';
import { decodeHead } from './head.ts';
import { makeKeyFile, readKeyFile } from './key-file.ts';
import { LogError } from './log-error.ts';
import type { LogSigner } from './log-signer.ts';
import { Log } from './log-store.ts';

export interface OpenLogOptions {
  readonly now: () => number;
  readonly keyFile: string;
  /** Name of the log; without it, it is the key's. */
  readonly origin: string | undefined;
}

/** The log of a store, with the key from its file. The first start makes the key; a log that has one gets no other. */
export async function openLog(keys: KeyedStore, { now, keyFile, origin }: OpenLogOptions): Promise<Log> {
  const signer = (await readKeyFile(keyFile)) ?? (await firstKey(keys, keyFile, origin));
  const { name } = signer.verifier;
  if (origin !== undefined && origin !== name) {
    throw new LogError('key-other', `the key in ${keyFile} is of the log ${name}, and not of ${origin}`);
  }
  return Log.open(keys, { now, signer });
}

async function firstKey(keys: KeyedStore, keyFile: string, origin: string | undefined): Promise<LogSigner> {
  const head = await keys.get(logHeadKey);
  if (head === undefined) return makeKeyFile(keyFile, origin);
  // Another server that starts for the first time may have made both since the file was looked for.
  const made = await readKeyFile(keyFile);
  if (made !== undefined) return made;
  const { key } = decodeHead(head);
  throw new LogError('key-missing', `the log is signed with the key ${key}, and there is no key in ${keyFile}`);
}
