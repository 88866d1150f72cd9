import { describe, expect, it } from 'vitest';
import { canonicalJson, type JsonValue } from '../../../lib/encoding/canonical-json.ts';
import { sha256 } from '../../../lib/encoding/digest.ts';
import type { RunState } from '../../../lib/record/run-state.ts';
import { decodeJson, encodeJson } from '../../../lib/store/json-value.ts';
import { runKey } from '../../../lib/store/keys.ts';
import { container, publishTo } from '../../support/publishing.ts';
import { SOMEBODY } from '../../support/stored-git.ts';
import {
  FAMILY,
  loggedRuns,
  pngBytes,
  publishVersion,
  refused,
  runPlaceOn,
  sampleRecord,
  sampleReview,
  storeMedia,
  submission,
  useRunPlace,
} from '../../support/run-place.ts';

const place = useRunPlace();
const BY = SOMEBODY;

describe('a run that comes in', () => {
  it('is kept with what its definition is, and what nobody here knows', async () => {
    const { runs, definitions } = place();
    const record = { ...sampleRecord('a'), 'x-lab': { shelf: [1, 0.5, null] } };
    const { outcome, run } = await runs.submit(submission(record), BY);
    const { digest } = await definitions.versions.resolve(FAMILY, 'v1.0.0');
    const body = { ...record, definition: { family: FAMILY, version: 'v1.0.0', digest } };
    expect(outcome).toBe('submitted');
    expect(run).toMatchObject({ id: 'a', body, status: 'completed', model: 'm-1', amendments: 0, by: BY });
    expect(run.reviewed).toEqual([sampleReview()]);
    const bytes = canonicalJson(body as unknown as JsonValue);
    expect(run.record).toBe(sha256(bytes));
    const kept = await runs.body('a');
    expect(Buffer.from(await place().registry.content.readAll(kept.located))).toEqual(bytes);
  });

  it('is in the log with the digests, and nobody’s address', async () => {
    const { run } = await place().runs.submit(submission(sampleRecord('a')), BY);
    const [entry] = await loggedRuns(place());
    const [review] = run.reviews;
    expect(entry).toEqual({
      v: 1,
      at: run.at,
      type: 'run',
      id: 'a',
      record: run.record,
      review: review!.review,
      reviewer: 'ada',
      definition: run.definition,
      status: 'completed',
      by: BY.name,
    });
  });

  it('is the same run when it comes again, and no other entry', async () => {
    const { runs } = place();
    const first = await runs.submit(submission(sampleRecord('a')), BY);
    const again = await runs.submit(submission(sampleRecord('a')), { address: 'elsewhere' });
    expect(again).toEqual({ ...first, outcome: 'unchanged' });
    expect(await loggedRuns(place())).toHaveLength(1);
  });

  it('is the same with its names in another order, and with the definition that it was given', async () => {
    const { runs } = place();
    const { run } = await runs.submit(submission(sampleRecord('a')), BY);
    const turned = Object.fromEntries(Object.entries(sampleRecord('a')).toReversed());
    expect((await runs.submit(submission(turned), BY)).outcome).toBe('unchanged');
    expect((await runs.submit(submission(run.body), BY)).outcome).toBe('unchanged');
  });

  it('of a pin stays of the version at which the pin stood', async () => {
    const { runs, definitions } = place();
    await definitions.pins.change(FAMILY, 'stable', { to: 'v1.0.0' }, BY);
    const record = sampleRecord('a');
    const pinned = { ...record, subject: { ...record.subject, version: 'stable' } };
    await runs.submit(submission(pinned), BY);
    await publishVersion(place(), 'v1.1.0', 'name = "Carom"\nvariants = ["plain"]');
    await definitions.pins.change(FAMILY, 'stable', { to: 'v1.1.0' }, BY);
    const { outcome, run } = await runs.submit(submission(pinned), BY);
    expect([outcome, run.definition.version]).toEqual(['unchanged', 'v1.0.0']);
    const corrected = { ...pinned, status: 'failed' };
    const amended = await runs.amend('a', submission(corrected, undefined, { reason: 'mistaken' }), BY);
    expect(amended.run.definition.version).toBe('v1.0.0');
    expect((await runs.submit(submission(pinned), BY)).outcome).toBe('unchanged');
  });

  it.each([
    ['record', submission(sampleRecord('a', { status: 'failed' }))],
    ['review', submission(sampleRecord('a'), sampleReview({ text: 'Another.' }))],
    ['links', submission(sampleRecord('a'), sampleReview(), { links: { source: 'https://example.com/' } })],
  ])('with the same id and another %s is refused, and told what is there', async (_what, other) => {
    const { run } = await place().runs.submit(submission(sampleRecord('a')), BY);
    const refusal = await refused(place().runs.submit(other, BY));
    expect(refusal.code).toBe('run-conflict');
    expect(refusal.message).toContain(run.record);
    expect(await loggedRuns(place())).toHaveLength(1);
  });

  it('takes links that come beside it into the record', async () => {
    const links = { source: 'https://example.com/code', build: 'https://example.com/play' };
    const { run } = await place().runs.submit(submission(sampleRecord('a'), sampleReview(), { links }), BY);
    expect(run.body?.links).toEqual(links);
    const record = sampleRecord('b', { links: { source: links.source } });
    const both = await place().runs.submit(submission(record, sampleReview(), { links }), BY);
    expect(both.run.body?.links).toEqual(links);
    const other = submission(sampleRecord('c', { links: { source: 'https://example.com/else' } }), sampleReview(), {
      links,
    });
    expect((await refused(place().runs.submit(other, BY))).faults).toEqual([
      'links source: is not what the record says',
    ]);
  });

  it('is there after a restart', async () => {
    const { run } = await place().runs.submit(submission(sampleRecord('a')), BY);
    const { runs } = await runPlaceOn(await place().open.reopen());
    expect(await runs.get('a')).toEqual(run);
  });
});

