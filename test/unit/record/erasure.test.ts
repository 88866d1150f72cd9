import { describe, expect, it } from 'vitest';
import { sha256, type Sha256 } from '../../../lib/encoding/digest.ts';
import type { RunAnswer } from '../../../lib/record/wire.ts';
import { MemoryObjects } from '../../../lib/snapshot/memory-objects.ts';
import { render } from '../../../lib/snapshot/render.ts';
import { Snapshot } from '../../../lib/snapshot/snapshot.ts';
import { StoredSources } from '../../../lib/snapshot/stored-sources.ts';
import { verify } from '../../../lib/snapshot/verify.ts';
import { contentKey, leaseKey } from '../../../lib/store/keys.ts';
import { encodeJson } from '../../../lib/store/json-value.ts';
import { check } from '../../../lib/upkeep/check.ts';
import { collect } from '../../../lib/upkeep/collect.ts';
import { eraseBodies, type Erased } from '../../../lib/upkeep/erase.ts';
import { expectSound } from '../../support/publishing.ts';
import {
  loggedRuns,
  pngBytes,
  refused,
  sampleRecord,
  sampleReview,
  storeMedia,
  submission,
  useRunPlace,
} from '../../support/run-place.ts';
import { SOMEBODY } from '../../support/stored-git.ts';

const place = useRunPlace();
const BY = SOMEBODY;
const WHY = submission(undefined, undefined, { reason: 'A person asked for it.' });

async function erase(id: string): Promise<RunAnswer & Erased> {
  const { runs, stores, registry } = place();
  const { answer, bodies } = await runs.erase(id, WHY, BY);
  return { ...answer, ...(await eraseBodies(stores, registry, bodies, Date.now)) };
}

async function isKept(digest: Sha256): Promise<boolean> {
  return (await place().stores.keys.get(contentKey(digest))) !== undefined;
}

function mediaOf(digest: Sha256, size: number): object {
  return { media: [{ name: 'shot.png', digest, size, mediaType: 'image/png' }] };
}

/** A run with media, a large review, an edit of it and an amendment; all its digests. */
async function wholeRun(id: string): Promise<Sha256[]> {
  const { runs } = place();
  const png = pngBytes(200_000);
  const media = mediaOf(await storeMedia(place(), png), png.length);
  const review = sampleReview({ text: `unspeakable ${'x'.repeat(90_000)}` });
  await runs.submit(submission(sampleRecord(id, media), review), BY);
  const edited = sampleReview({ text: 'unspeakable edit' });
  await runs.review(id, 'ada', submission(undefined, edited, { note: 'unspeakable note' }), BY);
  const amended = sampleRecord(id, { ...media, status: 'failed' });
  await runs.amend(id, submission(amended, undefined, { reason: 'misread' }), BY);
  const { history } = await runs.get(id);
  const named = history.flatMap((event) => [
    ...('record' in event ? [event.record] : []),
    ...('review' in event ? [event.review] : []),
  ]);
  return [...new Set([...named, sha256(png)])];
}

