import { randomBytes } from 'node:crypto';
import { deflateSync } from 'node:zlib';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { sha256 } from '../../../../lib/encoding/digest.ts';
import { parseCommit } from '../../../../lib/git/commit.ts';
import { readContent } from '../../../../lib/git/object-content.ts';
import { parseTree } from '../../../../lib/git/tree.ts';
import type { Oid } from '../../../../lib/git/oid.ts';
import type { StoredRepository } from '../../../../lib/git/stored/stored-repository.ts';
import type { Registry } from '../../../../lib/oci/registry.ts';
import { entriesOf, type KeyedStore } from '../../../../lib/store/keyed-store.ts';
import { gitObjectsOf } from '../../../../lib/store/key-ranges.ts';
import { contentKey, gitObjectKey, oidKey, oidOfKey } from '../../../../lib/store/keys.ts';
import { check } from '../../../../lib/upkeep/check.ts';
import { collect } from '../../../../lib/upkeep/collect.ts';
import { definitionsOn, Parcel, SOMEBODY, valueOf } from '../../../support/stored-git.ts';
import { interruptedOnce, registryOn, useStores } from '../../../support/use-stores.ts';
import { gather } from '../support/memory-repository.ts';
import { storedBlob } from '../../../support/stored-blob.ts';

const stores = useStores();
const MAIN = 'refs/heads/main';

function registry(keys: KeyedStore = stores().keys): Registry {
  return registryOn({ ...stores(), keys });
}

function open(family = 'a', keys: KeyedStore = stores().keys): StoredRepository {
  return definitionsOn({ ...stores(), keys }, registry(keys)).repositoryToPush(family, SOMEBODY);
}

async function expectSound(): Promise<void> {
  const findings: unknown[] = [];
  await check(stores(), registry(), { content: true, onFinding: (finding) => findings.push(finding) });
  expect(findings).toEqual([]);
}

/** As an oid means nothing to a reader without all that it points at. */
async function expectWhole(repository: StoredRepository, family = 'a'): Promise<number> {
  let members = 0;
  for await (const { key } of entriesOf(stores().keys, gitObjectsOf(family))) {
    members += 1;
    const { type, content } = await readContent(repository.objects, oidOfKey(key));
    const named: Oid[] = [];
    if (type === 'tree') named.push(...parseTree(content).map(({ oid }) => oid));
    if (type === 'commit') named.push(parseCommit(content).tree, ...parseCommit(content).parents);
    expect((await repository.objects.stat(named)).size).toBe(new Set(named).size);
  }
  return members;
}

const text = Buffer.alloc(5000, 'the same line again\n');
const noise = randomBytes(5000);
const large = randomBytes(200_000);
const huge = Buffer.concat([randomBytes(1_500_000), Buffer.alloc(3_000_000)]);

/** Commits on commits, so that the order matters. */
function history(): { parcel: Parcel; tip: Oid } {
  const parcel = new Parcel();
  let tip: Oid | undefined;
  for (let n = 0; n < 400; n += 1) {
    tip = parcel.commit({ [`file${n}`]: Buffer.from(`${n}`) }, tip === undefined ? [] : [tip], `${n}\n`);
  }
  return { parcel, tip: tip! };
}

async function pushed(): Promise<{ one: Oid; two: Oid }> {
  const parcel = new Parcel();
  const one = parcel.commit({ text });
  const two = parcel.commit({ text }, [one]);
  await open().commit(
    parcel.batch({ name: 'refs/tags/v1.0.0', from: null, to: one }, { name: MAIN, from: null, to: two }),
  );
  await registry().families.declare('a', { immutable: ['v*'] });
  return { one, two };
}

