import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { sha256 } from '../../../lib/encoding/digest.ts';
import {
  changeState,
  forget,
  readHistory,
  readState,
  setTime,
  type PublishedSnapshot,
} from '../../../lib/publication/publication-state.ts';
import { publicationStatus } from '../../../lib/publication/publication-status.ts';
import type { KeyedStore } from '../../../lib/store/keyed-store.ts';
import { allSnapshots } from '../../../lib/store/key-ranges.ts';
import { publicationKey } from '../../../lib/store/keys.ts';
import { useStores } from '../../support/use-stores.ts';

const stores = useStores();

function snapshotOf(publication: number, text = ''): PublishedSnapshot {
  return { publication, snapshot: sha256(Buffer.from(`${publication}${text}`)), size: publication, at: publication };
}

async function publish(one: PublishedSnapshot): Promise<void> {
  await changeState(stores().keys, (state) => ({ ...state, live: one }));
}

async function empty(): Promise<void> {
  const { keys } = stores();
  const found = await keys.list({ ...allSnapshots, limit: 10_000 });
  await keys.commit({ deletes: [publicationKey('state'), ...found.map(({ key }) => key)] });
}

test('however many snapshots are remembered, no value grows with them, and a thousand are shown', async () => {
  const { keys } = stores();
  for (let publication = 1; publication <= 1_200; publication += 1) await publish(snapshotOf(publication));
  const history = await readHistory(keys);
  expect(history.map(({ publication }) => publication)).toEqual(Array.from({ length: 1_200 }, (_, at) => 1_200 - at));
  expect((await readState(keys)).value!.length).toBeLessThan(1_000);
  const { snapshots, live } = await publicationStatus(keys, 'dir:/public', 5_000);
  expect([snapshots.length, snapshots[0], snapshots.at(-1)?.publication]).toEqual([1_000, live, 201]);
});

test('what is remembered is what a list of all of them would have been', async () => {
  const { keys } = stores();
  const change = fc.oneof(
    { weight: 4, arbitrary: fc.record({ what: fc.constant('publish' as const), by: fc.integer({ min: -3, max: 3 }) }) },
    fc.record({ what: fc.constant('forget' as const), by: fc.nat(6) }),
    fc.record({ what: fc.constant('set time' as const), by: fc.nat(6) }),
  );
  const law = fc.asyncProperty(fc.array(change, { maxLength: 25 }), async (changes) => {
    await empty();
    let naive: PublishedSnapshot[] = [];
    for (const [at, { what, by }] of changes.entries()) {
      const newest = naive[0]?.publication ?? 0;
      if (what === 'publish') {
        // A target that was set back shows an earlier one, or another under the same number.
        const one = snapshotOf(Math.max(1, newest + by), String(at));
        await publish(one);
        naive = [one, ...naive.filter(({ publication }) => publication < one.publication)];
      } else if (what === 'forget') {
        const gone = naive.filter((_one, index) => index % 7 >= by);
        await forget(keys, gone);
        naive = naive.filter((one, index) => index === 0 || !gone.includes(one));
      } else if (naive[by] !== undefined) {
        await setTime(keys, naive[by], at);
        naive = naive.map((one, index) => (index === by ? { ...one, at } : one));
      }
      expect(await readHistory(keys)).toEqual(naive);
      expect((await readState(keys)).state.live).toEqual(naive[0]);
    }
  });
  await fc.assert(law, { numRuns: 40 });
});

test('whoever dies after a commit has changed the time of what is live in both places, or in none', async () => {
  const { keys } = stores();
  await empty();
  for (const publication of [1, 2]) await publish(snapshotOf(publication));
  let commits = 0;
  const dying: KeyedStore = {
    get: (key) => keys.get(key),
    list: (range) => keys.list(range),
    close: () => keys.close(),
    commit(commit) {
      commits += 1;
      return commits > 1 ? Promise.reject(new Error('the power is gone')) : keys.commit(commit);
    },
  };
  await setTime(dying, snapshotOf(2), 7).catch(() => undefined);
  expect((await readHistory(keys))[0]).toEqual({ ...snapshotOf(2), at: 7 });
  expect((await readState(keys)).state.live).toEqual({ ...snapshotOf(2), at: 7 });
  await setTime(keys, snapshotOf(1), 5);
  expect((await readHistory(keys)).map(({ at }) => at)).toEqual([7, 5]);
});
