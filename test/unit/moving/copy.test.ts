import * as fc from 'fast-check';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import type { Sha256 } from '../../../lib/encoding/digest.ts';
import { copyStore, type CopyOptions, type CopyReport, type Place } from '../../../lib/moving/copy.ts';
import { LogSigner } from '../../../lib/log/log-signer.ts';
import { requireWhole } from '../../../lib/moving/note.ts';
import { FileLayout } from '../../../lib/store/files/file-layout.ts';
import { DATA_FORMAT } from '../../../lib/store/data-format.ts';
import { encodeJson } from '../../../lib/store/json-value.ts';
import { allInline } from '../../../lib/store/key-ranges.ts';
import { contentOfKey, formatKey, inlineKey, leaseKey, uploadKey } from '../../../lib/store/keys.ts';
import type { MoveMark } from '../../../lib/store/move-mark.ts';
import { announceServer } from '../../../lib/store/presence.ts';
import type { KeyedStore } from '../../../lib/store/keyed-store.ts';
import { collect } from '../../../lib/upkeep/collect.ts';
import { actions, contentOf, put } from '../../support/moved-content.ts';
import { UNHURRIED, useMovePlaces, type MovePlace } from '../../support/move-places.ts';
import { everythingIn, expectSound } from '../../support/publishing.ts';
import { rounds } from '../../support/rounds.ts';
import { registryOn } from '../../support/use-stores.ts';

const ROUNDS = rounds(2, 6);
const { folder, open } = useMovePlaces();

const ALL = [
  { what: 'blob', size: 500 },
  { what: 'blob', size: 300_000 },
  { what: 'blob', size: 65_537 },
  { what: 'alias', size: 90_000 },
  { what: 'upload', size: 90_000 },
  { what: 'version', size: 3_000 },
  { what: 'version', size: 400_000 },
] as const;

function copy(from: CopyOptions['from'], to: CopyOptions['to'], more: Partial<CopyOptions> = {}): Promise<CopyReport> {
  return copyStore({ from, to, ...UNHURRIED, ...more });
}

async function filled(signer?: LogSigner): Promise<MovePlace> {
  const place = await open();
  await put(place.stores, ALL, signer);
  return place;
}

/** Of another log. */
function stranger(): Promise<MovePlace> {
  return filled(LogSigner.generate());
}

async function collectIn({ stores }: Pick<MovePlace, 'stores'>): Promise<void> {
  // A little later, so that what was named in this very millisecond is old enough.
  const options = { graceMs: 0, uploadExpiryMs: 3_600_000, now: () => Date.now() + 1_000 };
  await collect(stores, registryOn(stores), options);
}

/** Collects what no manifest names, and returns a blob that went with it. */
async function removeOne(place: MovePlace): Promise<Sha256> {
  const blobs: Sha256[] = [];
  for await (const { digest } of place.blobs.list()) blobs.push(digest);
  await collectIn(place);
  for (const digest of blobs) if ((await place.blobs.stat(digest)) === undefined) return digest;
  throw new Error('there was no blob to take away');
}

/** Holds for the place of the blobs by itself, whatever keys it is opened with. */
async function mayBeServed({ blobs }: Pick<MovePlace, 'blobs'>): Promise<boolean> {
  const keys = (await open()).keys;
  return requireWhole(keys, blobs).then(
    () => true,
    () => false,
  );
}

/** The same keys, of which one commit fails: nothing of it is made, and nothing after it is tried. */
function dyingAt(keys: KeyedStore, commit: number): KeyedStore {
  let commits = 0;
  return {
    get: (key) => keys.get(key),
    list: (range) => keys.list(range),
    close: () => keys.close(),
    async commit(change) {
      commits += 1;
      if (commits >= commit) throw new Error('died');
      return keys.commit(change);
    },
  };
}