describe('a run that is refused', () => {
  it('tells all that the store knows better', async () => {
    const record = sampleRecord('a');
    const subject = { ...record.subject, variant: 'four-cushion' };
    const review = sampleReview({ ratings: { sound: 1 }, verdicts: { nose: 'pass' } });
    const media = [{ name: 'a.png', digest: `sha256:${'0'.repeat(64)}`, size: 1, mediaType: 'image/png' }];
    const { code, faults } = await refused(place().runs.submit(submission({ ...record, subject, media }, review), BY));
    expect(code).toBe('run-invalid');
    expect(faults).toEqual([
      'record subject.variant: is not among the variants of the definition: "plain", "three-cushion"',
      'review ratings.sound: is not among the domains of the definition: "looks", "play"',
      'review verdicts.nose: is not among the review items of the definition: "aim"',
      'record media[0].digest: is not uploaded: media comes before the record that names it',
    ]);
    expect(await loggedRuns(place())).toHaveLength(0);
  });

  it.each([
    [{ testCase: 'test-cases/nothing' }, 'record subject.testCase: names nothing that is published'],
    [{ version: 'v9.9.9' }, 'record subject.version: names nothing that is published'],
    [{ version: undefined }, 'record subject.version: is missing, and so is digest'],
    [{ digest: `sha256:${'1'.repeat(64)}` }, 'record subject.digest: names nothing that is published'],
    [{ testCase: 'containers/c' }, 'record subject.testCase: is not a test case but a container'],
  ])('names no definition: %j', async (change, fault) => {
    await publishTo(place().definitions, 'containers/c', 'v1.0.0', container());
    const record = sampleRecord('a');
    const { variant: _variant, ...subject } = record.subject;
    const { faults } = await refused(
      place().runs.submit(submission({ ...record, subject: { ...subject, ...change } }), BY),
    );
    expect(faults).toHaveLength(1);
    expect(faults[0]).toContain(fault);
  });

  it('says of its definition what is not so', async () => {
    await publishVersion(place(), 'v1.1.0', DECLARED_LESS);
    const other = await place().definitions.versions.resolve(FAMILY, 'v1.1.0');
    const record = sampleRecord('a');
    const both = { ...record, subject: { ...record.subject, digest: other.digest } };
    expect((await refused(place().runs.submit(submission(both), BY))).faults[0]).toMatch(
      /subject.digest: is that of v1.1.0/,
    );
    const definition = { family: FAMILY, version: 'v1.1.0', digest: other.digest };
    const { faults } = await refused(place().runs.submit(submission({ ...record, definition }), BY));
    expect(faults[0]).toMatch(/^record definition: is not test-cases\/carom v1.0.0/);
  });

  it('is judged freely where its definition declares nothing', async () => {
    await publishVersion(place(), 'v1.1.0', DECLARED_LESS);
    const record = sampleRecord('a');
    const subject = { ...record.subject, version: 'v1.1.0', variant: 'anything' };
    const review = sampleReview({ ratings: { joy: 100 }, verdicts: { ease: 'n/a' } });
    expect((await place().runs.submit(submission({ ...record, subject }, review), BY)).outcome).toBe('submitted');
  });
});

