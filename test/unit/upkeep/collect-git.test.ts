import { deepEqual, equal } from 'node:assert/strict';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { encodeCommit, parseCommit } from '../../../lib/git/commit.ts';
import { readContent } from '../../../lib/git/object-content.ts';
import type { Oid } from '../../../lib/git/oid.ts';
import { encodeTree } from '../../../lib/git/tree.ts';
import { namedBy } from '../../../lib/git/walk/named-by.ts';
import { entriesOf, type Commit, type KeyedStore } from '../../../lib/store/keyed-store.ts';
import { gitObjectsOf, readingLeases } from '../../../lib/store/key-ranges.ts';
import { gitObjectKey, oidOfKey, refKey, unreachedKey } from '../../../lib/store/keys.ts';
import { toldWhileRead } from '../../../lib/store/reading.ts';
import { collect } from '../../../lib/upkeep/collect.ts';
import type { CollectOptions, CollectReport } from '../../../lib/upkeep/collection.ts';
import { expectSound, packOfTree, makeTree, publishTo, pushTo, testCase } from '../../support/publishing.ts';
import { oneChunk, openTestRegistry, type TestRegistry } from '../../support/registry.ts';
import { definitionsOn, Parcel, SOMEBODY } from '../../support/stored-git.ts';
import { interruptedOnce, registryOn } from '../../support/use-stores.ts';

const HOUR = 3_600_000;
const MAIN = 'refs/heads/main';
const text = Buffer.from('some text\n');
const other = Buffer.from('other text\n');

let opened: TestRegistry;
beforeEach(async () => {
  opened = await openTestRegistry();
});
afterEach(() => opened.close());

function gc(options: Partial<CollectOptions> = {}, keys = opened.stores.keys): Promise<CollectReport> {
  const stores = { ...opened.stores, keys };
  const now = (): number => opened.time;
  return collect(stores, registryOn(stores, { now }), { graceMs: HOUR, uploadExpiryMs: HOUR, now, ...options });
}

function definitions(keys: KeyedStore = opened.stores.keys) {
  const stores = { ...opened.stores, keys };
  return definitionsOn(stores, registryOn(stores));
}

async function push(parcel: Parcel, name: string, from: Oid | null, to: Oid | null): Promise<void> {
  expect(await pushTo(definitions(), 'a', parcel, [{ name, from, to }])).toEqual({ [name]: undefined });
}

async function objectsOf(family: string): Promise<Set<Oid>> {
  const oids = new Set<Oid>();
  for await (const { key } of entriesOf(opened.stores.keys, gitObjectsOf(family))) oids.add(oidOfKey(key));
  return oids;
}

/** What refs lead to, found without any haste. */
async function reachedIn(family: string): Promise<Set<Oid>> {
  const { objects, refs } = definitions().repositoryToPush(family, SOMEBODY);
  const open = (await refs.list()).refs.map(({ oid }) => oid);
  const reached = new Set<Oid>();
  for (let oid = open.pop(); oid !== undefined; oid = open.pop()) {
    if (reached.has(oid)) continue;
    reached.add(oid);
    const { type, content } = await readContent(objects, oid);
    open.push(...[...namedBy(type, content)].map((named) => named.oid));
  }
  return reached;
}

/** A branch of one commit that was deleted, so that nothing reaches what it had. */
async function abandoned(): Promise<{ readonly tip: Oid; readonly all: Set<Oid> }> {
  const parcel = new Parcel();
  const tip = parcel.commit({ text, other });
  await push(parcel, 'refs/heads/gone', null, tip);
  const all = await objectsOf('a');
  await push(new Parcel(), 'refs/heads/gone', tip, null);
  return { tip, all };
}

function commitOf(parcel: Parcel, tree: Oid, parents: readonly Oid[]): Oid {
  const ident = { name: 'A', email: 'a@example.com', seconds: 1, zone: '+0000' };
  const commit = { tree, parents, author: ident, committer: ident, extra: [], message: 'x\n' };
  return parcel.add('commit', encodeCommit(commit));
}

function removes(oid: Oid): (commit: Commit) => boolean {
  return ({ deletes = [] }) => deletes.some((key) => gitObjectKey('a', oid).equals(key));
}

function puts(ref: string): (commit: Commit) => boolean {
  return (commit) => commit.puts?.some(({ key }) => refKey('a', ref).equals(key)) === true;
}

