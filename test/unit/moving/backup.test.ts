import * as fc from 'fast-check';
import { randomBytes } from 'node:crypto';
import { chmod, mkdir, readdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, test } from 'vitest';
import { sha256, type Sha256 } from '../../../lib/encoding/digest.ts';
import { LogSigner } from '../../../lib/log/log-signer.ts';
import { findBackup, listBackups, openBackups } from '../../../lib/moving/backup/backups-in.ts';
import { keepBackups } from '../../../lib/moving/backup/keep-backups.ts';
import { withLock } from '../../../lib/moving/backup/lock.ts';
import { BackupVerifier, type BackupFault } from '../../../lib/moving/backup/verify-backup.ts';
import { writeBackup, type BackupOptions, type BackupReport } from '../../../lib/moving/backup/write-backup.ts';
import type { Filled } from '../../../lib/moving/fill.ts';
import { requireWhole } from '../../../lib/moving/note.ts';
import { restoreBackup } from '../../../lib/moving/restore.ts';
import { FileLayout } from '../../../lib/store/files/file-layout.ts';
import { systemClock } from '../../../lib/store/clock.ts';
import { bringForward, DATA_FORMAT } from '../../../lib/store/data-format.ts';
import { encodeJson } from '../../../lib/store/json-value.ts';
import { formatKey } from '../../../lib/store/keys.ts';
import { withLease } from '../../../lib/store/lease.ts';
import { collect } from '../../../lib/upkeep/collect.ts';
import { Gate } from '../../support/gate.ts';
import { actions, contentOf, put, type MovedContent } from '../../support/moved-content.ts';
import { UNHURRIED, useMovePlaces, type MovePlace } from '../../support/move-places.ts';
import { expectSound, publishTo } from '../../support/publishing.ts';
import { oneChunk } from '../../support/registry.ts';
import { rounds } from '../../support/rounds.ts';
import { runPlaceOn } from '../../support/run-place.ts';
import { registryOn } from '../../support/use-stores.ts';

const ROUNDS = rounds(2, 6);
const { folder, open } = useMovePlaces();
const ALL = [
  { what: 'blob', size: 500 },
  { what: 'blob', size: 300_000 },
  { what: 'alias', size: 90_000 },
  { what: 'upload', size: 90_000 },
  { what: 'version', size: 3_000 },
  { what: 'version', size: 400_000 },
] as const;

function root(): string {
  return join(folder(), 'backups');
}

function backup(from: BackupOptions['from'], more: Partial<BackupOptions> = {}): Promise<BackupReport> {
  return writeBackup({ from, folder: root(), logKey: undefined, ...UNHURRIED, ...more });
}

async function keep(most: number): Promise<string[]> {
  const layout = await openBackups(root());
  return withLock(layout.locks, (lock) => keepBackups(layout, most, lock, () => undefined));
}

async function restore(to: MovePlace, at?: string): Promise<Filled> {
  const layout = await openBackups(root());
  return restoreBackup({ layout, manifest: await findBackup(layout, at), to, ...UNHURRIED });
}

async function faults(): Promise<BackupFault[]> {
  const found: BackupFault[] = [];
  const layout = await openBackups(root());
  const verifier = new BackupVerifier(layout, { ...UNHURRIED, onFault: (fault) => found.push(fault) });
  for (const manifest of await listBackups(layout)) await verifier.verify(manifest);
  return found;
}

async function filled(): Promise<MovePlace> {
  const place = await open();
  await put(place.stores, ALL);
  return place;
}

async function packOf(): Promise<string> {
  return join(
    root(),
    (await filesIn()).find((one) => one.endsWith('.pack'))!,
  );
}

/** Everything below the folder of backups. */
async function filesIn(): Promise<string[]> {
  const entries = await readdir(root(), { recursive: true, withFileTypes: true });
  return entries
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(root().length + 1));
}