const DECLARED_LESS = 'name = "Carom"';

describe('media that a record names', () => {
  it('must be what the record says of it', async () => {
    const png = pngBytes();
    const digest = await storeMedia(place(), png);
    const log = await storeMedia(place(), Buffer.from('a log'));
    const media = [
      { name: 'proofs/a.png', digest, size: png.length, mediaType: 'image/png' },
      { name: 'log.txt', digest: log, size: 5, mediaType: 'text/plain' },
    ];
    const validation = {
      checks: [{ id: 'a', passed: true, similarity: 0.925 }],
      proofs: [{ id: 'a', media: 'proofs/a.png' }],
    };
    const good = sampleRecord('a', { media, validation });
    expect((await place().runs.submit(submission(good), BY)).run.body?.media).toEqual(media);
    const wrong = [
      { ...media[0], size: 1 },
      { ...media[1], mediaType: 'image/png' },
      { ...media[0], name: 'x.png', mediaType: 'image/jpeg' },
    ];
    const { faults } = await refused(place().runs.submit(submission({ ...good, id: 'b', media: wrong }), BY));
    expect(faults).toEqual([
      `record media[0].size: is not ${png.length}, which the bytes have`,
      'record media[1].mediaType: is not what the bytes are: no image',
      'record media[2].mediaType: is not what the bytes are: image/png',
    ]);
  });
});