/** How often a collection looks at marks of Git objects. */
async function lists(): Promise<number> {
  let count = 0;
  const { keys } = opened.stores;
  const counting: KeyedStore = {
    get: (key) => keys.get(key),
    list: (range) => {
      if (range.start[0] === 'k'.charCodeAt(0)) count += 1;
      return keys.list(range);
    },
    commit: (commit) => keys.commit(commit),
    close: () => keys.close(),
  };
  await gc({}, counting);
  return count;
}

describe('Git objects that nothing reaches', () => {
  test('are marked by one collection, and go with one that comes after the grace period', async () => {
    const { all } = await abandoned();
    expect((await gc()).marked.objects).toBe(all.size);
    opened.time += HOUR - 1;
    expect((await gc()).removed.objects).toBe(0);
    opened.time += 1;
    expect((await gc({ dryRun: true })).removed.objects).toBe(all.size);
    expect(await objectsOf('a')).toEqual(all);
    const report = await gc();
    expect(report.removed).toMatchObject({ objects: all.size, content: all.size });
    expect(await objectsOf('a')).toEqual(new Set());
    await expectSound(opened.stores, opened.registry);
  });

  test('go at once without grace, and are told one by one', async () => {
    const { all } = await abandoned();
    const told: string[] = [];
    await gc({ graceMs: 0, onItem: ({ action, kind, name }) => kind === 'objects' && told.push(`${action} ${name}`) });
    expect(new Set(told)).toEqual(new Set([...all].map((oid) => `removed ${oid}`)));
  });

  test('stay where something reaches them again in time', async () => {
    const { tip, all } = await abandoned();
    await gc();
    await push(new Parcel(), 'refs/heads/back', null, tip);
    opened.time += 2 * HOUR;
    expect((await gc()).removed.objects).toBe(0);
    // The mark is off: losing them once more begins another grace period.
    await push(new Parcel(), 'refs/heads/back', tip, null);
    expect((await gc()).removed.objects).toBe(0);
    expect(await objectsOf('a')).toEqual(all);
  });

  test('are those of a first push that did not end, too', async () => {
    const many = Object.fromEntries(Array.from({ length: 900 }, (_, at) => [`f${at}`, Buffer.from(`${at}`)]));
    const parcel = new Parcel();
    const tip = parcel.commit(many);
    const failing = interruptedOnce(opened.stores.keys, puts(MAIN), () => Promise.reject(new Error('power cut')));
    await expect(pushTo(definitions(failing), 'a', parcel, [{ name: MAIN, from: null, to: tip }])).rejects.toThrow(
      'power cut',
    );
    const left = await objectsOf('a');
    expect(left.size).toBeGreaterThan(400);
    expect((await gc({ graceMs: 0 })).removed.objects).toBe(left.size);
    await expectSound(opened.stores, opened.registry);
    await push(parcel, MAIN, null, tip);
    expect(await reachedIn('a')).toEqual(await objectsOf('a'));
  });

  test('are not looked for again in a family where all was reached, before something leaves it', async () => {
    const parcel = new Parcel();
    const tip = parcel.commit({ text });
    await push(parcel, MAIN, null, tip);
    expect(await lists()).toBeGreaterThan(0);
    expect(await lists()).toBe(0);
    const more = new Parcel();
    const next = more.commit({ other }, [tip]);
    await push(more, MAIN, tip, next);
    expect(await lists()).toBe(0);
    await push(new Parcel(), MAIN, next, tip);
    expect(await lists()).toBeGreaterThan(0);
  });

  test('stay where the repository has lost something, which is told', async () => {
    const { all } = await abandoned();
    const parcel = new Parcel();
    const tip = parcel.commit({ 'kept.txt': text });
    await push(parcel, MAIN, null, tip);
    await gc();
    opened.time += 2 * HOUR;
    await opened.stores.keys.commit({ deletes: [gitObjectKey('a', tip)] });
    const { removed, skipped } = await gc();
    expect(removed.objects).toBe(0);
    expect(skipped).toEqual([{ family: 'a', why: expect.stringContaining(tip) as string }]);
    for (const oid of all) expect(await objectsOf('a')).toContain(oid);
  });
});

async function* pieces(): AsyncGenerator<number> {
  yield 1;
  yield 2;
}