describe('a backup', () => {
  test('of any content gives it back, and so does every earlier one in the folder', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(actions, { minLength: 1, maxLength: 3 }), async (rounds) => {
        await rm(root(), { recursive: true, force: true });
        const from = await open();
        const made: { readonly name: string; readonly content: MovedContent }[] = [];
        for (const steps of rounds) {
          await put(from.stores, steps);
          const { name, damaged } = await backup(from);
          expect(damaged).toEqual([]);
          made.push({ name, content: await contentOf(from) });
        }
        expect(await faults()).toEqual([]);
        for (const { name, content } of made) {
          const to = await open();
          expect((await restore(to, name)).damaged).toEqual([]);
          expect(await contentOf(to)).toEqual(content);
          await expectSound(to.stores, registryOn(to.stores));
        }
      }),
      { numRuns: ROUNDS },
    );
  });

  test('writes only what no earlier one has', async () => {
    const from = await filled();
    // Of one size, so that they are written side by side and end together.
    await put(
      from.stores,
      Array.from({ length: 12 }, () => ({ what: 'blob', size: 65_537 }) as const),
    );
    const first = await backup(from);
    expect(first.written).toMatchObject({ small: first.small.count, blobs: first.blobs.count });
    const files = await filesIn();
    const sizes = await Promise.all(files.map(async (file) => (await stat(join(root(), file))).size));
    // Beside what is counted there are names, heads of entries, and what the backup says of itself.
    const beside = sizes.reduce((sum, size) => sum + size, 0) - first.written.bytes;
    expect(beside).toBeGreaterThan(0);
    expect(beside).toBeLessThan(10_000);
    expect((await backup(from)).written).toMatchObject({ small: 0, blobs: 0 });
    await put(from.stores, [ALL[0], ALL[1]]);
    expect((await backup(from)).written).toMatchObject({ small: 1, blobs: 1 });
    const fresh = (await filesIn()).filter((file) => !files.includes(file) && !/^(?:backups|locks)\//.test(file));
    expect(fresh.map((file) => file.replace(/[0-9a-f]{64}|blobs\/../g, '…')).sort()).toEqual([
      'raw/…/…',
      'small/….index',
      'small/….pack',
    ]);
  });

  test('keeps content apart that one moment has as a zlib stream, and another as it is', async () => {
    const texts = [600, 400_000].map((size) => Buffer.alloc(size, randomBytes(size / 2).toString('hex')));
    const [deflated, raw] = [await open(), await open()];
    for (const { keys } of [deflated, raw]) await bringForward(keys, { clock: systemClock });
    const { definitions } = await runPlaceOn(deflated.stores);
    const files = { 'test-case.toml': 'name = "Moved"\n', 'prompt.md': texts[0]!, 'large.txt': texts[1]! };
    await publishTo(definitions, 'test-cases/moved', 'v1.0.0', files);
    for (const text of texts) await registryOn(raw.stores).uploads.receive('a', sha256(text), oneChunk(text));
    const made = [await backup(deflated), await backup(raw)];
    expect(made[1]!.written).toMatchObject({ small: 1, blobs: 1 });
    for (const [at, from] of [deflated, raw].entries()) {
      const to = await open();
      await restore(to, made[at]!.name);
      expect(await contentOf(to)).toEqual(await contentOf(from));
    }
  });

  test('has every write that was acknowledged before it began, and is sound, beside writers and collections', async () => {
    const from = await filled();
    const registry = registryOn(from.stores);
    const stopping = new AbortController();
    async function write(): Promise<void> {
      for (; !stopping.signal.aborted; await sleep(5)) await put(from.stores, [ALL[0], ALL[1], ALL[4]]);
    }
    async function clean(): Promise<void> {
      const options = { graceMs: 0, uploadExpiryMs: 3_600_000, now: Date.now };
      while (!stopping.signal.aborted) {
        await collect(from.stores, registry, options).catch((error: unknown) => {
          if (!String(error).includes('another garbage collection')) throw error;
        });
        // Long enough for a backup to find its turn.
        await sleep(250);
      }
    }
    const running = [write(), write(), clean()];
    try {
      for (let round = 0; round < 2; round += 1) {
        // Versions are never collected, so that what is there of them now has to be in the backup.
        const before = Object.keys((await contentOf(from)).keys).filter((key) => /^[vEN]/.test(key));
        const { name, damaged } = await backup(from);
        expect(damaged).toEqual([]);
        const to = await open();
        await restore(to, name);
        const { keys } = await contentOf(to);
        expect(before.filter((key) => keys[key] === undefined)).toEqual([]);
        await expectSound(to.stores, registryOn(to.stores));
      }
    } finally {
      stopping.abort();
      await Promise.all(running);
    }
    expect(await faults()).toEqual([]);
  }, 60_000);

  test('waits for a collection that is under way, and none begins beside it', async () => {
    const from = await filled();
    let ended = false;
    const [begun, ending] = [new Gate(), new Gate()];
    const collecting = withLease(from.keys, 'garbage collection', systemClock, async () => {
      begun.open();
      await ending.opened;
      ended = true;
    });
    await begun.opened;
    let waited = false;
    await backup(from, {
      onProgress(doing) {
        waited ||= doing.startsWith('waiting');
        if (waited) ending.open();
        if (!doing.startsWith('waiting')) expect(ended).toBe(true);
      },
    });
    await collecting;
    expect(waited).toBe(true);
    let inTheMiddle: Promise<unknown> | undefined;
    await backup(from, {
      onProgress() {
        const options = { graceMs: 0, uploadExpiryMs: 0, now: Date.now };
        inTheMiddle ??= collect(from.stores, registryOn(from.stores), options).then(
          () => 'ran',
          (error: { code: string }) => error.code,
        );
      },
    });
    expect(await inTheMiddle).toBe('busy');
  });

  test('that failed in the middle is not there, harms no earlier one, and the next one goes on', async () => {
    const from = await filled();
    await backup(from);
    const before = (await filesIn()).filter((file) => file.startsWith('backups/'));
    await put(from.stores, ALL);
    let reads = 0;
    const blobs = {
      read(digest: Sha256): AsyncIterable<Uint8Array> {
        reads += 1;
        if (reads > 1) throw new Error('died');
        return from.blobs.read(digest);
      },
    };
    await expect(backup({ keys: from.keys, blobs })).rejects.toThrow('died');
    expect((await filesIn()).filter((file) => file.startsWith('backups/'))).toEqual(before);
    expect(await faults()).toEqual([]);
    const { written } = await backup(from);
    expect(written.small).toBe(0);
    const to = await open();
    await restore(to);
    expect(await contentOf(to)).toEqual(await contentOf(from));
  });

  test('has the key of the log for its owner alone, where it is asked for', async () => {
    const from = await filled();
    const logKey = LogSigner.generate('log.example/moved');
    const { name } = await backup(from, { logKey: () => Promise.resolve(logKey) });
    const path = join(root(), 'backups', name, 'log.key');
    expect(await readFile(path, 'utf8')).toBe(`${logKey.format()}\n`);
    expect((await stat(path)).mode & 0o777).toBe(0o600);
    const without = await backup(from);
    expect(without.logKey).toBe(false);
    await expect(stat(join(root(), 'backups', without.name, 'log.key'))).rejects.toThrow('ENOENT');
  });

  test('is refused a folder that holds something else, and one in which another works', async () => {
    const from = await filled();
    await backup(from);
    const { locks } = await openBackups(root());
    await withLock(locks, () => expect(backup(from, { lockTermMs: 2_000 })).rejects.toMatchObject({ code: 'busy' }), {
      termMs: 2_000,
    });
    await expect(
      writeBackup({ from, folder: join(folder(), from.name), logKey: undefined, ...UNHURRIED }),
    ).rejects.toMatchObject({ code: 'not-empty' });
  });

  test('takes the lock of one that died, wherever it ran', async () => {
    const from = await filled();
    await backup(from);
    const { locks } = await openBackups(root());
    const [last] = await readdir(locks);
    await writeFile(join(locks, String(Number(last) + 1)), 'held by process 1 of another machine\n');
    await backup(from, { lockTermMs: 300 });
    expect(await readdir(locks)).toEqual([String(Number(last) + 2)]);
  });

  test('does not take over the lock of an earlier version, and says how to', async () => {
    const from = await filled();
    await backup(from);
    const old = join(root(), 'lock');
    await writeFile(old, JSON.stringify({ host: 'another machine', pid: 1 }));
    await expect(backup(from)).rejects.toMatchObject({
      code: 'busy',
      message: expect.stringContaining(`remove ${old}`),
    });
    await rm(old);
    await backup(from);
  });

  test('is refused a folder with backups of another store, and goes on in one of its own from before they said whose', async () => {
    const [from, other] = [await filled(), await open()];
    await put(other.stores, ALL, LogSigner.generate());
    const { name } = await backup(from);
    await expect(backup(other)).rejects.toMatchObject({
      code: 'not-empty',
      message: expect.stringContaining('backups of another store'),
    });
    const manifest = join(root(), 'backups', name, 'backup.json');
    const said = JSON.parse(await readFile(manifest, 'utf8')) as { log: { first?: string } };
    expect(said.log.first).toMatch(/^[0-9a-f]{8}$/);
    delete said.log.first;
    await writeFile(manifest, JSON.stringify(said));
    await expect(backup(other)).rejects.toMatchObject({ code: 'not-empty' });
    await backup(from);
    expect(await filesIn()).not.toContain(expect.stringContaining('.writing'));
    expect(await faults()).toEqual([]);
  });

  test.each([
    ['its marker, which is empty', (path: string) => writeFile(join(path, 'assay-backups.json'), '')],
    ['its marker on the way', (path: string) => writeFile(join(path, 'assay-backups.json.1'), '{"assay"')],
    [
      'a blob on its way',
      async (path: string) => {
        await backup(await filled());
        await writeFile(join(path, 'raw', 'writing', 'half'), 'half');
      },
    ],
    [
      'a backup on its way away, whose content nobody needs any more',
      async (path: string) => {
        const from = await filled();
        const { name } = await backup(from);
        await put(from.stores, ALL);
        await backup(from);
        await rename(join(path, 'backups', name), join(path, 'backups', '.removing-1'));
      },
    ],
  ])('mends a folder in which another died that left %s', async (_, leave) => {
    await mkdir(root(), { recursive: true });
    await leave(root());
    const from = await filled();
    const { name } = await backup(from, { keep: 1 });
    expect((await listBackups(await openBackups(root()))).map((one) => one.name)).toEqual([name]);
    expect(await faults()).toEqual([]);
    const rest = (await filesIn()).filter((file) => /writing|removing|half/.test(file));
    expect(rest).toEqual([]);
    const to = await open();
    await restore(to);
    expect(await contentOf(to)).toEqual(await contentOf(from));
    const blobs = (await filesIn()).filter((file) => /^(?:raw|zlib)\/blobs/.test(file));
    expect(blobs.length).toBe(Object.keys((await contentOf(from)).blobs).length);
  });

  test('removes what is not to be kept before another may write there', async () => {
    const from = await filled();
    const first = await backup(from, { keep: 1 });
    const { locks } = await openBackups(root());
    const [before] = await readdir(locks);
    const { removed } = await backup(from, { keep: 1 });
    expect(removed).toEqual([first.name]);
    // Had it been given back in between, it would have been taken twice.
    expect(await readdir(locks)).toEqual([String(Number(before) + 1)]);
  });

  test('is the newest of its folder, also where the clock was set back, and is not what --keep removes', async () => {
    const from = await filled();
    const first = await backup(from);
    const hour = 3_600_000;
    const second = await backup(from, { now: () => Date.now() - hour, keep: 1 });
    expect(second.removed).toEqual([first.name]);
    const third = await backup(from, { now: () => Date.now() - hour });
    expect((await listBackups(await openBackups(root()))).map(({ name }) => name)).toEqual([second.name, third.name]);
  });

  test('asks for the key of the log by the hash that it has at its moment', async () => {
    const from = await filled();
    const asked: string[] = [];
    const logKey = LogSigner.generate();
    const { log } = await backup(from, { logKey: async (hash) => (asked.push(hash), logKey) });
    expect(asked).toEqual([log?.key]);
  });

  test('is refused of data of a newer format, and is not restored where it has one', async () => {
    const from = await filled();
    const write = (format: number): Promise<boolean> =>
      from.keys.commit({ puts: [{ key: formatKey, value: encodeJson({ format }) }] });
    await write(DATA_FORMAT + 1);
    await expect(backup(from)).rejects.toThrow(/newer Assay/);
    await write(DATA_FORMAT - 1);
    await expect(backup(from)).rejects.toThrow(/back it up with the version that used it last/);
    await write(DATA_FORMAT);
    const { name } = await backup(from);
    await restore(await open());
    await raiseFormat(name);
    const to = await open();
    await expect(restore(to)).rejects.toThrow(/newer Assay/);
    expect(await contentOf(to)).toEqual({ keys: {}, blobs: {} });
  });
});