describe('a stored repository', () => {
  test('gives back what was pushed, deflated as it came where that is smaller', async () => {
    const repository = open();
    const parcel = new Parcel();
    const tip = parcel.commit({ text, noise, large, huge, empty: Buffer.alloc(0) });
    await repository.commit(parcel.batch({ name: MAIN, from: null, to: tip }));
    const encodings: Record<string, string> = {};
    for (const [name, content] of Object.entries({ text, noise, large, huge })) {
      const oid = parcel.add('blob', content);
      for await (const object of repository.objects.read([oid])) {
        encodings[name] = object.encoding;
        expect(object).toMatchObject({ oid, type: 'blob', size: content.length });
        const body = await gather(object.body);
        expect(body.equals(object.encoding === 'raw' ? content : deflateSync(content))).toBe(true);
      }
      expect(content.equals((await readContent(repository.objects, oid)).content)).toBe(true);
    }
    expect(encodings).toEqual({ text: 'zlib', noise: 'raw', large: 'raw', huge: 'zlib' });
    expect(await repository.refs.list()).toEqual({ head: MAIN, refs: [{ name: MAIN, oid: tip, peeled: null }] });
    await expectSound();
  });

  test('has no objects of another', async () => {
    const parcel = new Parcel();
    const tip = parcel.commit({ text });
    await open('a').commit(parcel.batch({ name: MAIN, from: null, to: tip }));
    const other = open('a/b');
    expect((await other.objects.stat([tip])).size).toBe(0);
    await expect(readContent(other.objects, tip)).rejects.toMatchObject({ code: 'object-missing' });
    expect((await other.refs.list()).refs).toEqual([]);
  });

  test('shares content with blobs that were pushed otherwise, in whichever form it was first', async () => {
    await registry().uploads.receive('images', sha256(text), once(text));
    const parcel = new Parcel();
    const tip = parcel.commit({ text, other: Buffer.alloc(3000, 'other ') });
    await open().commit(parcel.batch({ name: MAIN, from: null, to: tip }));
    expect((await open().objects.find(parcel.add('blob', text)))?.located.encoding).toBeUndefined();
    const deflated = Buffer.alloc(3000, 'other ');
    await registry().uploads.receive('images', sha256(deflated), once(deflated));
    const found = await storedBlob(registry(), 'images', sha256(deflated));
    expect(found.encoding).toBe('zlib');
    expect(deflated.equals(await registry().content.readAll(found))).toBe(true);
    await expectSound();
  });

  test('moves a ref once when two want to move it', async () => {
    const tips = [1, 2, 3].map((n) => {
      const parcel = new Parcel();
      return { parcel, tip: parcel.commit({ text: Buffer.from(`${n}`) }) };
    });
    const results = await Promise.allSettled(
      tips.map(({ parcel, tip }) => open().commit(parcel.batch({ name: MAIN, from: null, to: tip }))),
    );
    expect(results.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
    const reasons = results.flatMap((result) => (result.status === 'rejected' ? [result.reason as unknown] : []));
    expect(reasons).toMatchObject([{ code: 'ref-moved' }, { code: 'ref-moved' }]);
    await expectSound();
  });

  test('takes no ref that is the folder of one that comes at the same moment', async () => {
    const parcel = new Parcel();
    const tip = parcel.commit({ text });
    const names = ['refs/heads/a', 'refs/heads/a/b'];
    const results = await Promise.allSettled(
      names.map((name) => open().commit(parcel.batch({ name, from: null, to: tip }))),
    );
    expect(results.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected']);
    expect((await open().refs.list()).refs).toHaveLength(1);
  });

  test('refuses another content under an id that is known, in any family, and changes nothing', async () => {
    const first = new Parcel();
    await open('a').commit(first.batch({ name: MAIN, from: null, to: first.commit({ text }) }));
    const second = new Parcel();
    second.add('blob', noise, sha256(noise), first.add('blob', text));
    const tip = second.commit({ more: Buffer.from('more') });
    for (const family of ['a', 'b']) {
      const push = open(family).commit(second.batch({ name: 'refs/heads/evil', from: null, to: tip }));
      await expect(push).rejects.toMatchObject({ code: 'collision' });
      expect(await valueOf(open(family), 'refs/heads/evil')).toBeNull();
      expect(await open(family).objects.find(tip)).toBeUndefined();
    }
    expect(await stores().keys.get(contentKey(sha256(noise)))).toBeUndefined();
    await expectSound();
  });

  test('lists very many refs, all of one moment', async () => {
    const parcel = new Parcel();
    const tip = parcel.commit({ text });
    const names = Array.from({ length: 2500 }, (_, at) => `refs/tags/v${String(at).padStart(5, '0')}`);
    await open().commit(parcel.batch(...names.map((name) => ({ name, from: null, to: tip }))));
    const { refs } = await open().refs.list();
    expect(refs.map(({ name }) => name)).toEqual(names);
    const half = names.map((name, at) => ({ name, from: tip, to: null, at })).filter(({ at }) => at % 2 === 0);
    const [{ refs: seen }] = await Promise.all([open().refs.list(), open().commit(new Parcel().batch(...half))]);
    expect([1250, 2500]).toContain(seen.length);
  });

  test('knows what an annotated tag ends at', async () => {
    const parcel = new Parcel();
    const tip = parcel.commit({ text });
    const tagger = 'tagger A <a@example.com> 1600000000 +0000';
    const tag = parcel.add('tag', Buffer.from(`object ${tip}\ntype commit\ntag v1\n${tagger}\n\nv1\n`));
    const outer = parcel.add('tag', Buffer.from(`object ${tag}\ntype tag\ntag v1x\n${tagger}\n\nv1x\n`));
    await open().commit(parcel.batch({ name: 'refs/tags/v1x', from: null, to: outer }));
    expect((await open().refs.list()).refs).toEqual([{ name: 'refs/tags/v1x', oid: outer, peeled: tip }]);
  });

  test.each([
    [['refs/heads/main', 'refs/heads/a'], 'refs/heads/main'],
    [['refs/heads/a', 'refs/heads/master'], 'refs/heads/master'],
    [['refs/heads/b', 'refs/heads/c'], 'refs/heads/b'],
    [['refs/tags/v1'], 'refs/heads/main'],
  ])('checks out of %j', async (names, head) => {
    const parcel = new Parcel();
    const tip = parcel.commit({ text });
    await open().commit(parcel.batch(...names.map((name) => ({ name, from: null, to: tip }))));
    expect((await open().refs.list()).head).toBe(head);
  });
});

describe('a push of many objects', () => {
  test('that ends anywhere leaves a repository in which nothing is half there', async () => {
    const { parcel, tip } = history();
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 0, max: 4 }), fc.uuid(), async (commits, family) => {
        let left = commits;
        const failing: KeyedStore = {
          get: (key) => stores().keys.get(key),
          list: (range) => stores().keys.list(range),
          commit: (commit) => {
            left -= 1;
            return left < 0 ? Promise.reject(new Error('power cut')) : stores().keys.commit(commit);
          },
          close: () => Promise.resolve(),
        };
        const shuffled = parcel.batch({ name: MAIN, from: null, to: tip });
        const objects = shuffled.objects.toSorted((a, b) => a.oid.localeCompare(b.oid));
        const push = open(family, failing).commit({ ...shuffled, objects });
        const [outcome] = await Promise.allSettled([push]);
        const isThrough = outcome.status === 'fulfilled';
        expect(await valueOf(open(family), MAIN)).toBe(isThrough ? tip : null);
        const members = await expectWhole(open(family), family);
        expect(isThrough ? members : 1200).toBe(1200);
        await open(family).commit(parcel.batch({ name: 'refs/heads/again', from: null, to: tip }));
        expect(await expectWhole(open(family), family)).toBe(1200);
      }),
      { numRuns: 8 },
    );
    await expectSound();
  });

  test('finds what the collector takes from under it', async () => {
    const parcel = new Parcel();
    const tip = parcel.commit({ text, large });
    // Once pushed and forgotten, the content waits to be collected.
    await registry().uploads.receive('images', sha256(text), once(text));
    await registry().uploads.receive('images', sha256(large), once(large));
    await registry().blobs.remove('images', sha256(text));
    await registry().blobs.remove('images', sha256(large));
    const isLast = (commit: { puts?: readonly { key: Uint8Array }[] }): boolean =>
      commit.puts?.some(({ key }) => gitObjectKey('a', tip).equals(key)) === true;
    const keys = interruptedOnce(stores().keys, isLast, async () => {
      await collect(stores(), registry(), { graceMs: 0, uploadExpiryMs: 0, now: Date.now });
      expect(await stores().keys.get(contentKey(sha256(text)))).toBeUndefined();
    });
    await open('a', keys).commit(parcel.batch({ name: MAIN, from: null, to: tip }));
    expect(await valueOf(open(), MAIN)).toBe(tip);
    await collect(stores(), registry(), { graceMs: 0, uploadExpiryMs: 0, now: Date.now });
    await expectSound();
  });

  test('takes its ids along when its content is collected', async () => {
    const parcel = new Parcel();
    const oid = parcel.add('blob', large);
    const failing = interruptedOnce(
      stores().keys,
      ({ puts = [] }) => puts.some(({ key }) => gitObjectKey('a', oid).equals(key)),
      () => Promise.reject(new Error('power cut')),
    );
    const push = open('a', failing).commit(parcel.batch({ name: 'refs/tags/blob', from: null, to: oid }));
    await expect(push).rejects.toThrow('power cut');
    await collect(stores(), registry(), { graceMs: 0, uploadExpiryMs: 0, now: () => Date.now() + 7_200_000 });
    expect(await stores().keys.get(oidKey(oid))).toBeUndefined();
    expect(await stores().blobs.stat(sha256(large))).toBeUndefined();
  });
});