/** The same blobs, where one step of the mark fails: nothing after it is done. */
function dyingMark(blobs: Place['blobs'], step: keyof MoveMark, when: 'before' | 'after'): Place['blobs'] {
  async function dying(bytes: Uint8Array): Promise<never> {
    if (when === 'after') await blobs[step](bytes);
    throw new Error('died');
  }
  return {
    stat: (digest) => blobs.stat(digest),
    read: (digest, range) => blobs.read(digest, range),
    write: (digest, source, signal) => blobs.write(digest, source, signal),
    delete: (digest) => blobs.delete(digest),
    list: () => blobs.list(),
    readMark: () => blobs.readMark(),
    makeMark: (bytes) => blobs.makeMark(bytes),
    removeMark: () => blobs.removeMark(),
    [step]: dying,
  };
}

function isWhole(keys: KeyedStore): Promise<boolean> {
  return requireWhole(keys).then(
    () => true,
    () => false,
  );
}

describe('a copy', () => {
  test('of any content has every key that is not left out and every blob, and is sound', async () => {
    await fc.assert(
      fc.asyncProperty(actions, actions, async (steps, more) => {
        const [from, to] = [await open(), await open()];
        await put(from.stores, steps);
        // What an earlier try has copied in part: the source has changed since.
        await copy(from, to, { ahead: true });
        await put(from.stores, more);
        const { ended, damaged } = await copy(from, to);
        expect({ ended, damaged }).toEqual({ ended: true, damaged: [] });
        expect(await contentOf(to)).toEqual(await contentOf(from));
        await expectSound(to.stores, registryOn(to.stores));
      }),
      { numRuns: ROUNDS },
    );
  });

  test('leaves out open uploads and leases, and says so', async () => {
    const [from, to] = [await filled(), await open()];
    const { uploads, log } = await copy(from, to);
    expect(uploads).toBe(1);
    expect(log).toMatchObject({ size: 2 });
    expect(Object.keys(await everythingIn(to.stores)).filter((key) => /^[LUY]/.test(key))).toEqual([]);
  });

  test('counts what it copied', async () => {
    const [from, to] = [await filled(), await open()];
    const { keys, blobs, blobs: count, written } = await copy(from, to);
    const { keys: expected, blobs: files } = await contentOf(from);
    expect(keys).toBe(Object.keys(expected).length);
    expect(blobs).toBe(Object.keys(files).length);
    expect(written).toBe(count);
  });

  test('that died at any commit goes on, and is not served in between', async () => {
    const from = await filled();
    const expected = await contentOf(from);
    for (const at of [1, 2, 3, 4]) {
      const to = await open();
      const failed = copy(from, { ...to, keys: dyingAt(to.keys, at) });
      const how = await failed.then(
        () => 'ended',
        (error: unknown) => String(error),
      );
      if (how === 'ended') break;
      // The first of them is the note itself.
      expect(await isWhole(to.keys)).toBe(at === 1);
      await copy(from, to);
      await requireWhole(to.keys);
      expect(await contentOf(to)).toEqual(expected);
    }
  });

  test.each([
    ['makeMark', 'before'],
    ['makeMark', 'after'],
    ['removeMark', 'before'],
    ['removeMark', 'after'],
  ] as const)('of all, or of the blobs alone, that died at %s, %s it was done, goes on', async (step, when) => {
    const from = await filled();
    for (const keysStay of [false, true]) {
      const place = await open();
      const to = keysStay ? { ...place, keys: from.keys } : place;
      await expect(copy(from, { ...to, blobs: dyingMark(place.blobs, step, when) })).rejects.toThrow('died');
      expect(await isWhole(to.keys)).toBe(keysStay);
      expect(await copy(from, to)).toMatchObject({ ended: true, damaged: [] });
      await requireWhole(to.keys, to.blobs);
      expect(await contentOf(to)).toEqual(await contentOf(from));
    }
  });

  test('writes no blob again that an earlier try has written', async () => {
    const [from, to] = [await filled(), await open()];
    const { written } = await copy(from, to, { ahead: true });
    expect(written).toBeGreaterThan(3);
    expect(await copy(from, to)).toMatchObject({ written: 0, ended: true });
  });

  test('goes on under other names, as machines and folders get them', async () => {
    const [from, to] = [await filled(), await open()];
    await copy(from, to, { ahead: true });
    const renamed = [from, to].map((place) => ({ ...place, name: `${place.name} moved`, blobsName: 'elsewhere' }));
    expect(await copy(renamed[0]!, renamed[1]!)).toMatchObject({ written: 0, ended: true });
    await requireWhole(to.keys, to.blobs);
  });

  test('marks the place of the blobs until it has ended', async () => {
    const [from, to] = [await filled(), await open()];
    await copy(from, to, { ahead: true });
    expect(await mayBeServed(to)).toBe(false);
    await copy(from, to);
    expect(await mayBeServed(to)).toBe(true);
  });

  test('goes on after a garbage collection on the source, and then has what the source has', async () => {
    const [from, to] = [await filled(), await open()];
    await copy(from, to, { ahead: true });
    const gone = await removeOne(from);
    expect(await copy(from, to)).toMatchObject({ ended: true, damaged: [] });
    // What was copied and is no longer named goes with the first collection.
    await collectIn(to);
    expect(await to.blobs.stat(gone)).toBeUndefined();
    expect(await contentOf(to)).toEqual(await contentOf(from));
    await expectSound(to.stores, registryOn(to.stores));
  });

  test('takes away what the source no longer has', async () => {
    const [from, to] = [await filled(), await open()];
    await copy(from, to, { ahead: true });
    const [gone] = await from.keys.list({ ...allInline, limit: 1 });
    await from.keys.commit({ deletes: [gone!.key] });
    await copy(from, to);
    expect(await to.keys.get(gone!.key)).toBeUndefined();
  });
});

