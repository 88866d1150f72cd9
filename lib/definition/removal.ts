import { asBuffer } from '../encoding/as-buffer.ts';
import { parseDigest } from '../encoding/digest.ts';
import { decodeJson } from '../store/json-value.ts';
import type { KeyedStore } from '../store/keyed-store.ts';
import { removedKey } from '../store/keys.ts';
import type { Plan } from '../store/plan.ts';
import { DefinitionError } from './definition-error.ts';
import type { RemovalRecord, Removed } from './version-record.ts';

/** The version that was removed, found by its name or its digest. */
export async function removedIn(
  keys: Pick<KeyedStore, 'get'>,
  family: string,
  ref: string,
): Promise<Removed | undefined> {
  const value = await keys.get(removedKey(family, ref));
  if (value === undefined) return undefined;
  if (parseDigest(ref) !== undefined) return removedIn(keys, family, asBuffer(value).toString('latin1'));
  const record = decodeJson<RemovalRecord>(value);
  return record.state === 'removed' ? record : undefined;
}

/** Adds to a plan that a version, which there is or will be, stays for what needs it. Rejects where it was removed. */
export async function planNeed(
  keys: Pick<KeyedStore, 'get'>,
  family: string,
  version: string,
  plan: Plan,
): Promise<void> {
  const key = removedKey(family, version);
  const value = await keys.get(key);
  plan.check({ key, value });
  if (value === undefined) return;
  const record = decodeJson<RemovalRecord>(value);
  if (record.state === 'removed') throw gone(family, record);
  plan.delete(key);
}

export function gone(family: string, { version, at, by, reason, record }: Removed): DefinitionError {
  return new DefinitionError('version-removed', goneText(family, { version, at, by, reason }), {
    version,
    digest: record.digest,
    at,
    ...(by.name === undefined ? {} : { by: by.name }),
    reason,
  });
}

function goneText(
  family: string,
  { version, at, by, reason }: Pick<Removed, 'version' | 'at' | 'by' | 'reason'>,
): string {
  const who = by.name === undefined ? '' : ` by ${by.name}`;
  return `${family} ${version} was removed on ${at}${who}: ${reason}; its name is not used again`;
}