describe('reviews', () => {
  it('are of several people, and each edit says why and shows what it changed', async () => {
    const { runs } = place();
    await runs.submit(submission(sampleRecord('a')), BY);
    const bob = sampleReview({ reviewer: 'bob', ratings: { looks: 10 } });
    const first = await runs.review('a', 'bob', submission(undefined, bob), BY);
    expect(first.outcome).toBe('reviewed');
    expect((await runs.review('a', 'bob', submission(undefined, bob), BY)).outcome).toBe('unchanged');
    const edited = { ...bob, ratings: { looks: 20, play: 5 } };
    expect((await refused(runs.review('a', 'bob', submission(undefined, edited), BY))).faults).toEqual([
      'request note: is missing: an edit says why',
    ]);
    const { run } = await runs.review('a', 'bob', submission(undefined, edited, { note: 'saw it again' }), BY);
    expect(run.reviews.map(({ reviewer, ratings }) => [reviewer, ratings])).toEqual([
      ['ada', { play: 80 }],
      ['bob', { looks: 20, play: 5 }],
    ]);
    expect(run.history.at(-1)).toMatchObject({
      what: 'reviewed',
      note: 'saw it again',
      changes: [
        { path: 'ratings.looks', from: 10, to: 20 },
        { path: 'ratings.play', to: 5 },
      ],
    });
    const entries = await loggedRuns(place());
    expect(entries.map(({ type }) => type)).toEqual(['run', 'review', 'review']);
    expect(entries[2]).toMatchObject({ supersedes: first.run.reviews[1]!.review, note: 'saw it again' });
  });

  it('go only from where they were expected', async () => {
    const { runs } = place();
    const { run } = await runs.submit(submission(sampleRecord('a')), BY);
    const edit = sampleReview({ text: 'Better.' });
    const put = (expectation: unknown): Promise<unknown> =>
      runs.review('a', 'ada', submission(undefined, edit, { note: 'n', expect: expectation }), BY);
    expect((await refused(put(null))).code).toBe('review-moved');
    expect((await refused(put(run.record))).code).toBe('review-moved');
    await put(run.reviews[0]!.review);
    // Done already, it is no harm to ask for it once more.
    expect(await put(run.reviews[0]!.review)).toMatchObject({ outcome: 'unchanged' });
  });

  it('are of whom the address names, of a run that is there, by what the definition declares', async () => {
    const { runs } = place();
    expect((await refused(runs.review('a', 'ada', submission(undefined), BY))).code).toBe('run-unknown');
    await runs.submit(submission(sampleRecord('a')), BY);
    const put = (reviewer: string, review: unknown): Promise<unknown> =>
      runs.review('a', reviewer, submission(undefined, review), BY);
    expect((await refused(put('bob', sampleReview()))).faults).toEqual([
      'review reviewer: is not "bob", as the address says',
    ]);
    expect((await refused(put('bob', sampleReview({ reviewer: 'bob', ratings: { x: 1 } })))).faults).toEqual([
      'review ratings.x: is not among the domains of the definition: "looks", "play"',
    ]);
  });
});

describe('corrections', () => {
  it('put a record in the place of the one before, which stays readable', async () => {
    const { runs } = place();
    const { run } = await runs.submit(submission(sampleRecord('a')), BY);
    const { endedAt: _endedAt, ...rest } = sampleRecord('a', { status: 'hung', metrics: { runTimeMs: null } });
    const amended = await runs.amend('a', submission(rest, undefined, { reason: 'the clock was wrong' }), BY);
    expect(amended.outcome).toBe('amended');
    expect(amended.run).toMatchObject({ status: 'hung', amendments: 1 });
    expect(amended.run.endedAt).toBeUndefined();
    expect(amended.run.history.at(-1)).toMatchObject({
      what: 'amended',
      supersedes: run.record,
      changes: [
        { path: 'endedAt', from: '2025-06-01T12:30:00.5Z' },
        { path: 'metrics.costs', from: { USD: '0.25' } },
        { path: 'metrics.runTimeMs', from: 1_800_500, to: null },
        { path: 'metrics.tokens', from: { input: 12, output: null } },
        { path: 'status', from: 'completed', to: 'hung' },
      ],
    });
    expect((await runs.body('a', run.record)).digest).toBe(run.record);
    expect((await runs.amend('a', submission(rest, undefined, { reason: 'again' }), BY)).outcome).toBe('unchanged');
    // Who sent it first may send it again, and so may who has what it became.
    expect((await runs.submit(submission(sampleRecord('a')), BY)).outcome).toBe('unchanged');
    expect((await runs.submit(submission(rest), BY)).outcome).toBe('unchanged');
  });

  it('make another published status of one, and back, and say in the log which', async () => {
    const { runs } = place();
    await runs.submit(submission(sampleRecord('a')), BY);
    const becomes = (status: string): Promise<unknown> =>
      runs.amend('a', submission({ ...sampleRecord('a'), status }, undefined, { reason: `it ${status}` }), BY);
    await becomes('failed');
    for (const never of ['unevaluable', 'error', 'running', 'odd'])
      expect((await refused(becomes(never))).faults[0]).toMatch(/^record status: "\w+" is (never published|none of)/);
    await becomes('completed');
    const entries = (await loggedRuns(place())).map((entry) => ('status' in entry ? entry.status : undefined));
    expect(entries).toEqual(['completed', 'failed', 'completed']);
    const { definition } = await runs.get('a');
    expect((await loggedRuns(place())).at(-1)).toMatchObject({ type: 'amend', definition, reason: 'it completed' });
  });

  it('say why, keep the id, and go from where they were expected', async () => {
    const { runs } = place();
    await runs.submit(submission(sampleRecord('a')), BY);
    const change = sampleRecord('a', { status: 'failed' });
    expect((await refused(runs.amend('a', submission(change), BY))).faults).toEqual([
      'request reason: is missing: what is changed says why',
    ]);
    const renamed = submission(sampleRecord('b'), undefined, { reason: 'r' });
    expect((await refused(runs.amend('a', renamed, BY))).faults).toEqual([
      'record id: is not "a", as the address says',
    ]);
    const moved = submission(change, undefined, { reason: 'r', expect: `sha256:${'0'.repeat(64)}` });
    expect((await refused(runs.amend('a', moved, BY))).code).toBe('review-moved');
  });
});