/** As if a later version had made the backup. */
async function raiseFormat(name: string): Promise<void> {
  const { keys, manifest } = (await openBackups(root())).backup(name);
  const bytes = await readFile(keys);
  const [now, then] = [DATA_FORMAT, DATA_FORMAT + 1].map((format) => encodeJson({ format }));
  const at = bytes.indexOf(Buffer.from(now!));
  Buffer.from(then!).copy(bytes, at);
  await writeFile(keys, bytes);
  const said = JSON.parse(await readFile(manifest, 'utf8')) as { keys: object };
  await writeFile(manifest, JSON.stringify({ ...said, keys: { ...said.keys, digest: sha256(bytes) } }));
}

describe('what is damaged in the store', () => {
  test('is named in the backup, left out of it, and known to who verifies or restores it', async () => {
    const from = await filled();
    const blobs = Object.keys((await contentOf(from)).blobs) as Sha256[];
    const [flipped, lost] = blobs;
    const path = new FileLayout(join(folder(), from.name)).blob(flipped!);
    const bytes = await readFile(path);
    bytes[1000]! ^= 1;
    await writeFile(path, bytes);
    await from.blobs.delete(lost!);
    const { damaged } = await backup(from);
    expect(new Set(damaged.map(({ content }) => content))).toEqual(new Set([flipped, lost]));
    const found = await faults();
    expect(new Set(found.map(({ name }) => name))).toEqual(new Set([flipped, lost]));
    expect(found.every(({ known }) => known)).toBe(true);
    const to = await open();
    expect(new Set((await restore(to)).damaged.map(({ content }) => content))).toEqual(new Set([flipped, lost]));
    await requireWhole(to.keys);
    expect((await contentOf(to)).keys).toEqual((await contentOf(from)).keys);
  });
});

