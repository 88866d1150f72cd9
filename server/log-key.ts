import { LogError } from '../lib/log/log-error.ts';
import { rotateKey, type Rotated } from '../lib/log/rotate-key.ts';
import { formatVerifierKey } from '../lib/log/verifier-key.ts';
import { withoutCollection } from '../lib/moving/without-collection.ts';
import type { KeyedStore } from '../lib/store/keyed-store.ts';
import { actorName, type Config } from './config.ts';
import { openExisting } from './context.ts';
import { WrongSetting } from './settings.ts';

/** The log's old and new verifier keys, and the file in which the old key is kept. */
export interface RotatedKey {
  readonly from: string;
  readonly to: string;
  readonly kept: string;
}

/** Gives the log of a store a new key. Servers that run with the old one can neither append nor sign from then on. */
export async function rotateLogKey(config: Config, onWait?: () => void): Promise<RotatedKey> {
  const context = await openExisting(config);
  try {
    const { from, to, kept } = await rotateAlone(context.stores.keys, config.logKeyFile, onWait);
    const detail = { from: formatVerifierKey(from), to: formatVerifierKey(to) };
    await context.registry.audit.note({ action: 'log-key-rotated', by: { address: '', name: actorName() }, detail });
    return { from: formatVerifierKey(from), to: formatVerifierKey(to), kept };
  } catch (error) {
    if (error instanceof LogError) throw new WrongSetting(`${error.message} (--log-key or ASSAY_LOG_KEY)`);
    throw error;
  } finally {
    await context.close();
  }
}

/** What is being copied or backed up keeps the key that it has till the end. */
function rotateAlone(keys: KeyedStore, keyFile: string, onWait: (() => void) | undefined): Promise<Rotated> {
  return withoutCollection(keys, Date.now, () => rotateKey(keys, keyFile), onWait);
}
