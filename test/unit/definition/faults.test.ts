import { randomBytes } from 'node:crypto';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { Definitions } from '../../../lib/definition/definitions.ts';
import type { KeyedStore } from '../../../lib/store/keyed-store.ts';
import { check } from '../../../lib/upkeep/check.ts';
import { collect } from '../../../lib/upkeep/collect.ts';
import { pushImage } from '../../support/images.ts';
import { container, expectSound, makeTree, newTag, publishTo, pushTo, testCase } from '../../support/publishing.ts';
import { openTestRegistry, type TestRegistry } from '../../support/registry.ts';
import { definitionsOn, Parcel, SOMEBODY } from '../../support/stored-git.ts';
import { registryOn } from '../../support/use-stores.ts';

let opened: TestRegistry;
let sure: Definitions;
beforeEach(async () => {
  opened = await openTestRegistry();
  sure = definitionsOn(opened.stores, opened.registry);
});
afterEach(() => opened.close());

const HOW = ['before', 'after'] as const;

/** A server whose store fails at one commit: before it, or when it is made and nobody is told. */
function failing(at: number, how: (typeof HOW)[number]): { definitions: Definitions; happened: () => boolean } {
  const { keys } = opened.stores;
  let commits = 0;
  const wrapped: KeyedStore = {
    get: (key) => keys.get(key),
    list: (range) => keys.list(range),
    close: () => keys.close(),
    async commit(commit) {
      commits += 1;
      if (commits - 1 !== at) return keys.commit(commit);
      if (how === 'after') await keys.commit(commit);
      throw new Error('power cut');
    },
  };
  const stores = { ...opened.stores, keys: wrapped };
  return { definitions: definitionsOn(stores, registryOn(stores)), happened: () => commits > at };
}

async function expectNoErrors(): Promise<void> {
  const findings: unknown[] = [];
  const onFinding = (finding: { severity: string }): void => {
    if (finding.severity === 'error') findings.push(finding);
  };
  await check(opened.stores, opened.registry, { content: false, onFinding });
  expect(findings).toEqual([]);
}

const large = { 'large.bin': randomBytes(1_200_000), 'middle.bin': randomBytes(90_000), text: 'x'.repeat(3000) };
const many = Object.fromEntries(Array.from({ length: 450 }, (_, at) => [`f${at % 9}/${at}`, `${at}`]));
const image = [Buffer.from('{"architecture":"amd64","os":"linux"}'), Buffer.from('layer')];

/** Each does its thing on a family that is made for it, and tells whether it is done. */
const DEEDS: Readonly<
  Record<
    string,
    {
      readonly prepare?: (family: string) => Promise<unknown>;
      readonly act: (definitions: Definitions, family: string) => Promise<unknown>;
      readonly isDone: (family: string) => Promise<boolean>;
    }
  >
> = {
  'a publish with large files': {
    act: (definitions, family) => publishTo(definitions, family, 'v1.0.0', testCase(large)),
    isDone: isPublished,
  },
  'a publish of many files': {
    act: (definitions, family) => publishTo(definitions, family, 'v1.0.0', testCase(many)),
    isDone: isPublished,
  },
  'a publish with an image': {
    prepare: (family) => pushImage(opened.registry, family, 'build', image),
    act: async (definitions, family) => {
      const digest = await opened.registry.tags.find(family, 'build');
      return publishTo(definitions, family, 'v1.0.0', container(), { request: { image: digest! } });
    },
    isDone: isPublished,
  },
  'a push of a tag': {
    act: async (definitions, family) => {
      const parcel = new Parcel();
      const tip = parcel.commit({ 'test-case.toml': Buffer.from('name = "G"\n'), large: randomBytes(100_000) });
      const verdicts = await pushTo(definitions, family, parcel, [newTag('v1.0.0', tip)]);
      if (verdicts['refs/tags/v1.0.0'] !== undefined) throw new Error(verdicts['refs/tags/v1.0.0']);
    },
    isDone: isPublished,
  },
  'a pin': {
    prepare: (family) => publishTo(sure, family, 'v1.0.0', testCase()),
    act: (definitions, family) => definitions.pins.change(family, 'stable', { to: 'v1.0.0', expect: null }, SOMEBODY),
    isDone: async (family) => (await sure.pins.list(family)).length === 1,
  },
  'the end of a pin': {
    prepare: async (family) => {
      await publishTo(sure, family, 'v1.0.0', testCase());
      await sure.pins.change(family, 'stable', { to: 'v1.0.0' }, SOMEBODY);
    },
    act: (definitions, family) => definitions.pins.change(family, 'stable', { to: null }, SOMEBODY),
    isDone: async (family) => (await sure.pins.list(family)).length === 0,
  },
  'a statement': {
    prepare: (family) => publishTo(sure, family, 'v1.0.0', testCase()),
    act: (definitions, family) =>
      definitions.statements.add(family, 'v1.0.0', { kind: 'retired', text: 'x' }, SOMEBODY),
    isDone: async (family) => (await sure.versions.resolve(family, 'v1.0.0')).retired === 'x',
  },
};