async function spoil(file: string): Promise<void> {
  const path = join(root(), file);
  const bytes = await readFile(path);
  bytes[Math.floor(bytes.length / 2)]! ^= 1;
  await chmod(path, 0o600);
  await writeFile(path, bytes);
}

describe('a backup that was changed', () => {
  test.each([
    ['its keys', /^backups\/.*\/keys$/],
    ['a pack', /\.pack$/],
    ['an index', /\.index$/],
    ['a blob', /^raw\/blobs\/.*[0-9a-f]{64}$/],
    ['a zlib stream', /^zlib\/blobs\/.*[0-9a-f]{64}$/],
  ])('is found to be, in %s', async (_, pattern) => {
    await backup(await filled());
    expect(await faults()).toEqual([]);
    const file = (await filesIn()).find((one) => pattern.test(one));
    await spoil(file!);
    const [fault, ...others] = await faults();
    expect(fault).toMatchObject({ known: false });
    expect(others.length).toBeLessThan(3);
  });

  test('is not restored where its keys are not what was written', async () => {
    const { name } = await backup(await filled());
    await spoil(join('backups', name, 'keys'));
    const to = await open();
    await expect(restore(to)).rejects.toMatchObject({ code: 'bad-backup' });
    expect(await contentOf(to)).toEqual({ keys: {}, blobs: {} });
  });

  test('is restored without what is damaged, which is named', async () => {
    await backup(await filled());
    const file = (await filesIn()).find((one) => one.startsWith('raw/blobs/'))!;
    await spoil(file);
    const to = await open();
    const { damaged } = await restore(to);
    expect(damaged.map(({ content }) => content)).toEqual([`sha256:${file.slice(-64)}`]);
  });
});

