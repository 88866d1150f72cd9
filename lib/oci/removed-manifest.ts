import { asBuffer } from '../encoding/as-buffer.ts';
import { decodeJson } from '../store/json-value.ts';
import type { KeyedStore } from '../store/keyed-store.ts';
import { removedKey } from '../store/keys.ts';
import type { Plan } from '../store/plan.ts';

/** What is told of a version that was removed; all that is known of it is the domain of definitions'. */
interface Removal {
  readonly state: string;
  readonly version: string;
  readonly at: string;
  readonly by: { readonly name?: string };
  readonly reason: string;
}

/** Says of a manifest, by its tag or digest, that it was of a version that was removed; undefined where it was not. */
export async function removedManifest(
  keys: Pick<KeyedStore, 'get'>,
  family: string,
  reference: string,
  plan?: Plan,
): Promise<string | undefined> {
  const key = removedKey(family, reference);
  const value = await keys.get(key);
  plan?.check({ key, value });
  if (value === undefined) return undefined;
  if (reference.includes(':')) return removedManifest(keys, family, asBuffer(value).toString('latin1'));
  const { state, version, at, by, reason } = decodeJson<Removal>(value);
  if (state !== 'removed') return undefined;
  return `${family} ${version} was removed on ${at}${by.name === undefined ? '' : ` by ${by.name}`}: ${reason}`;
}
