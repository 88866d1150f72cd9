import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { Definitions } from '../../../lib/definition/definitions.ts';
import { parseCommit } from '../../../lib/git/commit.ts';
import { readContent } from '../../../lib/git/object-content.ts';
import type { Oid } from '../../../lib/git/oid.ts';
import { pushImage } from '../../support/images.ts';
import { everythingIn, expectSound, newTag, publishTo, pushTo, testCase } from '../../support/publishing.ts';
import { openTestRegistry, type TestRegistry } from '../../support/registry.ts';
import { definitionsOn, Parcel, SOMEBODY, valueOf } from '../../support/stored-git.ts';

const FAMILY = 'test-cases/carom';
const MAIN = 'refs/heads/main';

let opened: TestRegistry;
let definitions: Definitions;
let parcel: Parcel;
beforeEach(async () => {
  opened = await openTestRegistry();
  definitions = definitionsOn(opened.stores, opened.registry);
  parcel = new Parcel();
});
afterEach(() => opened.close());

const sound = (): Promise<void> => expectSound(opened.stores, opened.registry);
const main = async (): Promise<Oid | null> => valueOf(await definitions.repository(FAMILY), MAIN);

function definition(text: string, parents: readonly Oid[] = [], toml = 'name = "Carom"\n'): Oid {
  return parcel.commit({ 'test-case.toml': Buffer.from(toml), 'prompt.md': Buffer.from(text) }, parents);
}

function annotated(tag: string, object: Oid): Oid {
  const tagger = 'tagger A <a@example.com> 1600000000 +0000';
  return parcel.add('tag', Buffer.from(`object ${object}\ntype commit\ntag ${tag}\n${tagger}\n\n${tag}\n`));
}

function push(...tags: readonly (readonly [string, Oid])[]): Promise<Record<string, string | undefined>> {
  return pushTo(
    definitions,
    FAMILY,
    parcel,
    tags.map(([tag, oid]) => newTag(tag, oid)),
  );
}

async function events(): Promise<unknown[]> {
  return (await definitions.events.page(FAMILY, undefined, 1000)).events.toReversed();
}

