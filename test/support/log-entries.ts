import type { NewEntry } from '../../lib/log/appending.ts';
import { LogSigner } from '../../lib/log/log-signer.ts';
import { Log } from '../../lib/log/log-store.ts';
import type { KeyedStore } from '../../lib/store/keyed-store.ts';

/** The key of logs in tests. */
export const SIGNER = LogSigner.generate('log.example/test');

export function logOn(keys: KeyedStore): Promise<Log> {
  return Log.open(keys, { now: Date.now, signer: SIGNER });
}

/** Of a type that nobody knows, so that entries of any number and size keep the rules. */
export function remark(id: string | number): NewEntry {
  return { type: 'remark', id: String(id) } as unknown as NewEntry;
}

export function say(log: Log, entry: NewEntry): Promise<number> {
  return log.append(() => Promise.resolve({ entry, result: (index) => index }));
}

export async function fill(log: Log, count: number): Promise<void> {
  await Promise.all(Array.from({ length: count }, (_, at) => say(log, remark(at))));
}
