import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { Definitions } from '../../../lib/definition/definitions.ts';
import type { Version } from '../../../lib/definition/wire.ts';
import type { KeyedStore } from '../../../lib/store/keyed-store.ts';
import { pinKey } from '../../../lib/store/keys.ts';
import { pushImage } from '../../support/images.ts';
import { everythingIn, expectSound, publishTo, testCase } from '../../support/publishing.ts';
import { openTestRegistry, type TestRegistry } from '../../support/registry.ts';
import { definitionsOn, SOMEBODY, valueOf } from '../../support/stored-git.ts';

const FAMILY = 'test-cases/carom';
const OTHER = { address: '10.0.0.7' };

let opened: TestRegistry;
let definitions: Definitions;
let one: Version;
let two: Version;
beforeEach(async () => {
  opened = await openTestRegistry();
  definitions = definitionsOn(opened.stores, opened.registry, () => opened.time);
  ({ version: one } = await publishTo(definitions, FAMILY, 'v1.0.0', testCase()));
  ({ version: two } = await publishTo(definitions, FAMILY, 'v2.0.0', testCase({ two: '2' })));
});
afterEach(() => opened.close());

const sound = (): Promise<void> => expectSound(opened.stores, opened.registry);
const at = ({ version, digest }: Version): object => ({ version, digest });
const now = (): string => new Date(opened.time).toISOString();

async function inAllDialects(pin: string): Promise<unknown[]> {
  const repository = await definitions.repository(FAMILY);
  const resolved = await definitions.versions.resolve(FAMILY, pin).catch(() => undefined);
  const [tag, ref] = [
    await opened.registry.tags.find(FAMILY, pin),
    await valueOf(repository, `refs/heads/pins/${pin}`),
  ];
  return [resolved?.digest, tag, ref];
}

async function expectRefused(changing: Promise<unknown>, expected: object): Promise<void> {
  const before = await everythingIn(opened.stores);
  await expect(changing).rejects.toMatchObject(expected);
  expect(await everythingIn(opened.stores)).toEqual(before);
}

/** The same store, in which something else happens once, just after a key was read for the first time. */
function afterReadOf(keys: KeyedStore, read: Uint8Array, happen: () => Promise<unknown>): KeyedStore {
  let happened = false;
  return {
    list: (range) => keys.list(range),
    commit: (commit) => keys.commit(commit),
    close: () => keys.close(),
    async get(key) {
      const value = await keys.get(key);
      if (!happened && Buffer.compare(key, read) === 0) {
        happened = true;
        await happen();
      }
      return value;
    },
  };
}

/** Definitions on a store in which the pin goes elsewhere once it was read. */
function overtaken(meanwhile: string): Definitions {
  const { stores, registry } = opened;
  const move = (): Promise<unknown> => definitions.pins.change(FAMILY, 'stable', { to: meanwhile }, OTHER);
  const keys = afterReadOf(stores.keys, pinKey(FAMILY, 'stable'), move);
  return definitionsOn({ ...stores, keys }, registry, () => opened.time);
}