describe('a pack of small content', () => {
  const damages: Readonly<Record<string, (pack: string) => Promise<void>>> = {
    'is gone': (pack) => rm(pack),
    'is cut off': async (pack) => writeFile(pack, (await readFile(pack)).subarray(0, -7)),
    'says odd lengths': async (pack) => writeFile(pack, Buffer.alloc((await readFile(pack)).length, 0xff)),
  };

  test.each(Object.keys(damages))(
    'that %s is left out of what is restored, and each content of it is named',
    async (how) => {
      await backup(await filled());
      await damages[how]!(await packOf());
      const to = await open();
      const { damaged } = await restore(to);
      expect(damaged.length).toBeGreaterThan(0);
      await requireWhole(to.keys);
    },
  );

  test('that is deleted, as verify advises, is written again for older backups as well', async () => {
    const from = await filled();
    const first = await backup(from);
    const pack = await packOf();
    await rm(pack);
    await rm(pack.replace(/\.pack$/, '.index'));
    await backup(from);
    expect(await restore(await open(), first.name)).toMatchObject({ damaged: [] });
  });

  test('and all else of backups is for who made them alone', async () => {
    await backup(await filled());
    expect((await stat(root())).mode & 0o777).toBe(0o700);
  });
});

describe('a restore', () => {
  test('is refused into a store that is not empty, and by a name that is not there', async () => {
    await backup(await filled());
    await expect(restore(await filled())).rejects.toMatchObject({ code: 'not-empty' });
    await expect(restore(await open(), '2020-01-01T00-00-00Z')).rejects.toMatchObject({ code: 'no-backup' });
    await expect(restore(await open(), '../backups')).rejects.toMatchObject({ code: 'no-backup' });
    await expect(openBackups(folder())).rejects.toMatchObject({ code: 'no-backup' });
  });

  test('that died goes on with the same backup, and with no other', async () => {
    const from = await filled();
    const first = await backup(from);
    await put(from.stores, [ALL[1]]);
    await backup(from);
    const to = await open();
    const layout = await openBackups(root());
    const manifest = await findBackup(layout, first.name);
    const died = restoreBackup({
      layout,
      manifest,
      to,
      ...UNHURRIED,
      onFilled: () => Promise.reject(new Error('died')),
    });
    await expect(died).rejects.toThrow('died');
    await expect(requireWhole(to.keys)).rejects.toMatchObject({ code: 'not-whole' });
    await expect(restore(to)).rejects.toMatchObject({ code: 'not-empty' });
    expect(await restore(to, first.name)).toMatchObject({ written: 0 });
    await requireWhole(to.keys);
  });
});

