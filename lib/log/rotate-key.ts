import { link, rename } from 'node:fs/promises';
import { dirname } from 'node:path';
import { syncFolder } from '../store/files/durable-files.ts';
import { commitUntilHeld } from '../store/commit-until-held.ts';
import type { KeyedStore } from '../store/keyed-store.ts';
import { logHeadKey, logKeysKey } from '../store/keys.ts';
import { checkpointText } from './checkpoint.ts';
import { encodeHead, type Head } from './head.ts';
import { makeKeyFile, readKeyFile } from './key-file.ts';
import { LogError } from './log-error.ts';
import { encodeLogKeys, readLogKeys } from './log-keys.ts';
import type { LogSigner } from './log-signer.ts';
import { readHead } from './sequencer.ts';
import { formatVerifierKey, type VerifierKey } from './verifier-key.ts';

/** Where a key of the log may be, by its hash: in its file, or, while keys are being changed or after that, beside it. */
export function keyFiles(keyFile: string, hash: string): string[] {
  return [keyFile, nextOf(keyFile), formerOf(keyFile, hash)];
}

export interface Rotated {
  readonly from: VerifierKey;
  readonly to: VerifierKey;
  /** Where the key is kept that signed so far. */
  readonly kept: string;
}

/**
 * Gives the log a new key under its old name: the old key signs the last checkpoint, then the store names the new one, then
 * the files change places. Begun again after a crash it goes on where it was: a new key waits in `<file>.next`.
 */
export async function rotateKey(keys: KeyedStore, keyFile: string): Promise<Rotated> {
  const old = await readKeyFile(keyFile);
  if (old === undefined) throw new LogError('key-missing', `there is no key in ${keyFile}`);
  const next = nextOf(keyFile);
  const fresh = (await readKeyFile(next)) ?? (await makeKeyFile(next, old.verifier.name));
  const head = await readHead(keys);
  if (head.key !== fresh.verifier.hash) await handOver(keys, old, fresh);
  const kept = formerOf(keyFile, old.verifier.hash);
  await link(keyFile, kept).catch((error: unknown) => {
    if (!(error instanceof Error && 'code' in error && error.code === 'EEXIST')) throw error;
  });
  // In the old one's place at once: at no moment is there no key.
  await rename(next, keyFile);
  await syncFolder(dirname(keyFile));
  return { from: old.verifier, to: fresh.verifier, kept };
}

function nextOf(keyFile: string): string {
  return `${keyFile}.next`;
}

function formerOf(keyFile: string, hash: string): string {
  return `${keyFile}.${hash}`;
}

function handOver(keys: KeyedStore, old: LogSigner, fresh: LogSigner): Promise<void> {
  return commitUntilHeld(keys, async () => {
    const value = await keys.get(logHeadKey);
    const head = await readHead(keys);
    if (head.key !== old.verifier.hash) {
      throw new LogError(
        'key-other',
        `the log is signed with the key ${head.key}, and the file has ${old.verifier.hash}`,
      );
    }
    const listed = await keys.get(logKeysKey);
    const { before } = await readLogKeys(keys);
    const former = { verifier: formatVerifierKey(old.verifier), checkpoint: old.sign(lastText(head, old)) };
    const record = { signs: formatVerifierKey(fresh.verifier), before: [...before, former] };
    return {
      commit: {
        checks: [
          { key: logHeadKey, value },
          { key: logKeysKey, value: listed },
        ],
        puts: [
          { key: logHeadKey, value: encodeHead({ ...head, key: fresh.verifier.hash }) },
          { key: logKeysKey, value: encodeLogKeys(record) },
        ],
      },
      result: undefined,
    };
  });
}

function lastText({ frontier, root }: Head, { verifier }: LogSigner): string {
  return checkpointText({ origin: verifier.name, size: frontier.size, root });
}