describe('a run that is erased', () => {
  it('loses record, reviews and media at once, and keeps what the log says', async () => {
    const { runs, stores, registry } = place();
    const digests = await wholeRun('a');
    expect(digests).toHaveLength(5);
    const before = await runs.get('a');
    const { outcome, deleted, kept, run } = await erase('a');
    expect([outcome, deleted, kept]).toEqual(['erased', 5, []]);
    for (const digest of digests) expect(await isKept(digest), digest).toBe(false);
    expect((await loggedRuns(place())).map(({ type }) => type)).toEqual(['run', 'review', 'amend', 'erase']);
    const { id, index, at, by, record, definition } = before;
    expect(run).toMatchObject({ id, index, at, by, record, definition, status: 'failed', reviews: [], reviewed: [] });
    expect(run.erased).toMatchObject({ reason: 'A person asked for it.', by: BY });
    expect(JSON.stringify(run)).not.toMatch(/unspeakable|misread|claude|m-1/);
    expect(run.body).toBeUndefined();
    await expectSound(stores, registry);
    expect(await runs.list.page({ search: 'unspeakable' }, undefined, 10)).toEqual({ runs: [] });
    const listed = (await runs.list.page({}, undefined, 10)).runs.map((one) => [one.id, one.erased?.reason]);
    expect(listed).toEqual([['a', 'A person asked for it.']]);
    expect((await runs.list.page({ retracted: 'without' }, undefined, 10)).runs).toEqual([]);
  });

  it('is gone for good: it is not published, reviewed, corrected, retracted or read again', async () => {
    const { runs } = place();
    await wholeRun('a');
    const { record } = await runs.get('a');
    await erase('a');
    const more = { reason: 'r', note: 'n' };
    for (const work of [
      () => runs.submit(submission(sampleRecord('a')), BY),
      () => runs.review('a', 'bob', submission(undefined, sampleReview({ reviewer: 'bob' }), more), BY),
      () => runs.amend('a', submission(sampleRecord('a', { status: 'hung' }), undefined, more), BY),
      () => runs.retract('a', submission(undefined, undefined, more), BY),
      () => runs.body('a'),
      () => runs.body('a', record),
    ])
      expect((await refused(work())).code).toBe('run-erased');
    expect(await loggedRuns(place())).toHaveLength(4);
  });

  it('may have been retracted before', async () => {
    const { runs, stores, registry } = place();
    await runs.submit(submission(sampleRecord('a')), BY);
    await runs.retract('a', submission(undefined, undefined, { reason: 'wrong model' }), BY);
    const { run } = await erase('a');
    expect([run.retracted?.reason, run.erased?.reason]).toEqual(['wrong model', 'A person asked for it.']);
    await expectSound(stores, registry);
  });

  it('leaves what another run has as well, until that is erased, too', async () => {
    const { runs, stores, registry } = place();
    const png = pngBytes();
    const media = mediaOf(await storeMedia(place(), png), png.length);
    const same = sampleReview({ text: 'the same words' });
    for (const id of ['a', 'b']) await runs.submit(submission(sampleRecord(id, media), same), BY);
    const { kept, deleted } = await erase('a');
    const review = (await runs.get('b')).reviews[0]!.review;
    expect([deleted, kept.toSorted()]).toEqual([1, [review, sha256(png)].toSorted()]);
    expect((await runs.get('b')).reviewed).toEqual([same]);
    expect(await runs.media.find(sha256(png))).toMatchObject({ size: png.length });
    await expectSound(stores, registry);
    expect(await erase('b')).toMatchObject({ deleted: 3, kept: [] });
    await expectSound(stores, registry);
  });

  it('is erased though it has all the history that it can have', async () => {
    const { runs } = place();
    await runs.submit(submission(sampleRecord('a')), BY);
    const note = 'n'.repeat(2000);
    const edit = async (at: number): Promise<boolean> => {
      const change = submission(undefined, sampleReview({ text: String(at) }), { note });
      return runs.review('a', 'ada', change, BY).then(
        () => true,
        () => false,
      );
    };
    let edits = 0;
    while (edits < 100 && (await edit(edits))) edits += 1;
    expect(edits).toBeLessThan(100);
    expect((await erase('a')).outcome).toBe('erased');
  });

  it('whose bodies were not reached is told of by fsck, and finished by another try or by a collection', async () => {
    const { runs, stores, registry } = place();
    for (const id of ['a', 'b']) await runs.submit(submission(sampleRecord(id), sampleReview({ text: id })), BY);
    const key = leaseKey('garbage collection');
    const held = { key, value: encodeJson({ owner: 'another', until: Date.now() + 60_000 }) };
    await stores.keys.commit({ puts: [held] });
    for (const id of ['a', 'b']) await expect(erase(id)).rejects.toMatchObject({ code: 'busy' });
    await stores.keys.commit({ deletes: [key] });
    const told: string[] = [];
    await check(stores, registry, {
      content: true,
      onFinding: ({ severity, name }) => told.push(`${severity} ${name}`),
    });
    expect(told).toEqual(['warning run a', 'warning run b']);
    expect(await erase('a')).toMatchObject({ outcome: 'unchanged', deleted: 2 });
    await collect(stores, registry, { graceMs: 0, uploadExpiryMs: 1000, now: Date.now });
    await expectSound(stores, registry);
    expect(await erase('b')).toMatchObject({ outcome: 'unchanged', deleted: 0, kept: [] });
    expect(await loggedRuns(place())).toHaveLength(4);
  });

  it('leaves media that somebody has just uploaded for a run that is yet to come', async () => {
    const { runs } = place();
    const png = pngBytes(200_000);
    const media = mediaOf(await storeMedia(place(), png), png.length);
    await runs.submit(submission(sampleRecord('a', media)), BY);
    await storeMedia(place(), png);
    expect((await erase('a')).kept).toEqual([sha256(png)]);
    await runs.submit(submission(sampleRecord('b', media)), BY);
    expect(await runs.media.find(sha256(png))).toMatchObject({ size: png.length });
    // Nobody has uploaded it since.
    expect((await erase('b')).kept).toEqual([]);
    expect(await isKept(sha256(png))).toBe(false);
    await expectSound(place().stores, place().registry);
  });

  it('beside a run that comes with the same media leaves that one whole', async () => {
    const { runs, stores, registry } = place();
    const png = pngBytes();
    const media = mediaOf(sha256(png), png.length);
    for (let round = 0; round < 8; round += 1) {
      await storeMedia(place(), png);
      await runs.submit(submission(sampleRecord(`old-${round}`, media)), BY);
      const submitted = runs.submit(submission(sampleRecord(`new-${round}`, media)), BY).then(
        () => true,
        () => false,
      );
      await erase(`old-${round}`);
      // Who was told to upload it first may do so, and who was taken keeps it.
      expect(await isKept(sha256(png))).toBe(await submitted);
      await expectSound(stores, registry);
    }
  });

  it('is shown as erased, in a snapshot that can be verified', async () => {
    const { stores, registry, definitions, log } = place();
    await wholeRun('a');
    const sources = new StoredSources({ keys: stores.keys, content: registry.content, files: definitions.files });
    const objects = new MemoryObjects();
    const before = { id: (await render(sources, objects, { size: await log.size() })).id, objects };
    await erase('a');
    const size = await log.size();
    const { id } = await render(sources, objects, { size, before });
    const full = new MemoryObjects();
    expect((await render(sources, full, { size })).id).toBe(id);
    const snapshot = await Snapshot.open(full, id);
    expect(await snapshot.run('a')).toMatchObject({ erased: { reason: 'A person asked for it.' } });
    // A note is a part of the log.
    const shown = Buffer.concat([...full.objects.values()]).toString('latin1');
    expect(shown.match(/unspeakable \w+/g)).toEqual(['unspeakable note']);
    for (const options of [{}, { sources }]) expect((await verify(snapshot, options)).problems).toEqual([]);
    // What was rendered before can still be read where it lies; rendered again it says that its bodies are gone.
    const old = await render(sources, new MemoryObjects(), { size: size - 1 });
    expect(old.id).not.toBe(before.id);
  });
});
