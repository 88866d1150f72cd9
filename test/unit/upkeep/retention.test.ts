import { deepEqual, equal, ok, rejects } from 'node:assert/strict';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { Definitions } from '../../../lib/definition/definitions.ts';
import { newestOf } from '../../../lib/definition/version-name.ts';
import { readContent } from '../../../lib/git/object-content.ts';
import type { Oid } from '../../../lib/git/oid.ts';
import { namedBy } from '../../../lib/git/walk/named-by.ts';
import { ContentRules } from '../../../lib/log/content-rules.ts';
import { entriesOf, type KeyedStore } from '../../../lib/store/keyed-store.ts';
import { everyKey } from '../../../lib/store/key-ranges.ts';
import { removedKey, versionKey } from '../../../lib/store/keys.ts';
import { collect } from '../../../lib/upkeep/collect.ts';
import type { RetentionReport, RetentionRules } from '../../../lib/definition/wire.ts';
import { retain } from '../../../lib/upkeep/retention/retention.ts';
import { manifestOf, pushImage } from '../../support/images.ts';
import { container, expectSound, newTag, publishTo, pushTo, testCase } from '../../support/publishing.ts';
import { openTestRegistry, type TestRegistry } from '../../support/registry.ts';
import { runPlaceOn, sampleRecord, submission, type RunPlace } from '../../support/run-place.ts';
import { Parcel, SOMEBODY } from '../../support/stored-git.ts';
import { interruptedOnce } from '../../support/use-stores.ts';

const FAMILY = 'test-cases/carom';
const DAY = 86_400_000;
const KEEPER = { address: '', name: 'Keeper' };

let opened: TestRegistry;
let place: RunPlace;
beforeEach(async () => {
  opened = await openTestRegistry();
  place = await placeOn();
});
afterEach(() => opened.close());

function placeOn(keys: KeyedStore = opened.stores.keys): Promise<RunPlace> {
  return runPlaceOn({ ...opened.stores, keys }, () => opened.time);
}

function keep(
  rules: RetentionRules,
  apply = true,
  { definitions, registry, stores } = place,
): Promise<RetentionReport> {
  const parts = { keys: stores.keys, registry, events: definitions.events };
  return retain(parts, FAMILY, { rules, apply, by: KEEPER, now: () => opened.time });
}

function definitionOf(name: string): Record<string, Buffer> {
  return { 'test-case.toml': Buffer.from(`name = "${name}"\n`) };
}

/** Versions with some files of their own, one a day. */
async function published(...versions: string[]): Promise<void> {
  for (const version of versions) {
    await publishTo(place.definitions, FAMILY, version, testCase({ version, [`only/${version}`]: `${version}\n` }));
    opened.time += DAY;
  }
}

function submit(runs: RunPlace['runs'], version: string, id: string): Promise<unknown> {
  const subject = { testCase: FAMILY, version, harness: { name: 'claude' }, model: 'm-1' };
  const review = { format: 1, reviewer: 'ada', ratings: {}, text: 'Well.' };
  return runs.submit(submission(sampleRecord(id, { subject }), review), SOMEBODY);
}

const removedOf = ({ versions }: RetentionReport) =>
  versions.filter(({ action }) => action === 'removed').map(({ version }) => version);

async function names(): Promise<string[]> {
  return (await place.definitions.versions.page(FAMILY, undefined, 100)).versions.map(({ version }) => version);
}

async function has(...oids: readonly Oid[]): Promise<boolean[]> {
  const there = await place.definitions.repositoryToPush(FAMILY, SOMEBODY).objects.stat(oids);
  return oids.map((oid) => there.has(oid));
}

async function expectAllSound(): Promise<void> {
  await place.log.append(() => Promise.resolve({ result: () => undefined }));
  await expectSound(opened.stores, opened.registry);
  const rules = new ContentRules();
  for await (const { bytes } of place.log.entries()) expect(rules.take(bytes)).toBeUndefined();
}

