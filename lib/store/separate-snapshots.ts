import { decodeJson, encodeJson } from './json-value.ts';
import type { KeyedStore } from './keyed-store.ts';
import { publicationKey, snapshotKey } from './keys.ts';

/** The state of publication as format 1 had it. */
interface FirstState {
  readonly history?: readonly ({ readonly publication: number } & Readonly<Record<string, unknown>>)[];
}

/**
 * From format 1 to 2: each snapshot that is or was live has a key of its own, where all of them were in one value. Had the
 * state been changed meanwhile, it is read again.
 */
export async function separateSnapshots(keys: KeyedStore): Promise<void> {
  const key = publicationKey('state');
  for (;;) {
    const value = await keys.get(key);
    const { history, ...rest } = value === undefined ? {} : decodeJson<FirstState>(value);
    if (history === undefined) return;
    const [live] = history;
    const state = { ...(live === undefined ? {} : { live }), ...rest };
    const puts = history.map((one) => ({ key: snapshotKey(one.publication), value: encodeJson(one) }));
    if (await keys.commit({ checks: [{ key, value }], puts: [...puts, { key, value: encodeJson(state) }] })) return;
  }
}
