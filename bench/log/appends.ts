import { open } from 'lmdb';
import { join } from 'node:path';
import type { Log } from '../../lib/log/log-store.ts';
import { assayName } from '../servers/assay.ts';
import type { Contender, Row } from '../suite.ts';
import type { Stage } from '../stage.ts';
import { openBenchLog, runEntry, runFact } from './run-facts.ts';

export const callers = 64;
const rawName = 'raw LMDB';

/** Our own side of it too, in this process: one entry or one value at a time from each caller, awaited until it is durable. */
export const appendRow: Row = {
  name: 'log-appends',
  work: `durable appends of an entry, ${callers} callers`,
  unit: 'appends/s',
  better: 'more',
  contenders: [assayName, rawName],
  holds: [{ against: rawName, limit: 0.6 }],
  programs: [],
  async open(stage, wanted) {
    const contenders: Contender[] = [];
    if (wanted.includes(assayName)) {
      const { log, close } = await openBenchLog(await stage.directory('log'));
      stage.defer(close);
      contenders.push(logContender(assayName, log, stage));
    }
    if (wanted.includes(rawName)) contenders.push(await rawContender(stage));
    return contenders;
  },
};

export function logContender(name: string, log: Log, stage: Stage): Contender {
  let next = 0;
  return {
    name,
    measure: (seconds) =>
      perSecond(seconds, { callers, signal: stage.signal }, async () => {
        const entry = runFact((next += 1));
        await log.append(() => Promise.resolve({ entry, result: () => undefined }));
      }),
  };
}

/** The same bytes under the same kind of key, and nothing else. */
async function rawContender(stage: Stage): Promise<Contender> {
  const folder = await stage.directory('raw');
  const path = join(folder, 'keys.lmdb');
  const db = open<Buffer, Buffer>({
    path,
    noSubdir: true,
    keyEncoding: 'binary',
    encoding: 'binary',
    overlappingSync: false,
  });
  stage.defer(() => db.close());
  // Made before, so that nothing but putting them is measured.
  const values = Array.from({ length: 4096 }, (_, number) => runEntry(number));
  let next = 0;
  return {
    name: rawName,
    measure: (seconds) =>
      perSecond(seconds, { callers, signal: stage.signal }, async () => {
        const number = (next += 1);
        const key = Buffer.alloc(9, 'E');
        key.writeBigUInt64BE(BigInt(number), 1);
        await db.put(key, values[number % values.length]!);
      }),
  };
}

export interface Callers {
  callers: number;
  signal: AbortSignal;
}

/** How often a second the work is done, by so many who each wait for its end. */
export async function perSecond(seconds: number, who: Callers, work: () => Promise<void>): Promise<number> {
  const { callers, signal } = who;
  const started = performance.now();
  const end = started + seconds * 1000;
  let done = 0;
  await Promise.all(
    Array.from({ length: callers }, async () => {
      while (performance.now() < end) {
        signal.throwIfAborted();
        await work();
        done += 1;
      }
    }),
  );
  return done / ((performance.now() - started) / 1000);
}