/** Every object behind the refs is there, but for what is behind an end of history. */
async function expectCloneable(definitions: Definitions): Promise<void> {
  const { objects, refs, ...repository } = definitions.repositoryToPush(FAMILY, SOMEBODY);
  expect(repository).toBeDefined();
  const ends = await definitions.repositoryToPush(FAMILY, SOMEBODY).ends();
  const open = (await refs.list()).refs.map(({ oid }) => oid);
  const seen = new Set<Oid>();
  for (let oid = open.pop(); oid !== undefined; oid = open.pop()) {
    if (seen.has(oid)) continue;
    seen.add(oid);
    const { type, content } = await readContent(objects, oid);
    open.push(
      ...[...namedBy(type, content)].map((named) => named.oid).filter((one) => !(ends.get(oid) ?? []).includes(one)),
    );
  }
}

describe('retention', () => {
  test('tells what it would remove, and why the rest stays, and changes nothing before it is told to', async () => {
    await published('v1.0.0', 'v1.1.0', 'v1.2.0', 'v2.0.0', 'v1.3.0');
    await place.definitions.pins.change(FAMILY, 'stable', { to: 'v1.1.0' }, SOMEBODY);
    await place.registry.manifests.push(FAMILY, { tag: 'prod' }, await manifestBytes('v1.2.0'), undefined);
    const before = await everything();
    const { applied, versions } = await keep({ keepLast: 1 }, false);
    expect(applied).toBe(false);
    expect(versions.map(({ version, action, why }) => [version, action, why.join('; ')])).toEqual([
      ['v1.3.0', 'kept', 'the branch main stands at it; among the last 1'],
      ['v2.0.0', 'kept', 'the newest'],
      ['v1.2.0', 'kept', 'the OCI tag prod stands at it'],
      ['v1.1.0', 'kept', 'the pin stable stands at it'],
      ['v1.0.0', 'removed', ''],
    ]);
    expect(await everything()).toEqual(before);
  });

  test('keeps the last ones, and those that are younger than it is told', async () => {
    await published('v1.0.0', 'v1.1.0', 'v1.2.0', 'v1.3.0', 'v1.4.0');
    expect(removedOf(await keep({ keepLast: 2 }, false))).toEqual(['v1.2.0', 'v1.1.0', 'v1.0.0']);
    expect(removedOf(await keep({ keepYoungerThan: (4 * DAY) / 1000 + 1 }, false))).toEqual(['v1.0.0']);
    expect(removedOf(await keep({ keepLast: 3, keepYoungerThan: 1 }, false))).toEqual(['v1.1.0', 'v1.0.0']);
  });

  test('tells versions of one moment by their names, the newest first', async () => {
    for (const version of ['v1.0.0', 'v1.2.0', 'v1.1.0'])
      await publishTo(place.definitions, FAMILY, version, testCase({ version }));
    const told = (await keep({ keepLast: 1 }, false)).versions.map(({ version }) => version);
    expect(told).toEqual(['v1.2.0', 'v1.1.0', 'v1.0.0']);
    expect((await keep({ keepLast: 1 })).versions.map(({ version }) => version)).toEqual(told);
  });

  test('keeps what latest stands for, also where newer ones are retired', async () => {
    await published('v1.0.0', 'v1.1.0', 'v1.2.0', 'v1.3.0');
    for (const version of ['v1.2.0', 'v1.3.0'])
      await place.definitions.statements.add(FAMILY, version, { kind: 'retired', text: 'x' }, SOMEBODY);
    const { versions } = await keep({ keepLast: 1 });
    const stay = versions.filter(({ action }) => action === 'kept');
    expect(stay.map(({ version, why }) => `${version} ${why.join('; ')}`)).toEqual([
      'v1.3.0 the branch main stands at it; the newest; among the last 1',
      'v1.1.0 the newest that is not retired',
    ]);
    expect(await names()).toEqual(['v1.1.0', 'v1.3.0']);
    expect((await place.definitions.versions.resolve(FAMILY, 'latest')).version).toBe('v1.1.0');
  });

  test('refuses rules that say nothing, or nothing sensible', async () => {
    await published('v1.0.0');
    for (const rules of [{}, { keepLast: 0 }, { keepLast: 1.5 }, { keepYoungerThan: -1 }])
      await expect(keep(rules)).rejects.toMatchObject({ code: 'retention-invalid' });
    await expect(
      retain({ keys: opened.stores.keys, registry: place.registry, events: place.definitions.events }, 'none', {
        rules: { keepLast: 1 },
        apply: true,
        by: KEEPER,
        now: Date.now,
      }),
    ).rejects.toMatchObject({ code: 'name-unknown' });
  });

  test('removes a version from every dialect at once, and its bytes with the collections after it', async () => {
    await published('v1.0.0', 'v1.1.0', 'v1.2.0');
    const gone = await place.definitions.versions.resolve(FAMILY, 'v1.1.0');
    await place.definitions.statements.add(FAMILY, 'v1.1.0', { kind: 'erratum', text: 'a word is wrong' }, SOMEBODY);
    await place.definitions.pins.change(FAMILY, 'stable', { to: 'v1.0.0' }, SOMEBODY);
    expect(removedOf(await keep({ keepLast: 1 }))).toEqual(['v1.1.0']);
    expect(await names()).toEqual(['v1.0.0', 'v1.2.0']);
    for (const ref of ['v1.1.0', gone.digest]) {
      await expect(place.definitions.versions.resolve(FAMILY, ref)).rejects.toMatchObject({
        code: 'version-removed',
        message: expect.stringContaining('by Keeper: retention: kept the last 1') as string,
      });
    }
    for (const reference of [{ tag: 'v1.1.0' }, { digest: gone.digest }]) {
      await expect(place.registry.manifests.find(FAMILY, reference)).rejects.toMatchObject({
        code: 'manifest-unknown',
        message: expect.stringContaining('was removed on') as string,
      });
    }
    const repository = place.definitions.repositoryToPush(FAMILY, SOMEBODY);
    expect((await repository.refs.list()).refs.map(({ name }) => name)).not.toContain('refs/tags/v1.1.0');
    const { versions } = await place.definitions.versions.page(FAMILY, undefined, 10);
    expect(await repository.ends()).toEqual(new Map([[versions[1]!.commit, [gone.commit]]]));
    await expectAllSound();
    await collectTwice();
    await expectAllSound();
    await expectCloneable(place.definitions);
    const objects = await repository.objects.stat([gone.tree, gone.commit]);
    expect(objects.size).toBe(0);
    await expect(place.registry.blobs.find(FAMILY, gone.layer.digest)).rejects.toMatchObject({ code: 'blob-unknown' });
    for (const { layer } of versions)
      expect(await place.registry.blobs.find(FAMILY, layer.digest)).toMatchObject({ place: 'tree' });
  });

  test('says so in the events of the family, in the log and in the audit', async () => {
    await published('v1.0.0', 'v1.1.0');
    const { digest } = await place.definitions.versions.resolve(FAMILY, 'v1.0.0');
    await keep({ keepYoungerThan: 60 });
    const { events } = await place.definitions.events.page(FAMILY, undefined, 1);
    const reason = 'retention: kept younger than 1m';
    expect(events).toMatchObject([{ what: 'removed', version: 'v1.0.0', digest, reason, by: KEEPER }]);
    await expectAllSound();
    const entries: unknown[] = [];
    for await (const { entry } of place.log.entries()) entries.push(entry);
    expect(entries.at(-1)).toMatchObject({
      type: 'removal',
      family: FAMILY,
      version: 'v1.0.0',
      digest,
      reason,
      by: 'Keeper',
    });
    const audit = await place.registry.audit.page({ action: 'removed' }, undefined, 10);
    expect(audit.entries).toMatchObject([{ family: FAMILY, subject: 'v1.0.0', by: KEEPER }]);
  });

  test('never gives the name of a removed version to anything else, in any dialect', async () => {
    await published('v1.0.0', 'v1.1.0');
    const bytes = await manifestBytes('v1.1.0');
    await keep({ keepLast: 1 });
    for (const files of [testCase({ other: 'x' }), testCase({ version: 'v1.0.0', 'only/v1.0.0': 'v1.0.0\n' })])
      await expect(publishTo(place.definitions, FAMILY, 'v1.0.0', files)).rejects.toMatchObject({
        code: 'version-removed',
      });
    for (const files of [{ 'test-case.toml': Buffer.from('name = "G"\n') }, { plain: Buffer.from('no definition') }]) {
      const parcel = new Parcel();
      const verdicts = await pushTo(place.definitions, FAMILY, parcel, [newTag('v1.0.0', parcel.commit(files))]);
      expect(verdicts['refs/tags/v1.0.0']).toContain('was removed on');
    }
    await expect(place.registry.manifests.push(FAMILY, { tag: 'v1.0.0' }, bytes, undefined)).rejects.toMatchObject({
      code: 'tag-immutable',
    });
    await expect(place.definitions.pins.change(FAMILY, 'stable', { to: 'v1.0.0' }, SOMEBODY)).rejects.toMatchObject({
      code: 'version-removed',
    });
    await expect(submit(place.runs, 'v1.0.0', 'run-1')).rejects.toThrow('was removed on');
    await expectAllSound();
  });

  test('keeps for ever what a run names, whatever became of the run', async () => {
    await published('v1.0.0', 'v1.1.0', 'v1.2.0', 'v1.3.0', 'v1.4.0');
    for (const version of ['v1.0.0', 'v1.1.0', 'v1.2.0']) await submit(place.runs, version, `run-${version}`);
    await place.runs.retract('run-v1.1.0', { reason: 'wrong' }, SOMEBODY);
    const subject = { testCase: FAMILY, version: 'v1.0.0', harness: { name: 'claude' }, model: 'm-1' };
    const record = sampleRecord('run-v1.2.0', { subject });
    await place.runs.amend('run-v1.2.0', { record, reason: 'another version' } as never, SOMEBODY);
    const report = await keep({ keepLast: 1 });
    expect(removedOf(report)).toEqual(['v1.3.0']);
    expect(report.versions.filter(({ why }) => why.includes('a run names it')).length).toBe(3);
    await collectTwice();
    await expectAllSound();
  });

  test('leaves alone what others have as well: parts of other versions, tagged images, mounted blobs', async () => {
    const family = FAMILY;
    const blobs = [Buffer.from('{"architecture":"amd64","os":"linux"}'), Buffer.from('layer')];
    const image = await pushImage(place.registry, family, 'build', blobs, manifestOf(blobs));
    const lone = [blobs[0]!, Buffer.from('another layer')];
    const untagged = await pushImage(place.registry, family, 'scratch', lone, manifestOf(lone));
    const files = container();
    await publishTo(place.definitions, family, 'v1.0.0', files, { request: { image } });
    await publishTo(place.definitions, family, 'v1.1.0', files, { request: { image: untagged } });
    await place.registry.tags.remove(family, 'scratch');
    opened.time += DAY;
    await publishTo(place.definitions, family, 'v1.2.0', files);
    expect(
      await place.registry.blobs.mount(
        'elsewhere',
        (await place.definitions.versions.resolve(family, 'v1.0.0')).config.digest,
        family,
      ),
    ).toBe(true);
    expect(removedOf(await keep({ keepLast: 1 })).sort()).toEqual(['v1.0.0', 'v1.1.0']);
    await expectAllSound();
    // Nothing led to the one image any more, and a tag to the other.
    await expect(place.registry.manifests.find(family, { digest: untagged })).rejects.toMatchObject({
      code: 'manifest-unknown',
    });
    await collectTwice();
    await expectAllSound();
    expect((await place.registry.manifests.find(family, { tag: 'build' })).digest).toBe(image);
    expect((await place.registry.manifests.find(family, { tag: 'build' })).published).toBeUndefined();
    const kept = await place.definitions.versions.resolve(family, 'v1.2.0');
    expect(await place.registry.blobs.find(family, kept.layer.digest)).toMatchObject({
      place: 'tree',
      published: 'v1.2.0',
    });
    await expect(place.registry.blobs.remove(family, kept.layer.digest)).rejects.toMatchObject({ code: 'published' });
  });

  test('does not cut the history that an author has pushed', async () => {
    const parcel = new Parcel();
    const plain = parcel.commit(definitionOf('A'), [], 'draft\n');
    const one = parcel.commit(definitionOf('B'), [plain]);
    const two = parcel.commit(definitionOf('C'), [one]);
    expect(await pushTo(place.definitions, FAMILY, parcel, [newTag('v1.0.0', one), newTag('v1.1.0', two)])).toEqual({
      'refs/tags/v1.0.0': undefined,
      'refs/tags/v1.1.0': undefined,
    });
    await published('v1.2.0', 'v1.3.0');
    const report = await keep({ keepLast: 1 });
    expect(report.versions.map(({ version, action, inHistory }) => [version, action, inHistory])).toEqual([
      ['v1.3.0', 'kept', undefined],
      ['v1.2.0', 'removed', true],
      ['v1.1.0', 'removed', true],
      ['v1.0.0', 'removed', true],
    ]);
    await collectTwice();
    await expectAllSound();
    expect(await has(plain, one, two)).toEqual([true, true, true]);
    await published('v1.4.0');
    await keep({ keepLast: 1 });
    await collectTwice();
    expect(await has(plain, one, two)).toEqual([true, true, true]);
    await expectCloneable(place.definitions);
  });

  test('says that files stay in history only where something leads to them', async () => {
    await published('v1.0.0');
    const parcel = new Parcel();
    const first = parcel.commit(definitionOf('A'));
    const second = parcel.commit(definitionOf('B'), [first]);
    const aside = [newTag('v1.1.0', first), newTag('v1.2.0', second)];
    await pushTo(place.definitions, FAMILY, parcel, aside);
    opened.time += DAY;
    await published('v1.3.0');
    const { versions } = await keep({ keepLast: 1 });
    const gone = versions.filter(({ action }) => action === 'removed');
    expect(new Map(gone.map(({ version, inHistory }) => [version, inHistory]))).toEqual(
      new Map([
        ['v1.0.0', undefined],
        ['v1.1.0', undefined],
        ['v1.2.0', undefined],
      ]),
    );
    await collectTwice();
    expect(await has(first, second)).toEqual([false, false]);
    await expectAllSound();
  });
});

