import { setTimeout as sleep } from 'node:timers/promises';
import { setImmediate } from 'node:timers/promises';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { sha256, type Digest } from '../../../lib/encoding/digest.ts';
import { OciError } from '../../../lib/oci/oci-error.ts';
import { GitError } from '../../../lib/git/error.ts';
import type { RefUpdate } from '../../../lib/git/receive-pack/push-target.ts';
import { parseCommit } from '../../../lib/git/commit.ts';
import { readContent, readContents } from '../../../lib/git/object-content.ts';
import { hashObject, type Oid } from '../../../lib/git/oid.ts';
import type { StoredRepository } from '../../../lib/git/stored/stored-repository.ts';
import { StoredRefs } from '../../../lib/git/stored/stored-refs.ts';
import { parseTree } from '../../../lib/git/tree.ts';
import type { KeyedStore } from '../../../lib/store/keyed-store.ts';
import { allOids } from '../../../lib/store/key-ranges.ts';
import { check } from '../../../lib/upkeep/check.ts';
import { collect } from '../../../lib/upkeep/collect.ts';
import { bytesNamed, manifestOf, pushImage } from '../../support/images.ts';
import { definitionsOn, Parcel, SOMEBODY, valueOf } from '../../support/stored-git.ts';
import { openTestRegistry, type TestRegistry } from '../../support/registry.ts';
import { storedBlob } from '../../support/stored-blob.ts';

/** A small pool, so that pushes, deletes and collections meet over the same content; half of it lives in files. */
const POOL = ['a', 'b', 'c', 'd', 'e', 'f'].map((name, at) => bytesNamed(name, at % 2 === 0 ? 300 : 70_000));
const FAMILIES = ['one', 'one/two', 'three'];

type Step =
  | { family: number; tag: number; files: number[]; onTop: boolean }
  | { family: number; tag: number; gone: true }
  | { family: number; tag: number; blobs: number[] }
  | { family: number; tag: number; how: 'tag' | 'manifest' };

const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 3,
    arbitrary: fc.record({
      family: fc.nat(2),
      tag: fc.nat(2),
      blobs: fc.uniqueArray(fc.nat(5), { minLength: 1, maxLength: 3 }),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      family: fc.nat(2),
      tag: fc.nat(2),
      files: fc.uniqueArray(fc.nat(5), { minLength: 1, maxLength: 3 }),
      onTop: fc.boolean(),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({ family: fc.nat(2), tag: fc.nat(2), gone: fc.constant(true as const) }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      family: fc.nat(2),
      tag: fc.nat(2),
      how: fc.constantFrom('tag' as const, 'manifest' as const),
    }),
  },
);

/** Each client has tags of its own, so that it knows what they must name. */
const clients = fc.array(fc.array(step, { minLength: 4, maxLength: 10 }), { minLength: 2, maxLength: 4 });

/** Lets others run before each call, for a few turns that the seed chooses. */
function shaken(keys: KeyedStore, seed: number): KeyedStore {
  let state = seed;
  async function pause(): Promise<void> {
    state = (state * 1_103_515_245 + 12_345) % 2_147_483_648;
    for (let turns = state % 4; turns > 0; turns -= 1) await setImmediate();
  }
  return {
    get: (key) => pause().then(() => keys.get(key)),
    list: (range) => pause().then(() => keys.list(range)),
    commit: (commit) => pause().then(() => keys.commit(commit)),
    close: () => keys.close(),
  };
}

/** A push of files to a branch of its own, on top of what the branch had or in its place; then a fetch of all of it. */
async function pushFiles(
  { stores, registry }: TestRegistry,
  family: string,
  name: string,
  { files, onTop }: { readonly files: readonly number[]; readonly onTop: boolean },
  from: Oid | null,
): Promise<Oid> {
  const repository = definitionsOn(stores, registry).repositoryToPush(family, SOMEBODY);
  const parcel = new Parcel();
  const entries = files.map((at) => [`file${at}`, POOL[at] ?? Buffer.alloc(0)] as const);
  const to = parcel.commit(Object.fromEntries(entries), onTop && from !== null ? [from] : [], `${name}\n`);
  await commitParcel(repository, parcel, { name: `refs/heads/${name}`, from, to });
  await expectCommit(repository, to);
  return to;
}

/** As a push does it: all over again where objects were removed meanwhile. */
async function commitParcel(repository: StoredRepository, parcel: Parcel, update: RefUpdate): Promise<void> {
  for (;;) {
    try {
      await repository.commit({ ...parcel.batch(update), standing: await repository.standing() });
      return;
    } catch (error) {
      if (!(error instanceof GitError) || error.code !== 'objects-removed') throw error;
    }
  }
}

async function removeBranch({ stores, registry }: TestRegistry, name: string, from: Oid | undefined): Promise<void> {
  const [family = '', branch = ''] = name.split(' ');
  if (from === undefined) return;
  const repository = definitionsOn(stores, registry).repositoryToPush(family, SOMEBODY);
  await commitParcel(repository, new Parcel(), { name: `refs/heads/${branch}`, from, to: null });
}

async function expectCommit({ objects }: Pick<StoredRepository, 'objects'>, tip: Oid): Promise<void> {
  const commit = parseCommit((await readContent(objects, tip)).content);
  const tree = (await readContent(objects, commit.tree)).content;
  for await (const { oid, content } of readContents(
    objects,
    parseTree(tree).map((entry) => entry.oid),
  )) {
    expect(hashObject('blob', content)).toBe(oid);
  }
  for (const parent of commit.parents) await expectCommit({ objects }, parent);
}

