import { describe, expect, test } from 'vitest';
import { readHistory, readState } from '../../../lib/publication/publication-state.ts';
import { sha256 } from '../../../lib/encoding/digest.ts';
import { encodeJson } from '../../../lib/store/json-value.ts';
import type { KeyedStore } from '../../../lib/store/keyed-store.ts';
import { allSnapshots } from '../../../lib/store/key-ranges.ts';
import { publicationKey } from '../../../lib/store/keys.ts';
import { separateSnapshots } from '../../../lib/store/separate-snapshots.ts';
import { interruptedOnce, useStores } from '../../support/use-stores.ts';

/** The newest first, as format 1 kept them. */
const HISTORY = Array.from({ length: 1000 }, (_, at) => ({
  publication: 1000 - at,
  snapshot: sha256(Buffer.from(String(at))),
  size: 5000 - at,
  at: 1_800_000_000_000 - at,
}));
const REST = { held: true, failures: 2, lastError: 'out of reach' };

async function write(keys: KeyedStore, state: object): Promise<void> {
  await keys.commit({ puts: [{ key: publicationKey('state'), value: encodeJson(state) }] });
}

async function all(keys: KeyedStore): Promise<unknown> {
  return [(await readState(keys)).state, await readHistory(keys)];
}

describe('snapshots that were remembered in one value', () => {
  const stores = useStores();

  test('each have a key of their own, and what else was noted stays', async () => {
    const { keys } = stores();
    await write(keys, { history: HISTORY, ...REST });
    await separateSnapshots(keys);
    expect(await all(keys)).toEqual([{ live: HISTORY[0], ...REST }, HISTORY]);
    await separateSnapshots(keys);
    expect(await all(keys)).toEqual([{ live: HISTORY[0], ...REST }, HISTORY]);
  });

  test('are all there though the state was changed meanwhile', async () => {
    const { keys } = stores();
    await write(keys, { history: HISTORY.slice(1), ...REST });
    const changed = interruptedOnce(
      keys,
      ({ puts = [] }) => puts.length > 1,
      () => write(keys, { history: HISTORY, ...REST }),
    );
    await separateSnapshots(changed);
    expect(await all(keys)).toEqual([{ live: HISTORY[0], ...REST }, HISTORY]);
  });

  test.each([undefined, { history: [], failures: 1 }])('may be none: %j', async (state) => {
    const { keys } = stores();
    if (state !== undefined) await write(keys, state);
    await separateSnapshots(keys);
    expect(await all(keys)).toEqual([{ failures: state?.failures ?? 0 }, []]);
    expect(await keys.list({ ...allSnapshots, limit: 1 })).toEqual([]);
  });
});
