import { readHead } from '../../lib/log/sequencer.ts';
import { readKeyFile } from '../../lib/log/key-file.ts';
import { DATA_FORMAT, formatOf } from '../../lib/store/data-format.ts';
import type { KeyedStore } from '../../lib/store/keyed-store.ts';
import { allAudit } from '../../lib/store/key-ranges.ts';
import { logHeadKey } from '../../lib/store/keys.ts';
import { decodeJson } from '../../lib/store/json-value.ts';
import { StoreError } from '../../lib/store/store-error.ts';
import { systemClock } from '../../lib/store/clock.ts';
import { withLease } from '../../lib/store/lease.ts';
import { readState } from '../../lib/publication/publication-state.ts';
import type { Config } from '../config.ts';
import { fail, ok, reasonOf, warn, type Finding } from './finding.ts';

/** Clocks of machines differ; beyond this it is one that is wrong. */
const CLOCK_MARGIN_MS = 60_000;
/** No release of Assay is older. */
const OLDEST_NOW = Date.UTC(2025, 0, 1);

/** The keys: that they can be read and written, and what they say of themselves. */
export async function checkStore(keys: KeyedStore, config: Config): Promise<Finding[]> {
  const findings: Finding[] = [];
  for (const look of [checkWriting, checkFormat, checkClock, checkLogKey, checkPublication]) {
    try {
      findings.push(await look(keys, config));
    } catch (error) {
      const advice = "look whether the server's user may write there, and run assay fsck";
      findings.push(fail('store', reasonOf(error), advice));
    }
  }
  return findings;
}

/** A lease that nobody else asks for is put and taken away again. */
async function checkWriting(keys: KeyedStore): Promise<Finding> {
  const began = performance.now();
  try {
    await withLease(keys, 'doctor', systemClock, () => Promise.resolve());
  } catch (error) {
    if (error instanceof StoreError && error.code === 'busy') return ok('store', 'another doctor writes to it');
    throw error;
  }
  const ms = performance.now() - began;
  const said = `two durable commits took ${ms.toFixed(0)} ms`;
  if (ms < 1000) return ok('store', said);
  return warn('store', said, 'the disk or the database is slow or busy; uploads and publishes wait for it');
}

async function checkFormat(keys: KeyedStore): Promise<Finding> {
  const format = await formatOf(keys);
  const said = `the data has format ${format}, and this Assay works with ${DATA_FORMAT}`;
  if (format > DATA_FORMAT) return fail('data format', said, 'run the Assay that used it last, or a later one');
  if (format < DATA_FORMAT)
    return warn(
      'data format',
      said,
      'the next start of the server brings it forward; back it up first, with the version that used it last',
    );
  return ok('data format', said);
}

async function checkClock(keys: KeyedStore): Promise<Finding> {
  const now = Date.now();
  const advice = 'set the clock, and keep it set (NTP): times in the log and grace periods depend on it';
  if (now < OLDEST_NOW) return fail('clock', `it says ${new Date(now).toISOString()}`, advice);
  const [last] = await keys.list({ ...allAudit, limit: 1, reverse: true });
  const at = last === undefined ? now : Date.parse(decodeJson<{ at: string }>(last.value).at);
  if (at - now <= CLOCK_MARGIN_MS) return ok('clock', new Date(now).toISOString());
  return fail(
    'clock',
    `it says ${new Date(now).toISOString()}, and a change was made at ${new Date(at).toISOString()}`,
    advice,
  );
}

async function checkLogKey(keys: KeyedStore, { logKeyFile }: Config): Promise<Finding> {
  const advice = 'put the key back from its backup, with chmod 600, or name its file with ASSAY_LOG_KEY';
  if ((await keys.get(logHeadKey)) === undefined) return ok('log key', 'there is no log yet');
  const { key } = await readHead(keys);
  try {
    const signer = await readKeyFile(logKeyFile);
    if (signer === undefined)
      return fail('log key', `the log is signed with ${key}, and ${logKeyFile} is not there`, advice);
    const { hash, name } = signer.verifier;
    if (hash !== key) return fail('log key', `the log is signed with ${key}, and ${logKeyFile} has ${hash}`, advice);
    return ok('log key', `${name}, readable by its owner alone`);
  } catch (error) {
    return fail('log key', reasonOf(error), advice);
  }
}

async function checkPublication(keys: KeyedStore): Promise<Finding> {
  const { state } = await readState(keys);
  const { failures, lastError, held, hook } = state;
  const advice = 'assay publication tells more';
  if ((failures ?? 0) > 0)
    return warn('publication', `it failed ${failures} times in a row: ${lastError ?? ''}`, advice);
  if ((hook?.attempts ?? 0) > 0)
    return warn(
      'publication',
      `the deploy hook was told ${hook?.attempts} times in vain: ${hook?.lastError ?? ''}`,
      advice,
    );
  if (held === true) return warn('publication', 'it is held by a rollback', 'assay publication now publishes again');
  return ok('publication', 'nothing failed');
}