async function runClient(
  opened: TestRegistry,
  client: number,
  steps: readonly Step[],
): Promise<{ images: Map<string, Digest>; branches: Map<string, Oid> }> {
  const { registry } = opened;
  const expected = new Map<string, Digest>();
  const branches = new Map<string, Oid>();
  for (const one of steps) {
    const family = FAMILIES[one.family] ?? 'one';
    const tag = `client${client}-tag${one.tag}`;
    const name = `${family} ${tag}`;
    if ('files' in one) {
      branches.set(name, await pushFiles(opened, family, tag, one, branches.get(name) ?? null));
      continue;
    }
    if ('gone' in one) {
      await removeBranch(opened, name, branches.get(name));
      branches.delete(name);
      continue;
    }
    if ('blobs' in one) {
      // An annotation of its own makes a manifest that no other client deletes.
      const blobs = one.blobs.map((at) => POOL[at] ?? Buffer.alloc(0));
      const manifest = manifestOf(blobs, { annotations: { client: String(client), tag } });
      expected.set(name, await pushImage(registry, family, tag, blobs, manifest));
      continue;
    }
    const digest = expected.get(name);
    if (digest === undefined) continue;
    if (one.how === 'tag') await registry.tags.remove(family, tag);
    else await registry.manifests.remove(family, digest);
    expected.delete(name);
  }
  return { images: expected, branches };
}

async function expectWhole({ registry }: TestRegistry, name: string, digest: Digest): Promise<void> {
  const [family = '', tag = ''] = name.split(' ');
  const found = await registry.manifests.find(family, { tag });
  expect(found.digest).toBe(digest);
  const bytes = await registry.content.readAll(found.located);
  expect(sha256(bytes)).toBe(digest);
  const { config, layers } = JSON.parse(Buffer.from(bytes).toString()) as {
    config: { digest: Digest };
    layers: { digest: Digest }[];
  };
  for (const named of [config, ...layers]) {
    const blob = await storedBlob(registry, family, named.digest);
    expect(sha256(await registry.content.readAll(blob))).toBe(named.digest);
  }
}

async function expectBranch({ stores, registry }: TestRegistry, name: string, tip: Oid): Promise<void> {
  const [family = '', branch = ''] = name.split(' ');
  const repository = definitionsOn(stores, registry).repositoryToPush(family, SOMEBODY);
  expect(await valueOf(repository, `refs/heads/${branch}`)).toBe(tip);
  await expectCommit(repository, tip);
}

it('keeps every acknowledged image and branch whole while pushes, fetches, deletes and collections without grace run together', async () => {
  await fc.assert(
    fc.asyncProperty(clients, fc.integer({ min: 1, max: 1_000_000 }), fc.boolean(), async (plans, seed, untagged) => {
      const opened = await openTestRegistry((keys) => shaken(keys, seed));
      try {
        const options = { graceMs: 0, uploadExpiryMs: 3_600_000, now: () => opened.time, untagged };
        const pushing = new AbortController();
        const collecting = (async () => {
          while (!pushing.signal.aborted) {
            await collect(opened.stores, opened.registry, options);
            // Without any pause, and without grace, a client may find what it has just pushed gone for hundreds of times.
            await sleep(3);
          }
        })();
        const results = await Promise.all(plans.map((steps, client) => runClient(opened, client, steps))).finally(
          () => {
            pushing.abort();
          },
        );
        await collecting;
        const findings: unknown[] = [];
        const report = await check(opened.stores, opened.registry, {
          content: true,
          onFinding: (finding) => findings.push(finding),
        });
        expect(findings).toEqual([]);
        expect(report.errors).toBe(0);
        for (const { images, branches } of results) {
          for (const [name, digest] of images) await expectWhole(opened, name, digest);
          for (const [name, tip] of branches) await expectBranch(opened, name, tip);
        }
        await collectAll(opened);
      } finally {
        await opened.close();
      }
    }),
    { numRuns: 25 },
  );
}, 120_000);

/** When everything is deleted, one collection leaves nothing behind: neither keys of content nor files. */
async function collectAll(opened: TestRegistry): Promise<void> {
  const { stores, registry, time } = opened;
  for (const family of await registry.families.list(undefined, 100)) {
    const { refs } = await new StoredRefs(stores.keys, family).list();
    for (const { name, oid } of refs) await removeBranch(opened, `${family} ${name.slice('refs/heads/'.length)}`, oid);
    for (const tag of (await registry.tags.list(family, undefined, 1000)).tags) {
      const { digest } = await registry.manifests.find(family, { tag });
      await registry.manifests.remove(family, digest).catch((error: unknown) => {
        if (!(error instanceof OciError)) throw error;
      });
    }
  }
  await collect(stores, registry, { graceMs: 0, uploadExpiryMs: 0, now: () => time, untagged: true });
  const left = await check(stores, registry, { content: true });
  expect(left).toMatchObject({ content: 0, links: 0, errors: 0, warnings: 0 });
  expect(await stores.keys.list({ ...allOids, limit: 1 })).toEqual([]);
  for await (const blob of stores.blobs.list()) expect.fail(`${blob.digest} was left behind`);
}
