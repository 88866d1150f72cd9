import { setImmediate } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { DefinitionError } from '../../../lib/definition/definition-error.ts';
import type { Definitions } from '../../../lib/definition/definitions.ts';
import type { Published } from '../../../lib/definition/wire.ts';
import { sha256 } from '../../../lib/encoding/digest.ts';
import { parseCommit } from '../../../lib/git/commit.ts';
import { readContent } from '../../../lib/git/object-content.ts';
import type { KeyedStore } from '../../../lib/store/keyed-store.ts';
import { collect } from '../../../lib/upkeep/collect.ts';
import { pushImage } from '../../support/images.ts';
import {
  container,
  expectSound,
  makeTree,
  newTag,
  publishTo,
  pushTo,
  testCase,
  type MadeTree,
} from '../../support/publishing.ts';
import { oneChunk, openTestRegistry, type TestRegistry } from '../../support/registry.ts';
import { rounds } from '../../support/rounds.ts';
import { definitionsOn, Parcel, SOMEBODY, valueOf } from '../../support/stored-git.ts';
import { registryOn } from '../../support/use-stores.ts';

const ROUNDS = rounds(3, 12);

let opened: TestRegistry;
beforeEach(async () => {
  opened = await openTestRegistry();
});
afterEach(() => opened.close());

const expectAllSound = (): Promise<void> => expectSound(opened.stores, opened.registry);

/** As another server on the same data would have it, which is held up for a few turns before each call. */
function server(seed: number): Definitions {
  const { keys } = opened.stores;
  let state = seed;
  async function pause(): Promise<void> {
    state = (state * 1_103_515_245 + 12_345) % 2_147_483_648;
    for (let turns = state % 5; turns > 0; turns -= 1) await setImmediate();
  }
  const shaken: KeyedStore = {
    get: (key) => pause().then(() => keys.get(key)),
    list: (range) => pause().then(() => keys.list(range)),
    commit: (commit) => pause().then(() => keys.commit(commit)),
    close: () => keys.close(),
  };
  const stores = { ...opened.stores, keys: shaken };
  return definitionsOn(stores, registryOn(stores), () => opened.time);
}

function rejectionsOf(results: readonly PromiseSettledResult<unknown>[]): unknown[] {
  return results.flatMap((result) => (result.status === 'rejected' ? [result.reason as unknown] : []));
}

function outcomesOf(results: readonly PromiseSettledResult<Published>[]): string[] {
  return results
    .map((result) =>
      result.status === 'fulfilled'
        ? result.value.outcome
        : result.reason instanceof DefinitionError
          ? result.reason.code
          : String(result.reason),
    )
    .sort();
}

describe('two who publish one version at once', () => {
  test('with different trees: one wins, and the other learns of the conflict', async () => {
    const trees = [makeTree(testCase({ a: 'one' })), makeTree(testCase({ a: 'other' }))];
    for (let round = 0; round < ROUNDS; round += 1) {
      const family = `f${round}`;
      const results = await Promise.allSettled(
        trees.map((tree, at) => publishTo(server(round * 2 + at), family, 'v1.0.0', tree)),
      );
      expect(outcomesOf(results)).toEqual(['published', 'version-conflict']);
      const winner = await server(1).versions.resolve(family, 'v1.0.0');
      const [rejection] = rejectionsOf(results);
      expect(rejection).toMatchObject({
        detail: {
          published: { digest: winner.digest, tree: winner.tree },
          refused: { tree: trees.find(({ oid }) => oid !== winner.tree)?.oid },
          difference: { changed: 1, paths: [{ path: 'a' }] },
        },
      });
      expect((await server(1).events.page(family, undefined, 10)).events).toHaveLength(1);
    }
    await expectAllSound();
  });

  test('with one tree: it is published once', async () => {
    const tree = makeTree(testCase());
    for (let round = 0; round < ROUNDS; round += 1) {
      const family = `f${round}`;
      const results = await Promise.allSettled(
        [0, 1, 2].map((at) => publishTo(server(round * 3 + at), family, 'v1.0.0', tree)),
      );
      expect(outcomesOf(results)).toEqual(['published', 'unchanged', 'unchanged']);
    }
    await expectAllSound();
  });

  test('one with Git and one without: one wins', async () => {
    for (let round = 0; round < ROUNDS; round += 1) {
      const family = `f${round}`;
      const parcel = new Parcel();
      const tip = parcel.commit({ 'test-case.toml': Buffer.from('name = "G"\n') });
      const [pushed, published] = await Promise.allSettled([
        pushTo(server(round), family, parcel, [newTag('v1.0.0', tip)]),
        publishTo(server(round + 99), family, 'v1.0.0', testCase()),
      ]);
      const verdict = pushed.status === 'fulfilled' ? pushed.value['refs/tags/v1.0.0'] : pushed.reason;
      const isPushed = verdict === undefined;
      expect(published.status).toBe(isPushed ? 'rejected' : 'fulfilled');
      const { commit } = await server(1).versions.resolve(family, 'v1.0.0');
      expect(commit === tip).toBe(isPushed);
    }
    await expectAllSound();
  });
});