describe('a tag of a version that is pushed', () => {
  test('publishes what it tags, and is where main begins', async () => {
    const tip = definition('one');
    expect(await push(['v1.0.0', tip])).toEqual({ 'refs/tags/v1.0.0': undefined });
    const version = await definitions.versions.resolve(FAMILY, 'v1.0.0');
    expect(version).toMatchObject({ commit: tip, published: { by: SOMEBODY, with: 'git push' }, source: {} });
    const { objects } = await definitions.repository(FAMILY);
    expect(parseCommit((await readContent(objects, tip)).content).tree).toBe(version.tree);
    expect(await opened.registry.tags.find(FAMILY, 'v1.0.0')).toBe(version.digest);
    expect(await main()).toBe(tip);
    await sound();
  });

  test('gives the digest that publishing the same gives', async () => {
    await push(['v1.0.0', definition('one')]);
    await publishTo(definitions, 'other', 'v1.0.0', { 'test-case.toml': 'name = "Carom"\n', 'prompt.md': 'one' });
    const [one, other] = await Promise.all([
      definitions.versions.resolve(FAMILY, 'v1.0.0'),
      definitions.versions.resolve('other', 'v1.0.0'),
    ]);
    expect([one.tree, one.layer, one.config]).toEqual([other.tree, other.layer, other.config]);
    const same = { 'test-case.toml': 'name = "Carom"\n', 'prompt.md': 'one' };
    expect(await publishTo(definitions, FAMILY, 'v1.0.0', same)).toEqual({ outcome: 'unchanged', version: one });
  });

  test('may be an annotated one', async () => {
    const tip = definition('one');
    expect(await push(['v1.0.0', annotated('v1.0.0', tip)])).toEqual({ 'refs/tags/v1.0.0': undefined });
    expect((await definitions.versions.resolve(FAMILY, 'v1.0.0')).commit).toBe(tip);
    expect(await main()).toBe(tip);
    await sound();
  });

  test('moves main on from what it stands on, and leaves it where it does not', async () => {
    const one = definition('one');
    await push(['v1.0.0', one]);
    const two = definition('two', [one]);
    await push(['v2.0.0', two]);
    expect(await main()).toBe(two);
    const aside = definition('aside', [one]);
    await push(['v1.0.1', aside]);
    expect(await main()).toBe(two);
    expect((await definitions.versions.resolve(FAMILY, 'v1.0.1')).commit).toBe(aside);
    await sound();
  });

  test('brings main to the end of several, in whichever order their names are', async () => {
    const one = definition('one');
    const nine = definition('nine', [one]);
    const ten = definition('ten', [nine]);
    await push(['v1.0.0', one], ['v1.10.0', ten], ['v1.9.0', nine]);
    expect(await main()).toBe(ten);
    expect(await events()).toMatchObject([
      { number: 0, what: 'published', version: 'v1.0.0' },
      { number: 1, what: 'published', version: 'v1.10.0' },
      { number: 2, what: 'published', version: 'v1.9.0' },
    ]);
    await sound();
  });

  test('brings main forward over commits that are older than what they were made on', async () => {
    const files = { 'test-case.toml': Buffer.from('name = "Carom"\n') };
    const one = parcel.commit(files, [], 'one\n', 3000);
    const between = parcel.commit(files, [one], 'between\n', 1000);
    const two = parcel.commit(files, [between], 'two\n', 2000);
    await push(['v1.0.0', one]);
    await push(['v2.0.0', two]);
    expect(await main()).toBe(two);
    await sound();
  });

  test('leaves main to who pushes it at the same time', async () => {
    const one = definition('one');
    const later = parcel.commit({ 'later.txt': Buffer.from('later') }, [one]);
    await pushTo(definitions, FAMILY, parcel, [newTag('v1.0.0', one), { name: MAIN, from: null, to: later }]);
    expect(await main()).toBe(later);
    await sound();
  });

  test('is taken where a branch is in the way of main', async () => {
    const one = definition('one');
    await pushTo(definitions, FAMILY, parcel, [{ name: `${MAIN}/line`, from: null, to: one }]);
    expect(await push(['v1.0.0', one])).toEqual({ 'refs/tags/v1.0.0': undefined });
    expect(await main()).toBeNull();
    await sound();
  });

  test('publishes nothing where it tags no definition', async () => {
    const plain = parcel.commit({ 'plain.txt': Buffer.from('plain') });
    const blob = parcel.add('blob', Buffer.from('a blob'));
    expect(await push(['v1.0.0', plain], ['v2.0.0', blob])).toEqual({
      'refs/tags/v1.0.0': undefined,
      'refs/tags/v2.0.0': undefined,
    });
    await expect(definitions.versions.resolve(FAMILY, 'v1.0.0')).rejects.toMatchObject({ code: 'version-unknown' });
    expect(await main()).toBeNull();
    await sound();
  });

  test('publishes nothing where its name is no version', async () => {
    await push(['v1.0', definition('one')], ['latest', definition('two')]);
    expect((await definitions.versions.family(FAMILY)).versions).toBe(0);
  });
});