async function isPublished(family: string): Promise<boolean> {
  return sure.versions.resolve(family, 'v1.0.0').then(
    () => true,
    () => false,
  );
}

describe('a store that fails at any commit leaves all sound, and done or not done:', () => {
  test.each(Object.keys(DEEDS).flatMap((name) => HOW.map((how) => [name, how] as const)))(
    '%s, %s the commit',
    async (name, how) => {
      const { prepare, act, isDone } = DEEDS[name]!;
      let faults = 0;
      for (let at = 0; at < 40; at += 1) {
        const family = `f${at}`;
        await prepare?.(family);
        const { definitions, happened } = failing(at, how);
        const [result] = await Promise.allSettled([act(definitions, family)]);
        const wasDone = await isDone(family);
        // What was acknowledged is done; what was not may be, where only the word of it was lost.
        expect(wasDone || result.status === 'rejected').toBe(true);
        if (!happened()) break;
        faults += 1;
        await expectNoErrors();
        if (!wasDone) await act(sure, family);
        expect(await isDone(family)).toBe(true);
      }
      expect(faults).toBeGreaterThan(0);
      expect(faults).toBeLessThan(40);
      await collect(opened.stores, opened.registry, {
        graceMs: 0,
        uploadExpiryMs: 0,
        now: () => Date.now() + 7_200_000,
      });
      await expectSound(opened.stores, opened.registry);
    },
  );
});

test('a publish that was done though nobody was told is unchanged when it is tried again', async () => {
  const tree = makeTree(testCase());
  const { definitions } = failing(0, 'after');
  await expect(publishTo(definitions, 'family', 'v1.0.0', tree)).rejects.toThrow('power cut');
  expect((await publishTo(sure, 'family', 'v1.0.0', tree)).outcome).toBe('unchanged');
  expect((await sure.events.page('family', undefined, 10)).events).toHaveLength(1);
});

test('a publish whose pack ends with an error stores nothing, and its room is given back', async () => {
  await expect(publishTo(sure, 'family', 'v1.0.0', testCase(), { pack: torn() })).rejects.toThrow('the line was cut');
  await expect(sure.versions.family('family')).rejects.toMatchObject({ code: 'name-unknown' });
});

test('a publish that nobody waits for any more stores nothing', async () => {
  const gone = AbortSignal.abort();
  const many = Object.fromEntries(Array.from({ length: 3000 }, (_, at) => [`f/${at}`, `${at}`.repeat(50)]));
  const publishing = publishTo(sure, 'family', 'v1.0.0', testCase(many), { signal: gone });
  await expect(publishing).rejects.toMatchObject({ code: 'aborted' });
  await expect(sure.versions.family('family')).rejects.toMatchObject({ code: 'name-unknown' });
});

async function* torn(): AsyncGenerator<Uint8Array> {
  yield Buffer.from('PACK');
  await Promise.reject(new Error('the line was cut'));
}
