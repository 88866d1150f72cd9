import { chmod, readdir, readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeEach, describe, expect, test } from 'vitest';
import { openCheckpoint } from '../../../lib/log/checkpoint.ts';
import type { Log } from '../../../lib/log/log-store.ts';
import { openLog } from '../../../lib/log/open-log.ts';
import { rotateKey } from '../../../lib/log/rotate-key.ts';
import { parseVerifierKey } from '../../../lib/log/verifier-key.ts';
import type { KeyedStore } from '../../../lib/store/keyed-store.ts';
import { remark, say } from '../../support/log-entries.ts';
import { useStores } from '../../support/use-stores.ts';

const stores = useStores();
let keyFile = '';
beforeEach(() => {
  keyFile = join(stores().folder, 'secret', 'log.key');
});

function open(origin?: string, file = keyFile): Promise<Log> {
  return openLog(stores().keys, { now: Date.now, keyFile: file, origin });
}

describe('the key of a log', () => {
  test('is made at the first start, and read by nobody else', async () => {
    const log = await open();
    expect((await stat(keyFile)).mode & 0o777).toBe(0o600);
    expect(await readFile(keyFile, 'utf8')).toMatch(/^PRIVATE\+KEY\+assay-[0-9a-f]{16}\+[0-9a-f]{8}\+\S+\n$/);
    expect(await readdir(join(keyFile, '..'))).toEqual(['log.key']);
    expect((await open()).verifier).toEqual(log.verifier);
  });

  test('is one, however many start at once', async () => {
    const logs = await Promise.all([open(), open(), open()]);
    expect(new Set(logs.map(({ verifier }) => verifier.hash)).size).toBe(1);
  });

  test('is that of another server which makes it, and the log, between two looks', async () => {
    const { keys } = stores();
    let other: Log | undefined;
    const slow: KeyedStore = {
      async get(key) {
        other ??= await open();
        return keys.get(key);
      },
      list: (range) => keys.list(range),
      commit: (commit) => keys.commit(commit),
      close: () => keys.close(),
    };
    const log = await openLog(slow, { now: Date.now, keyFile, origin: undefined });
    expect(log.verifier).toEqual(other?.verifier);
  });

  test('has the name that is asked for, and no other later', async () => {
    expect((await open('log.example/x')).verifier.name).toBe('log.example/x');
    expect((await open()).verifier.name).toBe('log.example/x');
    await expect(open('log.example/y')).rejects.toMatchObject({ code: 'key-other' });
  });

  test('is refused where others may read it', async () => {
    await open();
    for (const mode of [0o640, 0o604, 0o660, 0o777]) {
      await chmod(keyFile, mode);
      await expect(open()).rejects.toMatchObject({ code: 'key-readable' });
    }
    await chmod(keyFile, 0o400);
    await open();
  });

  test('is refused where it is none, and not made anew', async () => {
    await open();
    await writeFile(keyFile, 'no key');
    await expect(open()).rejects.toMatchObject({ code: 'key-invalid' });
    await expect(open(undefined, stores().folder)).rejects.toMatchObject({ code: 'key-invalid' });
  });

  test('is missed, and not made anew, once there is a log', async () => {
    await open();
    const elsewhere = join(stores().folder, 'other.key');
    await expect(open(undefined, elsewhere)).rejects.toMatchObject({ code: 'key-missing' });
    await expect(stat(elsewhere)).rejects.toMatchObject({ code: 'ENOENT' });
  });
});

describe('rotation', () => {
  test('gives the log a new key under its name, and keeps the last word of the old one', async () => {
    const log = await open();
    await say(log, remark('before'));
    const last = await log.checkpoint();
    const { from, to, kept } = await rotateKey(stores().keys, keyFile);
    expect(from).toEqual(log.verifier);
    expect((await stat(keyFile)).mode & 0o777).toBe(0o600);
    expect(await readFile(kept, 'utf8')).toContain(`+${from.hash}+`);

    const now = await open();
    expect(now.verifier).toEqual(to);
    expect(to.name).toBe(from.name);
    expect(to.hash).not.toBe(from.hash);
    await say(now, remark('after'));
    expect(openCheckpoint(await now.checkpoint(), to).size).toBe(2);
    const { signs, before } = await now.listKeys();
    expect(parseVerifierKey(signs)).toEqual(to);
    expect(before.map(({ checkpoint }) => checkpoint)).toEqual([last]);
    expect(openCheckpoint(last, parseVerifierKey(before[0]!.verifier)).size).toBe(1);
  });

  test('leaves a server with the old key neither append nor sign', async () => {
    const log = await open();
    await say(log, remark('before'));
    await rotateKey(stores().keys, keyFile);
    await expect(say(log, remark('after'))).rejects.toMatchObject({ code: 'key-other' });
    await expect(log.checkpoint()).rejects.toMatchObject({ code: 'key-other' });
    expect(await (await open()).size()).toBe(1);
  });

  test('goes on where it was cut off', async () => {
    await open();
    const first = await rotateKey(stores().keys, keyFile);
    // As if the files had not changed places.
    const fresh = await readFile(keyFile);
    await writeFile(keyFile, await readFile(first.kept));
    await writeFile(`${keyFile}.next`, fresh, { mode: 0o600 });
    await expect(open()).rejects.toMatchObject({ code: 'key-other' });
    const second = await rotateKey(stores().keys, keyFile);
    expect(second.to).toEqual(first.to);
    const { before } = await (await open()).listKeys();
    expect(before).toHaveLength(1);
  });

  test("is refused with a key that is not the log's", async () => {
    await open();
    const other = join(stores().folder, 'other.key');
    await writeFile(other, 'PRIVATE+KEY+PeterNeumann+c74f20a3+AYEKFALVFGyNhPJEMzD1QIDr+Y7hfZx09iUvxdXHKDFz\n', {
      mode: 0o600,
    });
    await expect(rotateKey(stores().keys, other)).rejects.toMatchObject({ code: 'key-other' });
  });
});
