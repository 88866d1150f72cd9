import { cp, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { sha256, type Sha256 } from '../../../lib/encoding/digest.ts';
import { DirectoryTarget } from '../../../lib/publication/directory-target.ts';
import { removeErased } from '../../../lib/publication/erased-runs.ts';
import { startErasing } from '../../../lib/publication/erasing.ts';
import { readHistory, readState } from '../../../lib/publication/publication-state.ts';
import { Publisher } from '../../../lib/publication/publisher.ts';
import type { Renderer } from '../../../lib/publication/renderer.ts';
import type { Target } from '../../../lib/publication/target.ts';
import { erasuresIn } from '../../../lib/snapshot/erasures.ts';
import { isRenderedAlike, render } from '../../../lib/snapshot/render.ts';
import { Snapshot } from '../../../lib/snapshot/snapshot.ts';
import { StoredSources } from '../../../lib/snapshot/stored-sources.ts';
import { verify } from '../../../lib/snapshot/verify.ts';
import { systemClock } from '../../../lib/store/clock.ts';
import { allSnapshots } from '../../../lib/store/key-ranges.ts';
import { publicationKey } from '../../../lib/store/keys.ts';
import { eraseBodies } from '../../../lib/upkeep/erase.ts';
import { pngBytes, sampleRecord, sampleReview, storeMedia, submission, useRunPlace } from '../../support/run-place.ts';
import { SOMEBODY } from '../../support/stored-git.ts';
import { wrappedTarget } from '../../support/wrapped-target.ts';

const place = useRunPlace();
const BY = SOMEBODY;

function target(): DirectoryTarget {
  return new DirectoryTarget(join(place().open.folder, 'bucket'));
}

function sources(): StoredSources {
  const { stores, registry, definitions } = place();
  return new StoredSources({ keys: stores.keys, content: registry.content, files: definitions.files });
}

function renderer(): Renderer {
  return {
    size: () => place().log.size(),
    checkpoint: () => Promise.resolve(undefined),
    isAlike: (before) => isRenderedAlike(before),
    render: async (size, before, sink) =>
      (await render(sources(), sink, { size, ...(before === undefined ? {} : { before }) })).id,
  };
}

function publisher(): Publisher {
  const { stores } = place();
  return new Publisher({
    keys: stores.keys,
    target: target(),
    renderer: renderer(),
    clock: systemClock,
    graceMs: 3_600_000,
  });
}

function erasures(from: number, to: number): ReturnType<typeof erasuresIn> {
  return erasuresIn(sources(), from, to);
}

function remove(to: Target = target()): Promise<number | undefined> {
  return removeErased({
    keys: place().stores.keys,
    target: to,
    renderer: renderer(),
    erasures,
    goOn: () => undefined,
    leased: (work) => work(() => undefined),
  });
}

async function submit(id: string, text: string, media: readonly Uint8Array[] = []): Promise<void> {
  const items = [];
  for (const [at, bytes] of media.entries()) {
    const digest = await storeMedia(place(), bytes);
    items.push({ name: `${at}.bin`, digest, size: bytes.length, mediaType: 'application/octet-stream' });
  }
  await place().runs.submit(submission(sampleRecord(id, { media: items }), sampleReview({ text })), BY);
}

async function erase(id: string): Promise<void> {
  const { runs, stores, registry } = place();
  const { bodies } = await runs.erase(id, submission(undefined, undefined, { reason: 'by law' }), BY);
  await eraseBodies(stores, registry, bodies, Date.now);
}

/** All that anybody could still read there. */
async function inBucket(): Promise<{ readonly names: string[]; readonly text: string }> {
  const folder = join(place().open.folder, 'bucket', 'o');
  const names = await readdir(folder);
  const texts = await Promise.all(names.map((name) => readFile(join(folder, name), 'latin1')));
  return { names, text: texts.join('\n') };
}

async function expectLiveWhole(): Promise<void> {
  const [live] = await readHistory(place().stores.keys);
  const snapshot = await Snapshot.open(target(), live!.snapshot);
  expect((await verify(snapshot)).problems).toEqual([]);
  expect((await verify(snapshot, { sources: sources() })).problems).toEqual([]);
}

const [OWN, SHARED, OTHER] = [pngBytes(300), pngBytes(400), pngBytes(500)];
const hex = (bytes: Uint8Array): string => sha256(bytes).slice('sha256:'.length);

/** Several snapshots that show runs which are then erased, and one behind them that does not. */
async function publishedAndErased(...others: readonly string[]): Promise<Sha256[]> {
  await submit('a', 'unspeakable', [OWN, SHARED]);
  await publisher().publishNow();
  await submit('b', 'of another', [SHARED]);
  await publisher().publishNow();
  for (const id of ['a', ...others]) await erase(id);
  await publisher().publishNow();
  return (await readHistory(place().stores.keys)).map(({ snapshot }) => snapshot);
}

/** Notes what lies at the target and what is known of it; what it returns sets both back to that. */
async function savedPlace(): Promise<() => Promise<void>> {
  const { open, stores } = place();
  const [bucket, saved] = [join(open.folder, 'bucket'), join(open.folder, 'saved')];
  await cp(bucket, saved, { recursive: true });
  const { value } = await readState(stores.keys);
  const entries = await stores.keys.list({ ...allSnapshots, limit: 100 });
  return async () => {
    await cp(saved, bucket, { recursive: true });
    const puts = [{ key: publicationKey('state'), value: value! }, ...entries];
    await stores.keys.commit({ puts, deletes: [publicationKey('erasures')] });
  };
}

function dyingAfter(most: number): Target {
  let removed = 0;
  return wrappedTarget(target(), {
    async remove(name) {
      if (removed >= most) throw new Error('it dies');
      removed += 1;
      await target().remove(name);
    },
  });
}

describe('a run that was erased', () => {
  test('leaves the target with the next snapshot, within the grace period of those before', async () => {
    const [live, ...earlier] = await publishedAndErased();
    expect(earlier).toHaveLength(2);
    expect((await inBucket()).text).toContain('unspeakable');
    expect(await remove()).toBeGreaterThanOrEqual(4);
    const { names, text } = await inBucket();
    expect(text).not.toContain('unspeakable');
    expect(names).not.toContain(hex(OWN));
    expect(names).toContain(hex(SHARED));
    await expectLiveWhole();
    expect((await readHistory(place().stores.keys)).map(({ snapshot }) => snapshot)).toEqual([live]);
    await expect(publisher().rollback(earlier[0]!)).rejects.toMatchObject({ code: 'snapshot-unknown' });
    expect(await remove()).toBe(0);
  });

  test('stays until a snapshot without it is live', async () => {
    await submit('a', 'unspeakable');
    await publisher().publishNow();
    await erase('a');
    expect(await remove()).toBe(0);
    expect((await inBucket()).text).toContain('unspeakable');
    await publisher().publishNow();
    await remove();
    expect((await inBucket()).text).not.toContain('unspeakable');
  });

  test.each([1, 3])(
    'leaves the target wherever the removal dies, with another of its page, %i times',
    async (times) => {
      await submit('c', 'unsayable', [OTHER]);
      await publishedAndErased('c');
      const restore = await savedPlace();
      let at = 0;
      for (let isDone = false; !isDone; at += 1) {
        expect(at).toBeLessThan(30);
        await restore();
        expect((await inBucket()).text).toMatch(/unspeakable[^]*unsayable|unsayable[^]*unspeakable/);
        for (let time = 0; time < times && !isDone; time += 1) {
          isDone = await remove(dyingAfter(at)).then(
            () => true,
            () => false,
          );
        }
        if (!isDone) await remove();
        const { text, names } = await inBucket();
        expect(text).not.toMatch(/unspeakable|unsayable/);
        for (const media of [OWN, OTHER]) expect(names).not.toContain(hex(media));
        await expectLiveWhole();
      }
      expect(at).toBeGreaterThan(times === 1 ? 6 : 2);
    },
  );

  test('leaves the target though another snapshot is damaged, which is told until it is forgotten', async () => {
    const [, later, first] = await publishedAndErased();
    const root = join(place().open.folder, 'bucket', 'o', first!.slice('sha256:'.length));
    const bytes = await readFile(root);
    await writeFile(root, Buffer.concat([bytes, Buffer.from(' ')]));
    for (let look = 0; look < 2; look += 1) await expect(remove()).rejects.toMatchObject({ code: 'object-wrong' });
    expect((await readHistory(place().stores.keys)).map(({ snapshot }) => snapshot)).not.toContain(later);
    expect((await inBucket()).names).not.toContain(hex(OWN));
    await writeFile(root, bytes);
    await remove();
    expect((await inBucket()).text).not.toContain('unspeakable');
  });

  test('waits for the next snapshot where the live one shows another that was erased since', async () => {
    await publishedAndErased();
    await erase('b');
    expect(await remove()).toBeUndefined();
    await publisher().publishNow();
    expect(await remove()).toBeGreaterThan(0);
    const { text, names } = await inBucket();
    expect(text).not.toMatch(/unspeakable|of another/);
    for (const media of [OWN, SHARED]) expect(names).not.toContain(hex(media));
    await expectLiveWhole();
  });

  test('leaves the target beside publications, and what they show of the same media stays', async () => {
    await publishedAndErased();
    const real = renderer();
    let isPublished = false;
    const removed: number[] = [];
    const erasing = startErasing({
      keys: place().stores.keys,
      target: target(),
      renderer: {
        ...real,
        async render(size, before, sink) {
          if (!isPublished) {
            isPublished = true;
            await submit('z', 'speakable', [OWN]);
            // Nobody who renders holds the lease meanwhile.
            await publisher().publishNow();
          }
          return real.render(size, before, sink);
        },
      },
      erasures,
      clock: systemClock,
      onRemoved: (objects) => removed.push(objects),
      onFailure: (error) => expect(error).toBeUndefined(),
    });
    await expect.poll(() => removed.length, { timeout: 20_000 }).toBe(1);
    await erasing.stop();
    const { text, names } = await inBucket();
    expect(text).not.toContain('unspeakable');
    expect(names).toContain(hex(OWN));
    await expectLiveWhole();
    expect(await readHistory(place().stores.keys)).toHaveLength(2);
  });

  test('stays for now where somebody has rolled back to what shows it', async () => {
    await submit('a', 'unspeakable');
    await publisher().publishNow();
    await erase('a');
    await publisher().publishNow();
    const first = (await readHistory(place().stores.keys)).at(-1)?.snapshot;
    const gone = await removeErased({
      keys: place().stores.keys,
      target: target(),
      renderer: renderer(),
      erasures,
      goOn: () => undefined,
      async leased(work) {
        await publisher().rollback(first!);
        return work(() => undefined);
      },
    });
    expect(gone).toBeUndefined();
    const snapshot = await Snapshot.open(target(), first!);
    expect((await verify(snapshot)).problems).toEqual([]);
  });

  test('does not keep the sweep from what is old', async () => {
    await publishedAndErased();
    await remove();
    const history = await readHistory(place().stores.keys);
    const [live] = history;
    const rendered = await render(sources(), { write: async () => undefined }, { size: live!.size });
    expect(rendered.id).toBe(live!.snapshot);
    expect(history).toHaveLength(1);
  });
});

describe('a target that hangs', () => {
  test.each([
    [50, [{ code: 'target-busy' }]],
    [60_000, []],
  ])('holds up neither the publisher nor the end, with calls of %i ms', async (callMs, told) => {
    await publishedAndErased();
    let asked = 0;
    const failures: unknown[] = [];
    const erasing = startErasing({
      keys: place().stores.keys,
      target: wrappedTarget(target(), { read: () => ((asked += 1), new Promise(() => undefined)) }),
      renderer: renderer(),
      erasures,
      clock: systemClock,
      callMs,
      onRemoved: () => undefined,
      onFailure: (error) => failures.push(error),
    });
    await expect.poll(() => asked, { timeout: 20_000 }).toBe(1);
    await expect.poll(() => failures, { timeout: 20_000 }).toMatchObject(told);
    await erasing.stop();
    // The lease was given back.
    await publisher().publishNow();
    expect(failures).toMatchObject(told);
  });
});
