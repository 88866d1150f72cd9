import fc from 'fast-check';
import { expect, it } from 'vitest';
import { RunList } from '../../../lib/record/run-list.ts';
import { StoredRuns } from '../../../lib/record/stored-runs.ts';
import type { Review, RunFilter, RunRecord } from '../../../lib/record/wire.ts';
import { runPlaceKey } from '../../../lib/store/keys.ts';
import { expectSound } from '../../support/publishing.ts';
import { SOMEBODY } from '../../support/stored-git.ts';
import {
  FAMILY,
  publishVersion,
  sampleRecord,
  sampleReview,
  submission,
  useRunPlace,
} from '../../support/run-place.ts';

const place = useRunPlace();

/** What a run is, kept as plainly as can be. */
interface Plain {
  record: RunRecord;
  reviews: Review[];
  retracted: boolean;
}

interface Step {
  what: string;
  id: string;
  version: string;
  variant: string | undefined;
  model: string;
  harness: string;
  status: 'completed' | 'failed';
  reviewer: string;
  text: string;
}

const few = <T>(...values: T[]): fc.Arbitrary<T> => fc.constantFrom(...values);
const maybe = <T>(value: fc.Arbitrary<T>): fc.Arbitrary<T | undefined> => fc.option(value, { nil: undefined });
const step: fc.Arbitrary<Step> = fc.record({
  what: few('submit', 'submit', 'review', 'amend', 'retract'),
  id: few('a', 'b', 'c', 'd', 'e', 'f', 'g'),
  version: few('v1.0.0', 'v1.1.0'),
  variant: maybe(few('plain', 'three-cushion')),
  model: few('m-1', 'M-2 Large'),
  harness: few('claude', 'codex'),
  status: few('completed', 'failed'),
  reviewer: few('ada', 'bob', 'Zoë'),
  text: few('Plays well.', 'The ball BOUNCES', 'größe'),
});
const filter: fc.Arbitrary<RunFilter> = fc.record(
  {
    testCase: few(FAMILY, 'test-cases/', 'test-cases', 'test-cases/other'),
    version: few('v1.0.0', 'v1.1.0', 'v9.0.0'),
    variant: few('plain', 'three-cushion'),
    model: few('m-1', 'M-2 Large'),
    harness: few('claude', 'codex'),
    status: few('completed', 'failed'),
    reviewer: few('ada', 'bob', 'Zoë'),
    search: few('bounces', 'GRÖSSE', 'GRÖßE', 'm-2', 'zoë', 'carom', 'nothing'),
    retracted: few('with', 'only', 'without'),
  },
  { requiredKeys: [] },
);

function isWanted({ record, reviews, retracted }: Plain, wanted: RunFilter): boolean {
  const { subject, status, id } = record;
  const names = [id, FAMILY, subject.version!, subject.variant, subject.model, subject.harness.name, status];
  const texts = [...names, ...reviews.flatMap(({ reviewer, text }) => [reviewer, text])];
  const { search, testCase } = wanted;
  if (testCase !== undefined && testCase !== FAMILY && !(testCase.endsWith('/') && FAMILY.startsWith(testCase)))
    return false;
  if (wanted.version !== undefined && wanted.version !== subject.version) return false;
  if (wanted.variant !== undefined && wanted.variant !== subject.variant) return false;
  if (wanted.model !== undefined && wanted.model !== subject.model) return false;
  if (wanted.harness !== undefined && wanted.harness !== subject.harness.name) return false;
  if (wanted.status !== undefined && wanted.status !== status) return false;
  if (wanted.reviewer !== undefined && !reviews.some(({ reviewer }) => reviewer === wanted.reviewer)) return false;
  if (wanted.retracted === 'only' && !retracted) return false;
  if (wanted.retracted === 'without' && retracted) return false;
  return search === undefined || texts.some((text) => text?.toLowerCase().includes(search.toLowerCase()) === true);
}