describe('many who publish to one family at once', () => {
  test('all get in, on a line of commits and with events without gaps', async () => {
    const results = await Promise.all(
      Array.from({ length: 10 }, (_, at) =>
        publishTo(server(at), 'family', `v1.${at}.0`, testCase({ shared: 'shared', [`own-${at}`]: `${at}` })),
      ),
    );
    expect(results.map(({ outcome }) => outcome)).toEqual(Array.from({ length: 10 }, () => 'published'));
    const definitions = server(1);
    const repository = await definitions.repository('family');
    const line: string[] = [];
    for (let next = (await valueOf(repository, 'refs/heads/main')) ?? undefined; next !== undefined;) {
      line.push(next);
      const { parents } = parseCommit((await readContent(repository.objects, next)).content);
      expect(parents.length).toBeLessThan(2);
      next = parents[0];
    }
    expect(new Set(line)).toEqual(new Set(results.map(({ version }) => version.commit)));
    const { events } = await definitions.events.page('family', undefined, 100);
    expect(events.map(({ number }) => number)).toEqual([9, 8, 7, 6, 5, 4, 3, 2, 1, 0]);
    const inOrder = events.map((event) => (event.what === 'published' ? event.version : ''));
    const commits = new Map(results.map(({ version }) => [version.version, version.commit]));
    expect(inOrder.map((version) => commits.get(version))).toEqual(line);
    await expectAllSound();
  });

  test('keep to one kind', async () => {
    for (let round = 0; round < ROUNDS; round += 1) {
      const family = `f${round}`;
      const contents: [string, MadeTree][] = [
        ['v1.0.0', makeTree(testCase())],
        ['v2.0.0', makeTree(container())],
      ];
      const results = await Promise.allSettled(
        contents.map(([version, tree], at) => publishTo(server(round * 2 + at), family, version, tree)),
      );
      expect(outcomesOf(results)).toEqual(['kind-mismatch', 'published']);
    }
    await expectAllSound();
  });

  test('keep their names from OCI tags that come at the same moment', async () => {
    const blob = Buffer.from('{}');
    for (let round = 0; round < ROUNDS; round += 1) {
      const family = `f${round}`;
      const [published, pushed] = await Promise.allSettled([
        publishTo(server(round), family, 'v1.0.0', testCase()),
        pushImage(opened.registry, family, 'v1.0.0', [blob]),
      ]);
      expect([published.status, pushed.status].sort()).toEqual(['fulfilled', 'rejected']);
      const code = published.status === 'rejected' ? 'name-taken' : 'tag-immutable';
      expect(rejectionsOf([published, pushed])).toMatchObject([{ code }]);
    }
    await expectAllSound();
  });
});

test('a pin that moves while versions come is one of them in every dialect', async () => {
  await publishTo(server(0), 'family', 'v1.0.0', testCase());
  await Promise.all([
    ...[1, 2, 3].map((at) => publishTo(server(at), 'family', `v1.0.${at}`, testCase({ at: `${at}` }))),
    ...[4, 5, 6].map((at) => server(at).pins.change('family', 'stable', { to: 'v1.0.0' }, SOMEBODY)),
  ]);
  expect((await server(1).pins.history('family', 'stable')).history).toHaveLength(1);
  const { events } = await server(1).events.page('family', undefined, 100);
  expect(events.map(({ number }) => number)).toEqual([4, 3, 2, 1, 0]);
  await expectAllSound();
});

test('a collector beside publishes takes nothing that they need', async () => {
  const { uploads, blobs } = opened.registry;
  for (let round = 0; round < ROUNDS; round += 1) {
    const noise = Buffer.alloc(round % 2 === 0 ? 80_000 : 800, `noise ${round} `);
    // Garbage already, and just what the publish brings.
    await uploads.receive('other', sha256(noise), oneChunk(noise));
    await blobs.remove('other', sha256(noise));
    await Promise.all([
      publishTo(server(round), `f${round}`, 'v1.0.0', testCase({ noise })),
      collect(opened.stores, opened.registry, { graceMs: 0, uploadExpiryMs: 0, now: () => opened.time }),
    ]);
  }
  await expectAllSound();
});