/** Between the second look at the family and the removal of the version. */
function afterTheLook(happen: () => Promise<void>): KeyedStore {
  const { keys } = opened.stores;
  let marked = false;
  let happened = false;
  return {
    get: (key) => keys.get(key),
    async list(range) {
      // The first thing that a removal looks at are the tags of its manifests.
      if (marked && !happened && range.start[0] === 'g'.charCodeAt(0) && range.limit === 2) {
        happened = true;
        await happen();
      }
      return keys.list(range);
    },
    commit(commit) {
      marked ||= commit.puts?.some(({ key }) => removedKey(FAMILY, 'v1.0.0').equals(key)) === true;
      return keys.commit(commit);
    },
    close: () => keys.close(),
  };
}

function beforeTheCommit(happen: () => Promise<void>): KeyedStore {
  return interruptedOnce(
    opened.stores.keys,
    ({ deletes = [] }) => deletes.some((key) => versionKey(FAMILY, 'v1.0.0').equals(key)),
    happen,
  );
}

describe('beside retention', () => {
  const needs: Record<string, (place: RunPlace) => Promise<unknown>> = {
    'a pin': ({ definitions }) => definitions.pins.change(FAMILY, 'stable', { to: 'v1.0.0' }, SOMEBODY),
    'a run': ({ runs }) => submit(runs, 'v1.0.0', 'run-1'),
    'an OCI tag': async ({ registry }) =>
      registry.manifests.push(FAMILY, { tag: 'prod' }, await manifestBytes('v1.0.0'), undefined),
    'a branch': async ({ definitions }) => {
      const { commit } = await definitions.versions.resolve(FAMILY, 'v1.0.0');
      const update = { name: 'refs/heads/mine', from: null, to: commit };
      expect(await pushTo(definitions, FAMILY, new Parcel(), [update])).toEqual({ 'refs/heads/mine': undefined });
    },
    'the retirement of all newer ones': async ({ definitions }) => {
      for (const version of ['v1.1.0', 'v1.2.0'])
        await definitions.statements.add(FAMILY, version, { kind: 'retired', text: 'x' }, SOMEBODY);
    },
    'an index': async ({ registry, definitions }) => {
      const { digest } = await definitions.versions.resolve(FAMILY, 'v1.0.0');
      const { located, mediaType } = await registry.manifests.find(FAMILY, { digest });
      const index = {
        schemaVersion: 2,
        mediaType: 'application/vnd.oci.image.index.v1+json',
        manifests: [{ mediaType, digest, size: located.size }],
      };
      await registry.manifests.push(FAMILY, { tag: 'all' }, Buffer.from(JSON.stringify(index)), undefined);
    },
  };

  const moments = Object.keys(needs).flatMap((name) => [
    [name, 'just before its removal', beforeTheCommit] as const,
    [name, 'when it was looked at for the last time', afterTheLook] as const,
  ]);

  test.each(moments)('%s that comes %s keeps the version', async (name, _, at) => {
    await published('v1.0.0', 'v1.1.0', 'v1.2.0');
    const keys = at(async () => void (await needs[name]!(place)));
    expect(removedOf(await keep({ keepLast: 1 }, true, await placeOn(keys)))).toEqual(['v1.1.0']);
    expect(await names()).toEqual(['v1.0.0', 'v1.2.0']);
    expect(await opened.stores.keys.get(removedKey(FAMILY, 'v1.0.0'))).toBeUndefined();
    await collectTwice();
    await expectAllSound();
    await expectCloneable(place.definitions);
  });

  test('a run that has been judged before the removal is refused after it', async () => {
    await published('v1.0.0', 'v1.1.0');
    const keys = interruptedOnce(
      opened.stores.keys,
      ({ puts = [] }) => puts.some(({ key }) => key[0] === 'N'.charCodeAt(0)),
      async () => void (await keep({ keepLast: 1 })),
    );
    await expect(submit((await placeOn(keys)).runs, 'v1.0.0', 'run-1')).rejects.toThrow('was removed on');
    await expectAllSound();
  });

  test('a publish goes on top of what is left', async () => {
    await published('v1.0.0', 'v1.1.0', 'v1.2.0');
    const keys = interruptedOnce(
      opened.stores.keys,
      ({ deletes = [] }) => deletes.some((key) => versionKey(FAMILY, 'v1.0.0').equals(key)),
      () => published('v1.3.0'),
    );
    expect(removedOf(await keep({ keepLast: 1 }, true, await placeOn(keys)))).toEqual(['v1.2.0', 'v1.1.0', 'v1.0.0']);
    expect(await names()).toEqual(['v1.3.0']);
    await collectTwice();
    await published('v1.4.0');
    await expectAllSound();
    await expectCloneable(place.definitions);
  });
});