describe('a clone that is under way', () => {
  test('keeps what it may still read, until it ends or its server is dead', async () => {
    const { all } = await abandoned();
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    try {
      const { keys } = opened.stores;
      const begin = async () => {
        const reading = toldWhileRead(keys, 'a', pieces(), () => opened.time);
        await reading.next();
        await vi.advanceTimersByTimeAsync(3000);
        vi.useRealTimers();
        await expect.poll(() => keys.list({ ...readingLeases('a'), limit: 1 })).toHaveLength(1);
        vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
        return reading;
      };
      const first = await begin();
      expect((await gc({ graceMs: 0 })).removed.objects).toBe(0);
      expect(await objectsOf('a')).toEqual(all);
      await first.return(undefined);
      expect(await keys.list({ ...readingLeases('a'), limit: 1 })).toEqual([]);
      // What was marked before one begins is not what that reads.
      opened.time += 1;
      const second = await begin();
      expect((await gc({ graceMs: 0 })).removed.objects).toBe(all.size);
      await second.return(undefined);
      const more = await abandoned();
      await begin();
      opened.time += 61_000;
      expect((await gc({ graceMs: 0 })).removed.objects).toBe(more.all.size);
    } finally {
      vi.useRealTimers();
    }
  });
});

describe('a push that counts on objects which are about to go', () => {
  test('is judged anew where they went before its commit, and refused where it did not bring them', async () => {
    const { tip } = await abandoned();
    const keys = interruptedOnce(opened.stores.keys, puts(MAIN), async () => {
      expect((await gc({ graceMs: 0 })).removed.objects).toBeGreaterThan(0);
    });
    const verdicts = await pushTo(definitions(keys), 'a', new Parcel(), [{ name: MAIN, from: null, to: tip }]);
    expect(verdicts[MAIN]).toContain('neither in the push nor in the repository');
    await expectSound(opened.stores, opened.registry);
  });

  test('brings them once more where it has them', async () => {
    await abandoned();
    const parcel = new Parcel();
    const tip = parcel.commit({ text, other });
    const keys = interruptedOnce(opened.stores.keys, puts(MAIN), async () => {
      expect((await gc({ graceMs: 0 })).removed.objects).toBeGreaterThan(0);
    });
    expect(await pushTo(definitions(keys), 'a', parcel, [{ name: MAIN, from: null, to: tip }])).toEqual({
      [MAIN]: undefined,
    });
    expect(await objectsOf('a')).toEqual(await reachedIn('a'));
  });

  test('keeps them where it was committed just before they would have gone', async () => {
    const { tip, all } = await abandoned();
    await gc();
    opened.time += HOUR;
    const keys = interruptedOnce(opened.stores.keys, removes(tip), () => push(new Parcel(), MAIN, null, tip));
    expect((await gc({}, keys)).removed.objects).toBe(0);
    expect(await objectsOf('a')).toEqual(all);
    await expectSound(opened.stores, opened.registry);
  });

  test('keeps what it has stored ahead of its refs, and what that leads to', async () => {
    // A tree of it was stored before, and nothing reaches it; the push brings what leads there, and no more.
    await abandoned();
    const parcel = new Parcel();
    const below = encodeTree([
      { mode: 0o100644, name: 'other', oid: parcel.add('blob', other) },
      { mode: 0o100644, name: 'text', oid: parcel.add('blob', text) },
    ]);
    const files = Array.from({ length: 900 }, (_, at) => {
      return { mode: 0o100644, name: `f${at}`, oid: parcel.add('blob', Buffer.from(`${at}`)) };
    });
    const oid = parcel.add('tree', below);
    const tree = parcel.add('tree', encodeTree([...files, { mode: 0o40000, name: 'z', oid }]));
    const tip = commitOf(parcel, tree, []);
    await gc();
    opened.time += HOUR;
    // A collection between any two commits of the push.
    const { keys } = opened.stores;
    let collecting: Promise<unknown> = Promise.resolve();
    const between: KeyedStore = {
      get: (key) => keys.get(key),
      list: (range) => keys.list(range),
      close: () => keys.close(),
      async commit(commit) {
        collecting = collecting.then(() => gc());
        await collecting;
        return keys.commit(commit);
      },
    };
    expect(await pushTo(definitions(between), 'a', parcel, [{ name: MAIN, from: null, to: tip }])).toEqual({
      [MAIN]: undefined,
    });
    await expectSound(opened.stores, opened.registry);
    expect(await reachedIn('a')).toEqual(await objectsOf('a'));
  });

  test('keeps them where it has only begun to come before they would have gone', async () => {
    const { tip, all } = await abandoned();
    const parcel = new Parcel();
    const { tree } = parseCommit(
      (await readContent(definitions().repositoryToPush('a', SOMEBODY).objects, tip)).content,
    );
    let last = commitOf(parcel, parcel.add('tree', encodeTree([{ mode: 0o40000, name: 'z', oid: tree }])), []);
    for (let at = 0; at < 450; at += 1) last = commitOf(parcel, tree, [last]);
    await gc();
    opened.time += HOUR;
    const keys = interruptedOnce(opened.stores.keys, removes(tip), async () => {
      const failing = interruptedOnce(opened.stores.keys, puts(MAIN), () => Promise.reject(new Error('power cut')));
      const push = pushTo(definitions(failing), 'a', parcel, [{ name: MAIN, from: null, to: last }]);
      await expect(push).rejects.toThrow('power cut');
    });
    // Nothing reaches the commit, but what it is a commit of is wanted again.
    expect((await gc({}, keys)).removed.objects).toBe(1);
    all.delete(tip);
    for (const oid of all) expect(await objectsOf('a')).toContain(oid);
    await expectSound(opened.stores, opened.registry);
  });

  test('is a publish, which then begins anew', async () => {
    const files = testCase({ text: 'some text\n', other: 'other text\n' });
    await abandoned();
    const keys = interruptedOnce(opened.stores.keys, puts('refs/tags/v1.0.0'), async () => {
      expect((await gc({ graceMs: 0 })).removed.objects).toBeGreaterThan(0);
    });
    const published = await publishTo(definitions(keys), 'a', 'v1.0.0', files);
    expect(published.outcome).toBe('published');
    await expectSound(opened.stores, opened.registry);
  });

  test('is one whose author was told that they are there', async () => {
    const { tip, all } = await abandoned();
    await gc();
    opened.time += HOUR;
    const { objects } = definitions().repositoryToPush('a', SOMEBODY);
    expect(await objects.rescue([tip, '1'.repeat(40)])).toEqual(new Set([tip]));
    expect((await gc()).removed.objects).toBe(0);
    expect(await objectsOf('a')).toEqual(all);
    // Asked for while the collection is at it.
    opened.time += HOUR;
    const keys = interruptedOnce(opened.stores.keys, removes(tip), async () => void (await objects.rescue([tip])));
    expect((await gc({}, keys)).removed.objects).toBe(0);
    expect(await objectsOf('a')).toEqual(all);
  });
});