describe('a copy is refused', () => {
  test('into a store that has keys', async () => {
    const [from, to] = [await filled(), await open()];
    await put(to.stores, [{ what: 'blob', size: 1 }]);
    const before = await everythingIn(to.stores);
    await expect(copy(from, to)).rejects.toMatchObject({ code: 'not-empty' });
    expect(await everythingIn(to.stores)).toEqual(before);
  });

  test('into a place for blobs that has some', async () => {
    const [from, to, other] = [await filled(), await open(), await filled()];
    await expect(copy(from, { ...to, blobs: other.blobs })).rejects.toMatchObject({ code: 'not-empty' });
    expect(await everythingIn(to.stores)).toEqual({});
  });

  test('into what another copy has begun, or with blobs to another place', async () => {
    const [from, other, to, elsewhere] = [await filled(), await stranger(), await open(), await open()];
    await copy(from, to, { ahead: true });
    await expect(copy(other, to)).rejects.toMatchObject({ code: 'not-empty' });
    await expect(copy(other, { ...elsewhere, blobs: to.blobs })).rejects.toMatchObject({ code: 'not-empty' });
    const { blobs, blobsName } = elsewhere;
    await expect(copy(from, { ...to, blobs, blobsName })).rejects.toMatchObject({ code: 'not-empty' });
    await copy(from, to);
  });

  test('from or into a place of the same name, where it is another', async () => {
    const [from, other, to] = [await filled(), await stranger(), await open()];
    await copy(from, to, { ahead: true });
    await expect(copy({ ...other, name: from.name }, to)).rejects.toMatchObject({ code: 'not-empty' });
    await copy(from, to);
  });

  test('of data of a newer format, and of an older one until a server has brought it forward', async () => {
    const [from, to] = [await filled(), await open()];
    await from.keys.commit({ puts: [{ key: formatKey, value: encodeJson({ format: DATA_FORMAT + 1 }) }] });
    await expect(copy(from, to)).rejects.toThrow(/newer Assay/);
    await from.keys.commit({ puts: [{ key: formatKey, value: encodeJson({ format: DATA_FORMAT - 1 }) }] });
    await expect(copy(from, to)).rejects.toThrow(/start its server once/);
    expect(await everythingIn(to.stores)).toEqual({});
  });

  test('into the place where it is', async () => {
    const from = await filled();
    await expect(copy(from, from)).rejects.toMatchObject({ code: 'same-place' });
  });

  test('while a server runs on the source, unless it is made ahead', async () => {
    const [from, to] = [await filled(), await open()];
    const servers = [await announceServer(from.keys, Date.now), await announceServer(from.keys, Date.now)];
    await expect(copy(from, to)).rejects.toMatchObject({
      code: 'in-use',
      message: expect.stringContaining('2 servers'),
    });
    expect(await copy(from, to, { ahead: true })).toMatchObject({ ended: false });
    await servers[0]!.leave();
    await expect(copy(from, to)).rejects.toMatchObject({ code: 'in-use' });
    await servers[1]!.leave();
    expect(await copy(from, to)).toMatchObject({ ended: true });
  });

  test('at its end, where a server was started meanwhile', async () => {
    const [from, to] = [await filled(), await open()];
    let started: Promise<unknown> | undefined;
    const onProgress = (): void => {
      started ??= announceServer(from.keys, Date.now);
    };
    await expect(copy(from, to, { onProgress })).rejects.toMatchObject({ code: 'in-use' });
    await expect(requireWhole(to.keys)).rejects.toMatchObject({ code: 'not-whole' });
  });

  test('by a lease alone: a server that ended without a word counts for a minute', async () => {
    const [from, to] = [await filled(), await open()];
    const key = leaseKey('serving 0');
    const until = Date.now() + 30_000;
    await from.keys.commit({ puts: [{ key, value: Buffer.from(JSON.stringify({ owner: 'x', until })) }] });
    await expect(copy(from, to)).rejects.toMatchObject({ code: 'in-use' });
    await copy(from, to, { now: () => until + 1 });
  });
});