describe('the rules of a family', () => {
  test('let an immutable tag be set once, and neither move nor go', async () => {
    const { one, two } = await pushed();
    const name = 'refs/tags/v1.0.0';
    expect(await open().refuse({ name: 'refs/tags/v2', from: null, to: two }, open().objects)).toBeUndefined();
    expect(await open().refuse({ name: 'refs/tags/other', from: one, to: two }, open().objects)).toBeUndefined();
    const moved = await open().refuse({ name, from: one, to: two }, open().objects);
    expect(moved).toContain(one);
    expect(moved).toContain(two);
    expect(await open().refuse({ name, from: one, to: null }, open().objects)).toContain('cannot be deleted');
  });

  test('hold for who was judged before they were declared', async () => {
    const { one, two } = await pushed();
    const push = open().commit(new Parcel().batch({ name: 'refs/tags/v1.0.0', from: one, to: two }));
    await expect(push).rejects.toMatchObject({ code: 'ref-refused' });
    expect(await valueOf(open(), 'refs/tags/v1.0.0')).toBe(one);
  });

  test('keep pins to their operators', async () => {
    const { one } = await pushed();
    for (const name of ['refs/heads/pins/stable', 'refs/heads/pins']) {
      expect(await open().refuse({ name, from: null, to: one }, open().objects)).toContain('pins');
    }
    expect(await open().refuse({ name: 'refs/heads/pinstripes', from: null, to: one }, open().objects)).toBeUndefined();
  });
});

async function* once(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield bytes;
}
