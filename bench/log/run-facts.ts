import { join } from 'node:path';
import { sha256, type Sha256 } from '../../lib/encoding/digest.ts';
import type { NewEntry } from '../../lib/log/appending.ts';
import { entryBytes } from '../../lib/log/entry-bytes.ts';
import type { Log } from '../../lib/log/log-store.ts';
import { openLog } from '../../lib/log/open-log.ts';
import type { KeyedStore } from '../../lib/store/keyed-store.ts';
import { LmdbKeyedStore } from '../../lib/store/lmdb/lmdb-keyed-store.ts';

const at = '2026-01-01T00:00:00.000Z';
const digests = Array.from({ length: 64 }, (_, number): Sha256 => sha256(Buffer.from(String(number))));

/** What the log says of a published run. */
export function runFact(number: number): NewEntry {
  const digest = digests[number % digests.length]!;
  return {
    type: 'run',
    id: `run-${number}`,
    record: digest,
    review: digest,
    reviewer: 'somebody@example.com',
    definition: { family: 'test-cases/carom', version: 'v1.0.0', digest },
    status: 'passed',
    by: 'somebody@example.com',
  };
}

export function runEntry(number: number): Buffer {
  return entryBytes(runFact(number), at);
}

export interface OpenBenchLog<K extends KeyedStore = KeyedStore> {
  keys: K;
  log: Log;
  close: () => Promise<void>;
}

/** A log as a server has it in this data folder. */
export function openBenchLog(data: string): Promise<OpenBenchLog<LmdbKeyedStore>> {
  return openBenchLogOn(LmdbKeyedStore.open(join(data, 'store')), data);
}

/** The same on any engine, with its key in a folder. */
export async function openBenchLogOn<K extends KeyedStore>(keys: K, data: string): Promise<OpenBenchLog<K>> {
  const log = await openLog(keys, { now: Date.now, keyFile: join(data, 'log.key'), origin: undefined });
  return {
    keys,
    log,
    async close() {
      await log.close();
      await keys.close();
    },
  };
}
