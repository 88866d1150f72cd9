import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { LmdbKeyedStore } from '../../../lib/store/lmdb/lmdb-keyed-store.ts';
import { useTemporaryFolder } from '../../support/use-temporary-folder.ts';

const folder = useTemporaryFolder();
let store: LmdbKeyedStore;
let made = 0;

beforeEach(() => {
  made += 1;
  store = LmdbKeyedStore.open(join(folder.path, String(made)));
});
afterEach(() => store.close());

function put(name: string): Promise<boolean> {
  return store.commit({ puts: [{ key: Buffer.from(name), value: Buffer.from(name) }] });
}

async function names(): Promise<string[]> {
  return (await store.list({ start: Buffer.of(0), end: Buffer.of(255), limit: 1000 })).map(({ key }) => key.toString());
}

/**
 * Leaves the note of the newest commit as a process does that opened the store while others were made: the number behind two
 * words at the beginning of LMDB's lock file. In a process of its own, since closing that file here would end this one's locks.
 */
function forget(commits: number): void {
  const code = `
    const { openSync, readSync, writeSync } = require('node:fs');
    const file = openSync(process.argv[1], 'r+');
    const number = Buffer.alloc(8);
    readSync(file, number, 0, 8, 8);
    number.writeBigUInt64LE(number.readBigUInt64LE() - ${commits}n);
    writeSync(file, number, 0, 8, 8);`;
  execFileSync(process.execPath, ['-e', code, join(folder.path, String(made), 'keys.lmdb-lock')]);
}

describe('a store that another process opened while commits were made', () => {
  test.each([1, 2, 5])('loses none, also where the last %i were forgotten', async (count) => {
    for (const name of ['a', 'b', 'c', 'd', 'e', 'f']) expect(await put(name)).toBe(true);
    forget(count);
    expect(await put('g')).toBe(true);
    expect(await names()).toEqual(['a', 'b', 'c', 'd', 'e', 'f', 'g']);
    await store.close();
    store = LmdbKeyedStore.open(join(folder.path, String(made)));
    expect(await names()).toEqual(['a', 'b', 'c', 'd', 'e', 'f', 'g']);
  });

  test('makes all that are under way at once, each as its checks say', async () => {
    expect(await put('a')).toBe(true);
    expect(await put('b')).toBe(true);
    forget(1);
    const key = Buffer.from('c');
    const racing = Array.from({ length: 10 }, (_, at) =>
      store.commit({ checks: [{ key, value: undefined }], puts: [{ key, value: Buffer.of(at) }] }),
    );
    const others = ['d', 'e', 'f'].map((name) => put(name));
    expect((await Promise.all(racing)).filter(Boolean)).toHaveLength(1);
    expect(await Promise.all(others)).toEqual([true, true, true]);
    expect(await names()).toEqual(['a', 'b', 'c', 'd', 'e', 'f']);
  });
});