describe('a run that is retracted', () => {
  it('stays, says why, and changes no more', async () => {
    const { runs } = place();
    await runs.submit(submission(sampleRecord('a')), BY);
    const { outcome, run } = await runs.retract('a', submission(undefined, undefined, { reason: 'wrong model' }), BY);
    expect([outcome, run.retracted?.reason]).toEqual(['retracted', 'wrong model']);
    const again = await runs.retract('a', submission(undefined, undefined, { reason: 'wrong model' }), BY);
    expect(again.outcome).toBe('unchanged');
    const more = { reason: 'another', note: 'n' };
    for (const work of [
      runs.retract('a', submission(undefined, undefined, more), BY),
      runs.amend('a', submission(sampleRecord('a', { status: 'failed' }), undefined, more), BY),
      runs.review('a', 'ada', submission(undefined, sampleReview({ text: 'x' }), more), BY),
    ])
      expect((await refused(work)).code).toBe('run-retracted');
    expect((await runs.submit(submission(sampleRecord('a')), BY)).outcome).toBe('unchanged');
    expect((await loggedRuns(place())).map(({ type }) => type)).toEqual(['run', 'retract']);
  });
});

describe('many at once', () => {
  it('make one run of the same content', async () => {
    const { runs } = place();
    const outcomes = await Promise.all(
      Array.from({ length: 16 }, async () => (await runs.submit(submission(sampleRecord('a')), BY)).outcome),
    );
    expect(outcomes.filter((outcome) => outcome === 'submitted')).toHaveLength(1);
    expect(await loggedRuns(place())).toHaveLength(1);
  });

  it('make one run of different content, from several servers', async () => {
    const others = await Promise.all([0, 1, 2].map(() => runPlaceOn(place().stores)));
    const answers = await Promise.all(
      Array.from({ length: 16 }, async (_, at) => {
        const { runs } = others[at % others.length]!;
        const work = runs.submit(submission(sampleRecord('a', { endedAt: `2025-06-02T00:00:${10 + at}Z` })), BY);
        return work.then(
          ({ outcome }) => outcome,
          async () => (await refused(work)).code,
        );
      }),
    );
    expect(answers.toSorted()).toEqual([...Array<string>(15).fill('run-conflict'), 'submitted']);
    expect(await loggedRuns(place())).toHaveLength(1);
  });

  it('lose no review', async () => {
    const { runs } = place();
    await runs.submit(submission(sampleRecord('a')), BY);
    const names = Array.from({ length: 12 }, (_, at) => `reviewer ${at}`);
    await Promise.all(
      names.map((reviewer) => runs.review('a', reviewer, submission(undefined, sampleReview({ reviewer })), BY)),
    );
    const run = await runs.get('a');
    expect(run.reviews.map(({ reviewer }) => reviewer).toSorted()).toEqual(['ada', ...names].toSorted());
    expect(run.history).toHaveLength(13);
  });
});