test('a store that fails at any commit of a retention leaves all sound, and the next one ends it', async () => {
  for (const how of ['before', 'after'] as const) {
    let faults = 0;
    for (let at = 0; at < 60; at += 1) {
      await opened.close();
      opened = await openTestRegistry();
      place = await placeOn();
      await published('v1.0.0', 'v1.1.0', 'v1.2.0', 'v1.3.0');
      await place.definitions.pins.change(FAMILY, 'stable', { to: 'v1.1.0' }, SOMEBODY);
      const { keys } = opened.stores;
      let commits = 0;
      let armed = false;
      const failing: KeyedStore = {
        get: (key) => keys.get(key),
        list: (range) => keys.list(range),
        close: () => keys.close(),
        async commit(commit) {
          if (!armed || (commits += 1) - 1 !== at) return keys.commit(commit);
          if (how === 'after') await keys.commit(commit);
          throw new Error('power cut');
        },
      };
      const struck = await placeOn(failing);
      armed = true;
      const [result] = await Promise.allSettled([keep({ keepLast: 1 }, true, struck)]);
      await expectAllSound();
      await expectCloneable(place.definitions);
      await keep({ keepLast: 1 });
      expect(await names()).toEqual(['v1.1.0', 'v1.3.0']);
      await collectTwice();
      await expectAllSound();
      if (result.status === 'fulfilled') break;
      faults += 1;
    }
    expect(faults).toBeGreaterThan(3);
  }
}, 120_000);