describe('a tag of a bad definition', () => {
  test('is refused with what is wrong, and nothing is stored', async () => {
    const before = await everythingIn(opened.stores);
    const verdicts = await push(
      ['v1.0.0', definition('one', [], 'prompt = "no.md"\n')],
      ['v1.0.1', definition('one', [], 'version = "v1.0.2"\n')],
      ['v1.0.2', definition('one', [], 'name = ')],
      ['v1.0.3', definition('one', [], 'family = "test-cases/another"\n')],
    );
    expect(verdicts['refs/tags/v1.0.0']).toMatch(/^test-case\.toml:1: prompt: .*no\.md/);
    expect(verdicts['refs/tags/v1.0.1']).toContain('v1.0.2');
    expect(verdicts['refs/tags/v1.0.2']).toContain('test-case.toml:1');
    expect(verdicts['refs/tags/v1.0.3']).toContain('of test-cases/another, and this is test-cases/carom');
    expect(await everythingIn(opened.stores)).toEqual(before);
  });

  test('keeps good ones beside it from being published only where the push is atomic', async () => {
    const [good, bad] = [definition('good'), definition('bad', [], 'name = ')];
    const updates = [newTag('v1.0.0', good), newTag('v2.0.0', bad)];
    const before = await everythingIn(opened.stores);
    expect((await pushTo(definitions, FAMILY, parcel, updates, ['atomic']))['refs/tags/v1.0.0']).toContain('atomic');
    expect(await everythingIn(opened.stores)).toEqual(before);
    expect((await pushTo(definitions, FAMILY, parcel, updates))['refs/tags/v1.0.0']).toBeUndefined();
    expect((await definitions.versions.family(FAMILY)).latest).toBe('v1.0.0');
    expect(await main()).toBe(good);
    await sound();
  });

  test('is refused where an OCI tag has its name, and others are not', async () => {
    await pushImage(opened.registry, FAMILY, 'v1.0.0', [Buffer.from('{}')]);
    const verdicts = await push(['v1.0.0', definition('one')], ['v2.0.0', definition('two')]);
    expect(verdicts['refs/tags/v1.0.0']).toContain('OCI tag');
    expect(verdicts['refs/tags/v2.0.0']).toBeUndefined();
    await sound();
  });

  test('is refused where it is of another kind than the one before it, in the same push or another', async () => {
    const files = { 'container.toml': Buffer.from('name = "C"\n'), Dockerfile: Buffer.from('FROM scratch\n') };
    const [test, other] = [definition('one'), parcel.commit(files)];
    const verdicts = await push(['v1.0.0', test], ['v2.0.0', other]);
    expect(verdicts['refs/tags/v1.0.0']).toBeUndefined();
    expect(verdicts['refs/tags/v2.0.0']).toContain('container');
    expect((await push(['v2.0.0', other]))['refs/tags/v2.0.0']).toContain('container');
    await sound();
  });
});

describe('the tag of a published version', () => {
  test('neither moves nor goes, and may be pushed again as it is', async () => {
    const [one, two] = [definition('one'), definition('two')];
    await push(['v1.0.0', one]);
    await publishTo(definitions, FAMILY, 'v2.0.0', testCase());
    const published = (await definitions.versions.resolve(FAMILY, 'v2.0.0')).commit;
    const before = await everythingIn(opened.stores);
    for (const [tag, from] of [
      ['v1.0.0', one],
      ['v2.0.0', published],
    ] as const) {
      const name = `refs/tags/${tag}`;
      const moved = await pushTo(definitions, FAMILY, parcel, [{ name, from, to: two }]);
      expect(moved[name]).toContain(from);
      expect(moved[name]).toContain(two);
      const gone = await pushTo(definitions, FAMILY, parcel, [{ name, from, to: null }]);
      expect(gone[name]).toContain('cannot be deleted');
    }
    expect(await everythingIn(opened.stores)).toEqual(before);
    expect(await pushTo(definitions, FAMILY, parcel, [{ name: 'refs/tags/v1.0.0', from: one, to: one }])).toEqual({
      'refs/tags/v1.0.0': undefined,
    });
    expect((await definitions.versions.resolve(FAMILY, 'v1.0.0')).commit).toBe(one);
    await sound();
  });

  test('stays when main is forced elsewhere or deleted, and the next version begins anew', async () => {
    const { version: one } = await publishTo(definitions, FAMILY, 'v1.0.0', testCase());
    await pushTo(definitions, FAMILY, parcel, [{ name: MAIN, from: one.commit, to: null }]);
    const { version: two } = await publishTo(definitions, FAMILY, 'v2.0.0', testCase({ more: '2' }));
    const elsewhere = parcel.commit({ plain: Buffer.from('x') });
    await pushTo(definitions, FAMILY, parcel, [{ name: MAIN, from: two.commit, to: elsewhere }]);
    const { version: three } = await publishTo(definitions, FAMILY, 'v3.0.0', testCase({ more: '3' }));
    const { objects } = await definitions.repository(FAMILY);
    expect(parseCommit((await readContent(objects, two.commit)).content).parents).toEqual([]);
    expect(parseCommit((await readContent(objects, three.commit)).content).parents).toEqual([elsewhere]);
    expect(await definitions.versions.resolve(FAMILY, 'v1.0.0')).toEqual(one);
    await sound();
  });
});