describe('a copy of one half', () => {
  test('leaves the keys where they are, and goes on with the blobs that it had copied', async () => {
    const [from, to] = [await filled(), await open()];
    const half = { ...to, keys: from.keys };
    const before = await contentOf(from);
    await copy(from, half, { ahead: true });
    await put(from.stores, [{ what: 'blob', size: 300_000 }]);
    expect(await copy(from, half)).toMatchObject({ keys: 0, written: 1, ended: true });
    const after = await contentOf({ keys: from.keys, blobs: to.blobs });
    expect(after).toEqual(await contentOf(from));
    expect(Object.keys(after.blobs).length).toBe(Object.keys(before.blobs).length + 1);
  });

  test('is not served before it has ended, whatever keys somebody opens the place with', async () => {
    const [from, to] = [await filled(), await open()];
    const half = { ...to, keys: from.keys };
    await copy(from, half, { ahead: true });
    expect([await mayBeServed(to), await mayBeServed(from)]).toEqual([false, true]);
    await expect(requireWhole(from.keys, to.blobs)).rejects.toMatchObject({ code: 'not-whole' });
    await copy(from, half);
    expect(await mayBeServed(to)).toBe(true);
  });

  test('goes on after a garbage collection on the source', async () => {
    const [from, to] = [await filled(), await open()];
    const half = { ...to, keys: from.keys };
    await copy(from, half, { ahead: true });
    const gone = await removeOne(from);
    expect(await copy(from, half)).toMatchObject({ written: 0, ended: true });
    const moved = { ...from.stores, blobs: to.blobs };
    await collectIn({ stores: moved });
    expect(await to.blobs.stat(gone)).toBeUndefined();
    expect(await contentOf(moved)).toEqual(await contentOf(from));
  });

  test('and one of another store into the same place at once: one of them is refused, and harms nothing', async () => {
    const [from, other, to] = [await filled(), await stranger(), await open()];
    const both = [from, other].map((one) => copy(one, { ...to, keys: one.keys }));
    const outcomes = await Promise.allSettled(both);
    const refused = outcomes.flatMap((one) => (one.status === 'rejected' ? [one.reason as unknown] : []));
    expect(refused).toEqual([expect.objectContaining({ code: 'not-empty' })]);
    const winner = outcomes[0]?.status === 'fulfilled' ? from : other;
    expect(await contentOf({ keys: winner.keys, blobs: to.blobs })).toEqual(await contentOf(winner));
  });

  test('goes on where an earlier try has left no mark', async () => {
    const [from, to] = [await filled(), await open()];
    const half = { ...to, keys: from.keys };
    await copy(from, half, { ahead: true });
    await to.blobs.removeMark();
    expect(await copy(from, half)).toMatchObject({ written: 0, ended: true });
  });

  test('refuses a place with blobs that the store does not know', async () => {
    const [from, other] = [await filled(), await filled()];
    await expect(copy(from, { ...other, keys: from.keys })).rejects.toMatchObject({ code: 'not-empty' });
  });

  test('leaves the blobs where they are', async () => {
    const [from, to] = [await filled(), await open()];
    expect(await copy(from, { ...to, blobs: from.blobs })).toMatchObject({ blobs: 0, ended: true });
    expect(await contentOf({ keys: to.keys, blobs: from.blobs })).toEqual(await contentOf(from));
  });
});

