import { describe, expect, test } from 'vitest';
import type { Commit, KeyedStore } from '../../../lib/store/keyed-store.ts';
import { StoreError } from '../../../lib/store/store-error.ts';
import { collect } from '../../../lib/upkeep/collect.ts';
import { expectSound } from '../../support/publishing.ts';
import { SOMEBODY } from '../../support/stored-git.ts';
import {
  loggedRuns,
  runPlaceOn,
  runPlaceWith,
  sampleRecord,
  sampleReview,
  submission,
  useRunPlace,
  type RunPlace,
} from '../../support/run-place.ts';

const place = useRunPlace();

/** The same store, in which the n-th commit is lost before it is made, or made and then not told of. */
function failingAt(keys: KeyedStore, at: number, when: 'before' | 'after'): KeyedStore & { readonly failed: boolean } {
  let commits = 0;
  return {
    get failed() {
      return commits > at;
    },
    get: (key) => keys.get(key),
    list: (range) => keys.list(range),
    close: () => keys.close(),
    async commit(commit: Commit) {
      commits += 1;
      if (commits - 1 !== at) return keys.commit(commit);
      if (when === 'after') await keys.commit(commit);
      throw new StoreError('failed', `the store fails ${when} a commit`);
    },
  };
}

const LARGE = 'ü'.repeat(50_000);

const STEPS: readonly (readonly [string, (place: RunPlace) => Promise<unknown>])[] = [
  ['a submission', ({ runs }) => runs.submit(submission(sampleRecord('new')), SOMEBODY)],
  [
    'a large submission',
    ({ runs }) =>
      runs.submit(submission({ ...sampleRecord('new'), x: LARGE }, sampleReview({ text: LARGE })), SOMEBODY),
  ],
  [
    'a review',
    ({ runs }) => runs.review('old', 'bob', submission(undefined, sampleReview({ reviewer: 'bob' })), SOMEBODY),
  ],
  [
    'an amendment',
    ({ runs }) =>
      runs.amend('old', submission(sampleRecord('old', { status: 'hung' }), undefined, { reason: 'r' }), SOMEBODY),
  ],
  ['an erasure', ({ runs }) => runs.erase('old', submission(undefined, undefined, { reason: 'r' }), SOMEBODY)],
  ['a retraction', ({ runs }) => runs.retract('old', submission(undefined, undefined, { reason: 'r' }), SOMEBODY)],
];

describe.each(STEPS)('%s', (_name, step) => {
  test.each(['before', 'after'] as const)(
    'whose commits fail %s they are made is whole or not at all',
    async (when) => {
      await place().runs.submit(submission(sampleRecord('old')), SOMEBODY);
      const entries = (await loggedRuns(place())).length;
      let told = false;
      for (let at = 0, failed = true; failed; at += 1) {
        expect(at).toBeLessThan(20);
        const keys = failingAt(place().stores.keys, at, when);
        told = await isTakenBy(step(await runPlaceWith(place(), keys)));
        failed = keys.failed;
        await expectWhole(place());
      }
      expect(told).toBe(true);
      // Whatever was tried before, it happened once; and to ask again is no harm.
      await step(await runPlaceOn(place().stores));
      expect(await loggedRuns(place())).toHaveLength(entries + 1);
      await expectWhole(place());
    },
  );
});

/** An erased run leaves bodies that are still to be deleted. */
async function expectWhole({ stores, registry, runs }: RunPlace): Promise<void> {
  if ((await runs.get('old')).erased !== undefined) await collect(stores, registry, COLLECTING);
  await expectSound(stores, registry);
}

const COLLECTING = { graceMs: 0, uploadExpiryMs: 1000, now: Date.now };

function isTakenBy(work: Promise<unknown>): Promise<boolean> {
  return work.then(
    () => true,
    () => false,
  );
}