describe('of several backups', () => {
  test('the newest are kept, and what only the others needed goes', async () => {
    const from = await open();
    const contents: MovedContent[] = [];
    for (let round = 0; round < 4; round += 1) {
      await put(from.stores, [ALL[0], ALL[1]]);
      await backup(from);
      contents.push(await contentOf(from));
      if (round !== 1) continue;
      // Only the first two know these.
      const registry = registryOn(from.stores);
      for (const digest of Object.keys(contents[1]!.blobs)) await registry.blobs.remove('team/blobs', digest as Sha256);
      await collect(from.stores, registry, { graceMs: 0, uploadExpiryMs: 0, now: Date.now });
    }
    const layout = await openBackups(root());
    const names = (await listBackups(layout)).map(({ name }) => name);
    const before = (await filesIn()).filter((file) => file.startsWith('raw/')).length;
    expect(await keep(2)).toEqual(names.slice(0, 2));
    expect((await listBackups(layout)).map(({ name }) => name)).toEqual(names.slice(2));
    expect((await filesIn()).filter((file) => file.startsWith('raw/')).length).toBe(before - 2);
    expect(await faults()).toEqual([]);
    for (const at of [2, 3]) {
      const to = await open();
      await restore(to, names[at]);
      expect(await contentOf(to)).toEqual(contents[at]);
    }
  });

  test('the newest that lacks nothing stays, however many damaged ones come after it', async () => {
    const from = await filled();
    const { name } = await backup(from);
    const [lost] = Object.keys((await contentOf(from)).blobs) as Sha256[];
    await from.blobs.delete(lost!);
    // What an earlier backup has is not missed: so a new blob is lost.
    await put(from.stores, [ALL[1]]);
    for (const digest of Object.keys((await contentOf(from)).blobs)) await from.blobs.delete(digest as Sha256);
    const damaged = [await backup(from), await backup(from)];
    expect(damaged.every((manifest) => manifest.damaged.length > 0)).toBe(true);
    const layout = await openBackups(root());
    expect(await keep(1)).toEqual([damaged[0]!.name]);
    expect((await listBackups(layout)).map((one) => one.name)).toEqual([name, damaged[1]!.name]);
  });
});