it('tells what a plain list would tell, whatever happened before, and in pages of any size', async () => {
  await publishVersion(place(), 'v1.1.0', 'name = "Carom"');
  const { runs, stores, registry } = place();
  let round = 0;
  await fc.assert(
    fc.asyncProperty(
      fc.array(step, { maxLength: 12 }),
      fc.array(filter, { minLength: 3, maxLength: 3 }),
      fc.integer({ min: 1, max: 4 }),
      async (steps, filters, size) => {
        round += 1;
        const plain = new Map<string, Plain>();
        for (const one of steps) await take(one, `${one.id}.${round}`, plain);
        for (const wanted of filters) {
          const mine = [...plain.values()].filter((run) => isWanted(run, wanted)).map(({ record }) => record.id);
          expect(await pagesOf(wanted, size)).toEqual(mine.toReversed());
        }
      },
    ),
    { numRuns: 25 },
  );
  await expectSound(stores, registry);

  async function take(one: Step, id: string, plain: Map<string, Plain>): Promise<void> {
    const record = recordOf(id, one);
    const review = sampleReview({ reviewer: one.reviewer, ratings: {}, text: one.text, verdicts: {} });
    const there = plain.get(id);
    if (one.what === 'submit') {
      const isTaken = await isTakenBy(runs.submit(submission(record, review), SOMEBODY));
      if (isTaken && there === undefined) plain.set(id, { record, reviews: [review], retracted: false });
      return;
    }
    const request = { note: 'n', reason: 'r' };
    const change =
      one.what === 'review'
        ? runs.review(id, one.reviewer, submission(undefined, review, request), SOMEBODY)
        : one.what === 'amend'
          ? runs.amend(id, submission(record, undefined, request), SOMEBODY)
          : runs.retract(id, submission(undefined, undefined, request), SOMEBODY);
    const isTaken = await isTakenBy(change);
    expect(isTaken).toBe(there !== undefined && (!there.retracted || isSame(there, one.what, record, review)));
    if (!isTaken || there === undefined) return;
    if (one.what === 'amend') there.record = record;
    else if (one.what === 'retract') there.retracted = true;
    else there.reviews = [...there.reviews.filter(({ reviewer }) => reviewer !== one.reviewer), review];
  }

  /** Those of this round alone: the store keeps the rounds before. */
  async function pagesOf(wanted: RunFilter, size: number): Promise<string[]> {
    const found: string[] = [];
    let last: string | undefined;
    do {
      const page = await runs.list.page(wanted, last, size);
      expect(page.runs.length).toBeLessThanOrEqual(size);
      const mine = page.runs.map(({ id }) => id).filter((id) => id.endsWith(`.${round}`));
      found.push(...mine);
      last = mine.length < page.runs.length ? undefined : page.next;
    } while (last !== undefined);
    return found;
  }
});

function isTakenBy(work: Promise<unknown>): Promise<boolean> {
  return work.then(
    () => true,
    () => false,
  );
}

function isSame(there: Plain, what: string, record: RunRecord, review: Review): boolean {
  if (what === 'retract') return true;
  if (what === 'amend') return JSON.stringify(record) === JSON.stringify(there.record);
  return there.reviews.some((one) => JSON.stringify(one) === JSON.stringify(review));
}

function recordOf(id: string, one: Step): RunRecord {
  const { version, variant, model, harness, status } = one;
  const subject = { testCase: FAMILY, version, harness: { name: harness }, model };
  return sampleRecord(id, { subject: variant === undefined ? subject : { ...subject, variant }, status });
}

it('looks at so many runs for one page and no more, and goes on from there', async () => {
  const { runs, stores, registry } = place();
  for (let at = 0; at < 120; at += 1)
    await runs.submit(submission(sampleRecord(`n${at}`, at % 60 === 0 ? { status: 'hung' } : {})), SOMEBODY);
  const list = new RunList(new StoredRuns(stores.keys, registry.content), { atMost: 50 });
  const pages: string[][] = [];
  for (let last: string | undefined; ;) {
    const page = await list.page({ status: 'hung' }, last, 10);
    pages.push(page.runs.map(({ id }) => id));
    if (page.next === undefined) break;
    last = page.next;
  }
  expect(pages).toEqual([[], ['n60'], ['n0']]);
});

it('goes on behind a page, also when many runs in between are not wanted', async () => {
  const { runs } = place();
  for (let at = 0; at < 120; at += 1)
    await runs.submit(submission(sampleRecord(`n${at}`, at === 0 ? { status: 'hung' } : {})), SOMEBODY);
  const page = await runs.list.page({ status: 'hung' }, undefined, 10);
  expect(page.runs.map(({ id }) => id)).toEqual(['n0']);
  expect(page.next).toBeUndefined();
});

it('lets others go on while it searches the reviews of one run, and between runs', async () => {
  const { runs, stores, registry } = place();
  await runs.submit(submission(sampleRecord('a')), SOMEBODY);
  for (const reviewer of ['bob', 'cid', 'dee'])
    await runs.review('a', reviewer, submission(undefined, sampleReview({ reviewer })), SOMEBODY);
  const stored = new StoredRuns(stores.keys, registry.content);
  const found = (await stored.find('a'))!;
  let turns = 0;
  const turnsAtReads: number[] = [];
  const slow = {
    keys: {
      list: () => Promise.resolve([1, 2].map((at) => ({ key: runPlaceKey(at), value: Buffer.from('a') }))),
    },
    find: () => Promise.resolve(found),
    bodies: {
      read: () => {
        turnsAtReads.push(turns);
        const until = performance.now() + 5;
        while (performance.now() < until);
        return Promise.resolve(sampleReview());
      },
    },
  };
  let isOver = false;
  const turn = (): void => {
    turns += 1;
    if (!isOver) setImmediate(turn);
  };
  setImmediate(turn);
  const page = await new RunList(slow as unknown as StoredRuns).page({ search: 'nowhere' }, undefined, 10);
  isOver = true;
  expect(page.runs).toEqual([]);
  expect(turnsAtReads).toHaveLength(8);
  expect(new Set(turnsAtReads).size).toBe(8);
});
