import { expect, test } from 'vitest';
import { sha256, type Sha256 } from '../../../lib/encoding/digest.ts';
import type { RunState } from '../../../lib/record/run-state.ts';
import { decodeJson, encodeJson } from '../../../lib/store/json-value.ts';
import type { Commit } from '../../../lib/store/keyed-store.ts';
import { contentKey, inlineKey, mediaKey, runKey, runPlaceKey } from '../../../lib/store/keys.ts';
import { check } from '../../../lib/upkeep/check.ts';
import { SOMEBODY } from '../../support/stored-git.ts';
import { pngBytes, sampleRecord, storeMedia, submission, useRunPlace } from '../../support/run-place.ts';

const place = useRunPlace();
const PNG = pngBytes();

/** Finds what is wrong after something was done to the store of a run with media. */
async function found(harm: (state: RunState) => Commit | Promise<Commit>, content = true): Promise<string[]> {
  const { runs, stores, registry } = place();
  await storeMedia(place(), PNG);
  const media = [{ name: 'a.png', digest: sha256(PNG), size: PNG.length, mediaType: 'image/png' }];
  await runs.submit(submission(sampleRecord('a', { media })), SOMEBODY);
  const state = decodeJson<RunState>((await stores.keys.get(runKey('a')))!);
  await stores.keys.commit(await harm(state));
  const findings: string[] = [];
  await check(stores, registry, { content, onFinding: ({ name, what }) => findings.push(`${name}: ${what}`) });
  return findings;
}

function withState(state: RunState, change: Partial<RunState>): Commit {
  return { puts: [{ key: runKey('a'), value: encodeJson({ ...state, ...change }) }] };
}

function bytesAs(digest: Sha256, text: string): Commit {
  const value = encodeJson({ size: text.length, place: 'inline' });
  return {
    puts: [
      { key: inlineKey(digest), value: Buffer.from(text) },
      { key: contentKey(digest), value },
    ],
  };
}

test('nothing is wrong with a run that nobody touched', async () => {
  expect(await found(() => ({}))).toEqual([]);
});

test('a body that is gone is missed', async () => {
  const findings = await found(({ record }) => ({ deletes: [contentKey(record), inlineKey(record)] }), false);
  expect(findings).toEqual([expect.stringMatching(/^run a: the body sha256:\w+ cannot be read$/)]);
});

test.each([
  ['{"b":1,"a":2}', /has other bytes/],
  ['{', /has other bytes/],
])('a body that became %s is found', async (text, what) => {
  const findings = await found(({ record }) => bytesAs(record, text));
  expect(findings).toContainEqual(expect.stringMatching(what));
});

test('a body that is not canonical is found', async () => {
  const text = '{"id":"a", "format":1}';
  const digest = sha256(Buffer.from(text));
  const findings = await found((state) => {
    const [first] = state.events;
    const { puts = [] } = withState(state, { record: digest, events: [{ ...first!, record: digest } as never] });
    return { puts: [...puts, ...(bytesAs(digest, text).puts ?? [])] };
  });
  expect(findings).toContainEqual(expect.stringMatching(/^run a: the body .* is not canonical JSON$/));
});

test('media that is gone is missed', async () => {
  expect(await found(() => ({ deletes: [mediaKey(sha256(PNG))] }))).toEqual([
    `run a: media that the run names is not there: ${sha256(PNG)}`,
  ]);
});

test('media that is shown as what it is not is found', async () => {
  const findings = await found(async () => {
    const key = mediaKey(sha256(PNG));
    const link = decodeJson<object>((await place().stores.keys.get(key))!);
    return { puts: [{ key, value: encodeJson({ ...link, mediaType: 'image/svg+xml' }) }] };
  });
  expect(findings).toEqual([`${sha256(PNG)}: media is shown as what it is not`]);
});

test('media whose content is gone is found', async () => {
  const digest = sha256(PNG);
  const findings = await found(() => ({ deletes: [contentKey(digest), inlineKey(digest)] }), false);
  expect(findings).toEqual([`${digest}: the bytes of media are not kept`]);
});

test('a place in lists that is missing, or of another run, is found', async () => {
  expect(await found(({ index }) => ({ deletes: [runPlaceKey(index)] }))).toEqual([
    expect.stringMatching(/^run a: the run is missing in lists at \d+$/),
  ]);
});

test('a place in lists of no run is found', async () => {
  const puts = [
    { key: runPlaceKey(900), value: Buffer.from('nobody') },
    { key: runPlaceKey(901), value: Buffer.from('a') },
  ];
  expect(await found(() => ({ puts }))).toEqual([
    'entry 900 of the log: lists have a run that is not there: nobody',
    expect.stringMatching(/^entry 901 of the log: lists have the run a, which stands at/),
  ]);
});

test('lists that show what no body says are found', async () => {
  const findings = await found((state) => withState(state, { outline: { ...state.outline, model: 'another' } }));
  expect(findings).toEqual(['run a: lists show what the record does not say']);
});

test('a review that is not what lists show is found', async () => {
  const findings = await found((state) =>
    withState(state, { reviews: state.reviews.map((one) => ({ ...one, ratings: { play: 1 } })) }),
  );
  expect(findings).toEqual([expect.stringMatching(/^run a: lists show a review that sha256:\w+ is not$/)]);
});
