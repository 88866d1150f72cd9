import { countEntries, type KeyedStore } from '../store/keyed-store.ts';
import type { KeyRange } from '../store/key-ranges.ts';

interface Walk {
  readonly stores: { readonly keys: KeyedStore };
  readonly breathe: () => Promise<void> | undefined;
  readonly onProgress?: unknown;
}

/** How many entries a walk is going to see; counted only where somebody watches. */
export async function totalFor({ stores, breathe, onProgress }: Walk, range: KeyRange): Promise<number | undefined> {
  return onProgress === undefined ? undefined : countEntries(stores.keys, range, breathe);
}