const VERSIONS = ['v1.0.0', 'v1.1.0', 'v1.2.0', 'v2.0.0-rc.1', 'v2.0.0', 'v0.9.0'];
const command = fc.oneof(
  { weight: 6, arbitrary: fc.record({ do: fc.constant('publish' as const), version: fc.nat(5), files: fc.nat(3) }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('pin' as const), to: fc.option(fc.nat(5)) }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('run' as const), version: fc.nat(5) }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('wait' as const), days: fc.integer({ min: 1, max: 3 }) }) },
  {
    weight: 3,
    arbitrary: fc.record({
      do: fc.constant('retain' as const),
      last: fc.option(fc.integer({ min: 1, max: 3 })),
      days: fc.option(fc.integer({ min: 1, max: 5 })),
    }),
  },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('collect' as const) }) },
);

test('exactly what nothing keeps is removed, whatever is published, pinned, run and collected in which order', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(command, { minLength: 6, maxLength: 30 }), async (commands) => {
      await opened.close();
      opened = await openTestRegistry();
      place = await placeOn();
      /** What was published when, and is there. */
      const there = new Map<string, number>();
      const removed = new Set<string>();
      const ran = new Set<string>();
      let pinned: string | undefined;
      let last: string | undefined;
      let runs = 0;
      for (const one of commands) {
        if (one.do === 'publish') {
          const version = VERSIONS[one.version]!;
          const files = testCase({ version, shared: `${one.files}` });
          const [result] = await Promise.allSettled([publishTo(place.definitions, FAMILY, version, files)]);
          ok(result.status === 'fulfilled' || there.has(version) || removed.has(version));
          if (result.status === 'rejected' || result.value.outcome === 'unchanged') continue;
          there.set(version, opened.time);
          last = version;
          opened.time += 1;
        } else if (one.do === 'pin') {
          const to = one.to === null ? null : VERSIONS[one.to]!;
          const isKnown = to === null ? pinned !== undefined : there.has(to);
          const change = place.definitions.pins.change(FAMILY, 'stable', { to }, SOMEBODY);
          if (isKnown) pinned = (await change)?.version;
          else await rejects(change);
        } else if (one.do === 'run') {
          const version = VERSIONS[one.version]!;
          const [result] = await Promise.allSettled([submit(place.runs, version, `run-${(runs += 1)}`)]);
          equal(result.status, there.has(version) ? 'fulfilled' : 'rejected');
          if (there.has(version)) ran.add(version);
        } else if (one.do === 'wait') opened.time += one.days * DAY;
        else if (one.do === 'collect') await collectTwice();
        else if (there.size > 0 && (one.last !== null || one.days !== null)) {
          const byTime = [...there].sort(([, a], [, b]) => b - a);
          const young = byTime.filter(([, at]) => one.days !== null && opened.time - at < one.days * DAY);
          const tied = byTime.slice(0, one.last ?? 0);
          const kept = new Set([...young, ...tied].map(([version]) => version));
          for (const version of [pinned, last, newestOf(there.keys()), ...ran])
            if (version !== undefined) kept.add(version);
          const rules = {
            ...(one.last === null ? {} : { keepLast: one.last }),
            ...(one.days === null ? {} : { keepYoungerThan: (one.days * DAY) / 1000 }),
          };
          const report = await keep(rules);
          const gone = [...there.keys()].filter((version) => !kept.has(version));
          deepEqual(removedOf(report).sort(), gone.sort());
          for (const version of gone) {
            there.delete(version);
            removed.add(version);
          }
        }
      }
      if (there.size === 0) return;
      await collectTwice();
      expect((await names()).sort()).toEqual([...there.keys()].sort());
      await expectAllSound();
      await expectCloneable(place.definitions);
    }),
    { numRuns: 25 },
  );
}, 120_000);

async function manifestBytes(version: string): Promise<Buffer> {
  const { located } = await place.registry.manifests.find(FAMILY, { tag: version });
  return Buffer.from(await place.registry.content.readAll(located));
}

async function collectTwice(): Promise<void> {
  const options = { graceMs: 0, uploadExpiryMs: DAY, now: () => opened.time };
  for (let round = 0; round < 2; round += 1) await collect(opened.stores, place.registry, options);
}

async function everything(): Promise<string[]> {
  const all: string[] = [];
  for await (const { key, value } of entriesOf(opened.stores.keys, everyKey))
    all.push(`${Buffer.from(key).toString('latin1')} ${Buffer.from(value).toString('base64')}`);
  return all;
}