async function damage(place: MovePlace, digest: Sha256, change: (bytes: Buffer) => Buffer): Promise<void> {
  const path = new FileLayout(join(folder(), place.name)).blob(digest);
  await writeFile(path, change(await readFile(path)));
}
const flip = (bytes: Buffer): Buffer => {
  const changed = Buffer.from(bytes);
  changed[Math.floor(changed.length / 2)]! ^= 1;
  return changed;
};

describe('what is damaged in the source', () => {
  test.each([
    ['flipped', flip],
    ['cut off', (bytes: Buffer) => bytes.subarray(0, bytes.length - 1)],
    ['longer', (bytes: Buffer) => Buffer.concat([bytes, Buffer.of(1)])],
  ])('is named, every blob of it, and left out, while all else arrives: %s', async (how, change) => {
    const [from, to] = [await filled(), await open()];
    const expected = await contentOf(from);
    const digests = Object.keys(expected.blobs) as Sha256[];
    const told: Sha256[] = [];
    for (const digest of digests) await damage(from, digest, change);
    const { damaged, ended } = await copy(from, to, { onDamaged: ({ content }) => told.push(content) });
    // Behind the end of a zlib stream nothing is read.
    const harmless = how === 'longer' ? damaged.length : digests.length;
    expect(damaged.length).toBe(harmless);
    expect(damaged.length).toBeGreaterThan(2);
    expect(told.sort()).toEqual(damaged.map(({ content }) => content).sort());
    expect(ended).toBe(true);
    const copied = await contentOf(to);
    expect(copied.keys).toEqual(expected.keys);
    for (const { content } of damaged) expect(copied.blobs[content]).toBeUndefined();
  });

  test('a blob that is lost is named', async () => {
    const [from, to] = [await filled(), await open()];
    const [digest] = Object.keys((await contentOf(from)).blobs) as Sha256[];
    await from.blobs.delete(digest!);
    const { damaged } = await copy(from, to);
    expect(damaged).toEqual([{ content: digest, what: 'the bytes are missing' }]);
  });

  test('small content is named, raw or deflated, and left out', async () => {
    const [from, to] = [await filled(), await open()];
    const all = await from.keys.list({ ...allInline, limit: 100 });
    const [lost, ...others] = all.filter(({ value }) => value.length > 0);
    const puts = others.map(({ key, value }) => ({ key, value: flip(Buffer.from(value)) }));
    await from.keys.commit({ puts, deletes: [lost!.key] });
    const { damaged, ended } = await copy(from, to);
    expect(ended).toBe(true);
    expect(damaged.map(({ content }) => inlineKey(content).toString('hex')).sort()).toEqual(
      [lost!, ...others].map(({ key }) => Buffer.from(key).toString('hex')).sort(),
    );
    for (const { key } of others) expect(await to.keys.get(key)).toBeUndefined();
    expect(damaged.find(({ content }) => content === contentOfKey(lost!.key))?.what).toContain('missing');
  });
});

test('what leads to no content is left out: bytes without a record, and what is half written or half deleted', async () => {
  const [from, to] = [await filled(), await open()];
  const stray = inlineKey(`sha256:${'ab'.repeat(32)}`);
  await from.keys.commit({ puts: [{ key: stray, value: Buffer.from('stray') }] });
  await from.keys.commit({ puts: [{ key: uploadKey('x'), value: Buffer.from('{}') }] });
  const { damaged } = await copy(from, to);
  expect(damaged).toEqual([]);
  expect(await to.keys.get(stray)).toBeUndefined();
});