test('a collection whose store fails at any commit leaves every repository whole, and the next one ends it', async () => {
  const many = Object.fromEntries(Array.from({ length: 280 }, (_, at) => [`f${at}`, Buffer.from(`${at}`)]));
  for (const how of ['before', 'after'] as const) {
    let faults = 0;
    for (let at = 0; at < 60; at += 1) {
      const parcel = new Parcel();
      const [first, kept] = [parcel.commit({ ...many, text }), parcel.commit({ other, f1: Buffer.from('1') })];
      await push(parcel, 'refs/heads/kept', null, kept);
      await push(parcel, 'refs/heads/gone', null, first);
      await push(new Parcel(), 'refs/heads/gone', first, null);
      let commits = 0;
      const { keys } = opened.stores;
      const failing: KeyedStore = {
        get: (key) => keys.get(key),
        list: (range) => keys.list(range),
        close: () => keys.close(),
        async commit(commit) {
          const isGit = [...(commit.deletes ?? []), ...(commit.puts ?? []).map(({ key }) => key)].some(
            (key) => key[0] === 'j'.charCodeAt(0) || key[0] === 'k'.charCodeAt(0),
          );
          if (!isGit || (commits += 1) - 1 !== at) return keys.commit(commit);
          if (how === 'after') await keys.commit(commit);
          throw new Error('power cut');
        },
      };
      const [result] = await Promise.allSettled([gc({ graceMs: 0 }, failing)]);
      opened.time += HOUR;
      await expectSound(opened.stores, opened.registry);
      await gc({ graceMs: 0 });
      expect(await objectsOf('a')).toEqual(await reachedIn('a'));
      await push(new Parcel(), 'refs/heads/kept', kept, null);
      if (result.status === 'fulfilled') break;
      faults += 1;
    }
    expect(faults).toBeGreaterThan(2);
  }
}, 60_000);