describe('a pin', () => {
  test('is a name in all dialects, wherever it goes', async () => {
    const { pins } = definitions;
    const made = await pins.change(FAMILY, 'stable', { to: 'v1.0.0', note: 'first' }, SOMEBODY);
    expect(made).toEqual({ family: FAMILY, pin: 'stable', ...at(one), at: now(), by: SOMEBODY });
    expect(await inAllDialects('stable')).toEqual([one.digest, one.digest, one.commit]);
    await sound();
    await pins.change(FAMILY, 'stable', { to: two.digest }, OTHER);
    expect(await inAllDialects('stable')).toEqual([two.digest, two.digest, two.commit]);
    await pins.change(FAMILY, 'next', { to: 'stable' }, OTHER);
    await pins.change(FAMILY, 'old', { to: 'v1.0.0' }, OTHER);
    expect((await definitions.versions.resolve(FAMILY, 'v2.0.0')).pins).toEqual(['next', 'stable']);
    expect((await definitions.versions.family(FAMILY)).pins).toEqual({
      next: 'v2.0.0',
      old: 'v1.0.0',
      stable: 'v2.0.0',
    });
    await sound();
    expect(await pins.change(FAMILY, 'stable', { to: null }, OTHER)).toBeUndefined();
    expect(await inAllDialects('stable')).toEqual([undefined, undefined, null]);
    expect((await pins.list(FAMILY)).map(({ pin }) => pin)).toEqual(['next', 'old']);
    await sound();
  });

  test('keeps its history, newest first, also when it is gone and comes back', async () => {
    const { pins } = definitions;
    await pins.change(FAMILY, 'stable', { to: 'v1.0.0', note: 'first' }, SOMEBODY);
    await pins.change(FAMILY, 'other', { to: 'v1.0.0' }, SOMEBODY);
    opened.time += 1000;
    await pins.change(FAMILY, 'stable', { to: 'v2.0.0', expect: one.digest }, OTHER);
    await pins.change(FAMILY, 'stable', { to: null, expect: two.digest, note: 'broken' }, SOMEBODY);
    const moves = [
      { from: at(two), to: null, by: SOMEBODY, at: now(), note: 'broken' },
      { from: at(one), to: at(two), by: OTHER, at: now() },
      { from: null, to: at(one), by: SOMEBODY, at: new Date(opened.time - 1000).toISOString(), note: 'first' },
    ];
    expect(await pins.history(FAMILY, 'stable')).toEqual({
      family: FAMILY,
      pin: 'stable',
      current: null,
      history: moves,
    });
    await pins.change(FAMILY, 'stable', { to: 'v1.0.0', expect: null }, SOMEBODY);
    const { current, history } = await pins.history(FAMILY, 'stable');
    expect(current).toEqual(at(one));
    expect(history.slice(1)).toEqual(moves);
    const events = (await definitions.events.page(FAMILY, undefined, 100)).events;
    expect(events.map(({ number }) => number)).toEqual([6, 5, 4, 3, 2, 1, 0]);
  });

  test('that is moved to where it stands stays as it is, and nothing happened', async () => {
    await definitions.pins.change(FAMILY, 'stable', { to: 'v1.0.0' }, SOMEBODY);
    const before = await everythingIn(opened.stores);
    opened.time += 1000;
    const again = await definitions.pins.change(FAMILY, 'stable', { to: 'stable', expect: one.digest }, OTHER);
    expect(again).toMatchObject({ ...at(one), by: SOMEBODY });
    expect(await everythingIn(opened.stores)).toEqual(before);
  });

  test('moves only from where it is expected', async () => {
    const { pins } = definitions;
    await expectRefused(pins.change(FAMILY, 'stable', { to: 'v1.0.0', expect: one.digest }, SOMEBODY), {
      code: 'pin-moved',
      detail: { current: null },
    });
    await pins.change(FAMILY, 'stable', { to: 'v1.0.0', expect: null }, SOMEBODY);
    for (const expected of [null, two.digest]) {
      for (const to of ['v2.0.0', 'v1.0.0', null]) {
        await expectRefused(pins.change(FAMILY, 'stable', { to, expect: expected }, SOMEBODY), {
          code: 'pin-moved',
          detail: { current: at(one) },
          message: expect.stringContaining(one.digest),
        });
      }
    }
    for (const wrong of ['', 'v1.0.0', 'sha256:1', one.digest.toUpperCase()])
      await expectRefused(pins.change(FAMILY, 'stable', { to: 'v2.0.0', expect: wrong }, SOMEBODY), {
        code: 'pin-invalid',
      });
  });

  test('moves once when many expect the same', async () => {
    await definitions.pins.change(FAMILY, 'stable', { to: 'v1.0.0' }, SOMEBODY);
    for (const [from, to] of [
      [one, two],
      [two, one],
    ] as const) {
      const moves = await Promise.allSettled(
        Array.from({ length: 8 }, (_, each) =>
          definitions.pins.change(FAMILY, 'stable', { to: to.version, expect: from.digest }, { address: `${each}` }),
        ),
      );
      expect(moves.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
      const reasons = moves.flatMap((move) => (move.status === 'rejected' ? [move.reason as unknown] : []));
      expect(reasons).toMatchObject(reasons.map(() => ({ code: 'pin-moved', detail: { current: at(to) } })));
    }
    expect((await definitions.pins.history(FAMILY, 'stable')).history).toHaveLength(3);
    await sound();
  });

  test('ends at one place in all dialects when many move it without expecting anything', async () => {
    await Promise.all(
      Array.from({ length: 10 }, (_, each) =>
        definitions.pins.change(FAMILY, 'stable', { to: each % 2 === 0 ? 'v1.0.0' : 'v2.0.0' }, SOMEBODY),
      ),
    );
    const { version, digest, commit } = await definitions.versions.resolve(FAMILY, 'stable');
    expect([one.version, two.version]).toContain(version);
    expect(await inAllDialects('stable')).toEqual([digest, digest, commit]);
    const { history } = await definitions.pins.history(FAMILY, 'stable');
    for (const [place, move] of history.slice(0, -1).entries()) expect(move.from).toEqual(history[place + 1]?.to);
    await sound();
  });

  describe('that somebody else moves between two looks at it', () => {
    beforeEach(() => definitions.pins.change(FAMILY, 'stable', { to: 'v1.0.0' }, SOMEBODY));

    test.each(['v2.0.0', 'v3.0.0'])('goes to %s all the same', async (to) => {
      await publishTo(definitions, FAMILY, 'v3.0.0', testCase({ three: '3' }));
      expect(await overtaken('v2.0.0').pins.change(FAMILY, 'stable', { to }, SOMEBODY)).toMatchObject({ version: to });
      const { digest, commit } = await definitions.versions.resolve(FAMILY, to);
      expect(await inAllDialects('stable')).toEqual([digest, digest, commit]);
      await sound();
    });

    test('is not where it was expected', async () => {
      const change = { to: 'v2.0.0', expect: one.digest };
      await expect(overtaken('v2.0.0').pins.change(FAMILY, 'stable', change, SOMEBODY)).rejects.toMatchObject({
        code: 'pin-moved',
        detail: { current: at(two) },
      });
    });
  });

  test.each(['v1.0.0', 'Stable', 'a b', '', '.a', '-a', 'a..b', 'a.lock', 'a.', 'a/b', 'ä', 'a'.repeat(101), 'a\0b'])(
    'cannot be called %j',
    async (pin) => {
      await expectRefused(definitions.pins.change(FAMILY, pin, { to: 'v1.0.0' }, SOMEBODY), { code: 'pin-invalid' });
    },
  );

  test.each(['a', '0', 'a-b_c.d', 'latest', 'main', 'head', 'v1', 'v1.0', 'a'.repeat(100)])(
    'can be called %s',
    async (pin) => {
      await definitions.pins.change(FAMILY, pin, { to: 'v1.0.0' }, SOMEBODY);
      expect(await inAllDialects(pin)).toEqual([one.digest, one.digest, one.commit]);
      await sound();
    },
  );

  test('is refused what is not there', async () => {
    const { pins } = definitions;
    await pushImage(opened.registry, FAMILY, 'taken', [Buffer.from('{}')]);
    await expectRefused(pins.change(FAMILY, 'taken', { to: 'v1.0.0' }, SOMEBODY), { code: 'name-taken' });
    await expectRefused(pins.change(FAMILY, 'stable', { to: 'v3.0.0' }, SOMEBODY), { code: 'version-unknown' });
    await expectRefused(pins.change(FAMILY, 'stable', { to: 'taken' }, SOMEBODY), { code: 'version-unknown' });
    await expectRefused(pins.change(FAMILY, 'stable', { to: null }, SOMEBODY), { code: 'pin-unknown' });
    await expectRefused(pins.change('nobody', 'stable', { to: 'v1.0.0' }, SOMEBODY), { code: 'name-unknown' });
    await expectRefused(pins.change('nobody', 'stable', { to: null }, SOMEBODY), { code: 'name-unknown' });
    for (const note of ['x'.repeat(2001), 'half \ud83d of a pair']) {
      await expectRefused(pins.change(FAMILY, 'stable', { to: 'v1.0.0', note }, SOMEBODY), {
        code: 'pin-invalid',
      });
    }
    await expectRefused(pins.history(FAMILY, 'stable'), { code: 'pin-unknown' });
    await expectRefused(pins.history('nobody', 'stable'), { code: 'name-unknown' });
    await expectRefused(pins.list('nobody'), { code: 'name-unknown' });
  });
});

describe('a reference', () => {
  test.each(['', 'x'.repeat(3000), 'a\0b', '..', 'v9.9.9', `sha256:${'0'.repeat(64)}`, 'sha256:', '\u{1f3b1}'])(
    '%j names nothing',
    async (ref) => {
      await expect(definitions.versions.resolve(FAMILY, ref)).rejects.toMatchObject({ code: 'version-unknown' });
      await expect(definitions.pins.history(FAMILY, ref)).rejects.toMatchObject({ code: 'pin-unknown' });
    },
  );

  test('of other letters finds no pin whose bytes are half of them', async () => {
    await definitions.pins.change(FAMILY, 'stable', { to: 'v1.0.0' }, SOMEBODY);
    await expect(definitions.versions.resolve(FAMILY, '\u0173table')).rejects.toMatchObject({
      code: 'version-unknown',
    });
    await expect(definitions.pins.history(FAMILY, '\u0173table')).rejects.toMatchObject({ code: 'pin-unknown' });
    expect((await definitions.versions.families('\u0174est', undefined, 10)).families).toEqual([]);
    expect((await definitions.versions.families('test', undefined, 10)).families).toHaveLength(1);
  });

  test('latest is the newest release that is not retired, and a pin of that name goes before it', async () => {
    const latest = async (): Promise<string> => (await definitions.versions.resolve(FAMILY, 'latest')).version;
    await publishTo(definitions, FAMILY, 'v3.0.0-rc.1', testCase({ three: '3' }));
    expect(await latest()).toBe('v2.0.0');
    await definitions.statements.add(FAMILY, 'v2.0.0', { kind: 'retired', text: 'wrong' }, SOMEBODY);
    expect(await latest()).toBe('v1.0.0');
    await definitions.statements.add(FAMILY, 'v1.0.0', { kind: 'retired', text: 'wrong' }, SOMEBODY);
    expect(await latest()).toBe('v3.0.0-rc.1');
    await definitions.statements.add(FAMILY, 'v2.0.0', { kind: 'restored', text: 'right' }, SOMEBODY);
    expect(await latest()).toBe('v2.0.0');
    await definitions.pins.change(FAMILY, 'latest', { to: 'v1.0.0' }, SOMEBODY);
    expect(await latest()).toBe('v1.0.0');
  });

  test('that is unknown is told what there is', async () => {
    await expect(definitions.versions.resolve(FAMILY, 'v9.0.0')).rejects.toThrow('it has v1.0.0, v2.0.0');
  });
});

describe('what is said of a version', () => {
  test('stands beside it and changes nothing of it', async () => {
    const { statements } = definitions;
    const erratum = { kind: 'erratum', text: ' The third proof is mirrored. ' };
    const said = await statements.add(FAMILY, one.digest, erratum, SOMEBODY);
    const statement = { kind: 'erratum', text: 'The third proof is mirrored.', at: now(), by: SOMEBODY };
    expect(said).toEqual({ ...one, statements: [statement] });
    const retired = await statements.add(FAMILY, 'v1.0.0', { kind: 'retired', text: 'Use v2.0.0' }, OTHER);
    expect(retired).toMatchObject({ retired: 'Use v2.0.0', digest: one.digest });
    expect(retired.statements).toHaveLength(2);
    expect((await definitions.files.list(retired)).files).toEqual((await definitions.files.list(one)).files);
    expect((await publishTo(definitions, FAMILY, 'v1.0.0', testCase())).outcome).toBe('unchanged');
    const restored = await statements.add(FAMILY, 'v1.0.0', { kind: 'restored', text: 'after all' }, OTHER);
    expect(restored).not.toHaveProperty('retired');
    const { events } = await definitions.events.page(FAMILY, undefined, 3);
    expect(events.map(({ what }) => what)).toEqual(['restored', 'retired', 'erratum']);
    await sound();
  });

  test.each([
    [{ kind: 'deleted', text: 'x' }],
    [{ kind: 'erratum' }],
    [{ kind: 'erratum', text: '' }],
    [{ kind: 'erratum', text: ' \n ' }],
    [{ kind: 'erratum', text: 1 }],
    [{ kind: 'erratum', text: 'x'.repeat(2001) }],
    [{ kind: 'erratum', text: '\ud800' }],
    [{ kind: 'restored', text: 'was not retired' }],
    [null],
    ['erratum'],
    [[]],
  ])('is refused: %j', async (statement) => {
    await expectRefused(definitions.statements.add(FAMILY, 'v1.0.0', statement, SOMEBODY), {
      code: 'statement-invalid',
    });
  });

  test('is kept of everybody who says it at once, and retires but once', async () => {
    const errata = Array.from({ length: 12 }, (_, each) => ({ kind: 'erratum', text: `erratum ${each}` }));
    const retire = Array.from({ length: 4 }, () => ({ kind: 'retired', text: 'wrong' }));
    const said = await Promise.allSettled(
      [...errata, ...retire].map((each) => definitions.statements.add(FAMILY, 'v1.0.0', each, SOMEBODY)),
    );
    expect(said.filter(({ status }) => status === 'rejected')).toHaveLength(3);
    const { statements } = await definitions.versions.resolve(FAMILY, 'v1.0.0');
    expect(new Set(statements.map(({ text }) => text))).toEqual(new Set([...errata.map(({ text }) => text), 'wrong']));
    expect(statements).toHaveLength(13);
    await sound();
  });

  test('can always be that it is retired, however much was said before', async () => {
    for (let each = 0; each < 100; each += 1)
      await definitions.statements.add(FAMILY, 'v1.0.0', { kind: 'erratum', text: `${each}` }, SOMEBODY);
    await expectRefused(definitions.statements.add(FAMILY, 'v1.0.0', { kind: 'erratum', text: 'more' }, SOMEBODY), {
      code: 'statement-invalid',
    });
    const retired = await definitions.statements.add(FAMILY, 'v1.0.0', { kind: 'retired', text: 'enough' }, SOMEBODY);
    expect(retired.retired).toBe('enough');
  });
});

describe('the history of a family', () => {
  test('comes in pages, newest first, without gaps', async () => {
    for (let each = 0; each < 7; each += 1)
      await definitions.pins.change(FAMILY, 'stable', { to: each % 2 === 0 ? 'v1.0.0' : 'v2.0.0' }, SOMEBODY);
    const numbers: number[] = [];
    for (let last: string | undefined, pages = 0; pages < 10; pages += 1) {
      const { events, next } = await definitions.events.page(FAMILY, last, 2);
      numbers.push(...events.map(({ number }) => number));
      if (next === undefined) break;
      last = next;
    }
    expect(numbers).toEqual([8, 7, 6, 5, 4, 3, 2, 1, 0]);
    expect(await definitions.events.page(FAMILY, '0', 2)).toEqual({ events: [] });
    expect((await definitions.events.page(FAMILY, '999999999999999', 2)).events).toHaveLength(2);
    for (const last of ['', '-1', '1.5', 'x', '1e3', '9'.repeat(16)])
      await expect(definitions.events.page(FAMILY, last, 2)).rejects.toMatchObject({ code: 'event-page-invalid' });
  });
});