it('a run with all the history that it can have takes no more', async () => {
  const { runs } = place();
  await runs.submit(submission(sampleRecord('a')), BY);
  const note = 'n'.repeat(2000);
  const edit = (at: number): Promise<unknown> =>
    runs.review('a', 'ada', submission(undefined, sampleReview({ text: String(at) }), { note }), BY);
  let edits = 0;
  while (
    edits < 100 &&
    (await edit(edits).then(
      () => true,
      () => false,
    ))
  )
    edits += 1;
  expect(edits).toBeGreaterThan(20);
  expect((await refused(edit(edits))).code).toBe('run-full');
  expect((await runs.get('a')).history).toHaveLength(edits + 1);
});

const MIB = 1024 * 1024;

function large(reviewer: string, letter: string, bytes = MIB - 1024): never {
  const review = { ...sampleReview({ reviewer, text: 'Long.' }), 'x-more': letter.repeat(bytes) };
  return submission(undefined, review, { note: 'Said longer.' });
}

/** Of every body as often as an event names it. */
async function sizeOf(id: string): Promise<number> {
  const { runs, registry } = place();
  let sum = 0;
  for (const event of (await runs.get(id)).history) {
    const digests = [...('record' in event ? [event.record] : []), ...('review' in event ? [event.review] : [])];
    for (const digest of digests) sum += (await registry.content.readAll((await runs.body(id, digest)).located)).length;
  }
  return sum;
}

describe('the bodies of a run', () => {
  it('have a bound together, also where the same ones come back, and what ends the run goes on', async () => {
    const { runs } = place();
    await runs.submit(submission(sampleRecord('a')), BY);
    const edits = ['a', 'b', 'a', 'b', 'a', 'b', 'a'];
    for (const letter of edits)
      expect((await runs.review('a', 'ada', large('ada', letter), BY)).outcome).toBe('reviewed');
    await runs.review('a', 'ada', large('ada', 'd', 16 * 1024), BY);
    const left = 8 * MIB - (await sizeOf('a'));
    const rest = large('ada', 'c', 0) as { review: object };
    const exact = left - canonicalJson(rest.review as JsonValue).length;
    const tooMuch = await refused(runs.review('a', 'ada', large('ada', 'c', exact + 1), BY));
    expect(tooMuch).toMatchObject({ code: 'run-full', message: expect.stringContaining('8 MiB') });
    expect((await runs.review('a', 'ada', large('ada', 'c', exact), BY)).outcome).toBe('reviewed');
    expect(await sizeOf('a')).toBe(8 * MIB);
    expect(
      (await refused(runs.review('a', 'bob', submission(undefined, sampleReview({ reviewer: 'bob' })), BY))).code,
    ).toBe('run-full');
    const amendment = submission(sampleRecord('a', { status: 'failed' }), undefined, { reason: 'It failed.' });
    expect((await refused(runs.amend('a', amendment, BY))).code).toBe('run-full');
    expect((await runs.get('a')).history).toHaveLength(edits.length + 3);
    expect((await runs.retract('a', { reason: 'Too long.' }, BY)).outcome).toBe('retracted');
    expect((await runs.erase('a', { reason: 'Away.' }, BY)).answer.outcome).toBe('erased');
  }, 60_000);

  it('are counted where the run came before they were', async () => {
    const { runs, stores } = place();
    await runs.submit(submission(sampleRecord('a')), BY);
    for (const letter of 'abcdefgh') await runs.review('a', 'ada', large('ada', letter), BY);
    const value = (await stores.keys.get(runKey('a')))!;
    const { bodyBytes, ...state } = decodeJson<RunState>(value);
    expect(bodyBytes).toBe(await sizeOf('a'));
    await stores.keys.commit({ puts: [{ key: runKey('a'), value: encodeJson(state) }] });
    expect((await refused(runs.review('a', 'ada', large('ada', 'i'), BY))).code).toBe('run-full');
    await runs.review('a', 'bob', submission(undefined, sampleReview({ reviewer: 'bob' })), BY);
    expect(decodeJson<RunState>((await stores.keys.get(runKey('a')))!).bodyBytes).toBe(await sizeOf('a'));
  }, 60_000);
});