const NAMES = ['refs/heads/one', 'refs/heads/two', 'refs/tags/three'];
const POOL = Array.from({ length: 5 }, (_, at) => Buffer.from(`file ${at}\n`));
const step = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.record({
      do: fc.constant('push' as const),
      ref: fc.nat(2),
      files: fc.uniqueArray(fc.nat(4), { minLength: 1, maxLength: 3 }),
      onTop: fc.option(fc.nat(2)),
    }),
  },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('drop' as const), ref: fc.nat(2) }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('wait' as const) }) },
  { weight: 3, arbitrary: fc.record({ do: fc.constant('collect' as const) }) },
);

test('exactly what was unreached for the grace period goes, whatever is pushed, moved and dropped in which order', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 5, maxLength: 25 }), async (steps) => {
      await opened.close();
      opened = await openTestRegistry();
      const refs = new Map<string, Oid>();
      /** Since when a collection has seen each object unreached. */
      const seen = new Map<Oid, number>();
      for (const one of steps) {
        if (one.do === 'wait') opened.time += HOUR / 2 + 1;
        else if (one.do === 'collect') {
          const before = await objectsOf('a');
          const reached = await reachedIn('a');
          const gone = new Set<Oid>();
          const waiting = [...before].filter((oid) => {
            if (reached.has(oid)) return false;
            const since = seen.get(oid) ?? opened.time;
            return opened.time - since < HOUR;
          });
          const kept = await leadTo('a', waiting);
          for (const oid of before) {
            if (reached.has(oid)) seen.delete(oid);
            else if (!seen.has(oid)) seen.set(oid, opened.time);
            else if (opened.time - seen.get(oid)! >= HOUR && !kept.has(oid)) gone.add(oid);
          }
          for (const oid of gone) seen.delete(oid);
          equal((await gc()).removed.objects, gone.size);
          deepEqual(await objectsOf('a'), new Set([...before].filter((oid) => !gone.has(oid))));
          await expectSound(opened.stores, opened.registry);
        } else {
          const name = NAMES[one.ref]!;
          const from = refs.get(name) ?? null;
          if (one.do === 'drop' && from === null) continue;
          const parcel = new Parcel();
          const to = one.do === 'drop' ? null : commitOn(parcel, one.files, refs.get(NAMES[one.onTop ?? -1] ?? ''));
          await push(parcel, name, from, to);
          if (to === null) refs.delete(name);
          else refs.set(name, to);
        }
      }
      // What was waiting is gone in the end, and nothing else.
      for (let round = 0; round < 2; round += 1) await gc({ graceMs: 0 });
      expect(await objectsOf('a')).toEqual(await reachedIn('a'));
      for (const oid of await objectsOf('a'))
        expect(await opened.stores.keys.get(unreachedKey('a', oid))).toBeUndefined();
    }),
    { numRuns: 30 },
  );
}, 120_000);

function commitOn(parcel: Parcel, files: readonly number[], parent: Oid | undefined): Oid {
  const named = Object.fromEntries(files.map((at) => [`f${at}`, POOL[at]!]));
  return parcel.commit(named, parent === undefined ? [] : [parent]);
}

async function leadTo(family: string, oids: readonly Oid[]): Promise<Set<Oid>> {
  const { objects } = definitions().repositoryToPush(family, SOMEBODY);
  const found = new Set<Oid>();
  const open = [...oids];
  for (let oid = open.pop(); oid !== undefined; oid = open.pop()) {
    if (found.has(oid)) continue;
    found.add(oid);
    const { type, content } = await readContent(objects, oid);
    open.push(...[...namedBy(type, content)].map((named) => named.oid));
  }
  return found;
}

test('what a layer is made of stays as long as the layer', async () => {
  const tree = makeTree(testCase());
  await publishTo(definitions(), 'a', 'v1.0.0', tree, { pack: oneChunk(packOfTree(tree)) });
  const { refs } = await definitions().repositoryToPush('a', SOMEBODY).refs.list();
  // As if the version had gone, and its layer were still there.
  await opened.stores.keys.commit({ deletes: refs.map(({ name }) => refKey('a', name)) });
  await gc({ graceMs: 0 });
  expect(await objectsOf('a')).toEqual(new Set(tree.objects.keys()));
});
