import { fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { LmdbKeyedStore } from '../../lib/store/lmdb/lmdb-keyed-store.ts';
import { makeTemporaryFolder } from '../support/temporary-folder.ts';
import { useTemporaryFolder } from '../support/use-temporary-folder.ts';
import type { Engine, Trial } from './harness.ts';
import { keyedStoreContract } from './keyed-store-contract.ts';
import { momentsContract } from './moments-contract.ts';

interface LmdbTrial extends Trial<LmdbKeyedStore> {
  readonly end: () => Promise<void>;
}

const engine: Engine<LmdbKeyedStore, LmdbTrial> = {
  name: 'LMDB',
  async setup(): Promise<LmdbTrial> {
    const folder = await makeTemporaryFolder();
    const store = LmdbKeyedStore.open(folder.path);
    let current = store;
    return {
      store,
      async reopen() {
        await current.close();
        current = LmdbKeyedStore.open(folder.path);
        return current;
      },
      async end() {
        await current.close();
        await folder.remove();
      },
    };
  },
  teardown: ({ end }) => end(),
};

keyedStoreContract<LmdbTrial>(engine);
momentsContract<LmdbTrial>(engine);

describe('a key that LMDB does not take', () => {
  const folder = useTemporaryFolder();

  test.each([0, 1979, 5000])('of %i bytes is refused by name, wherever it stands', async (length) => {
    const store = LmdbKeyedStore.open(folder.path);
    const key = Buffer.alloc(length, 0x61);
    const value = Buffer.from('1');
    const calls = [
      () => store.get(key),
      () => store.commit({ checks: [{ key, value: undefined }] }),
      () => store.commit({ puts: [{ key, value }] }),
      () => store.commit({ deletes: [key] }),
    ];
    for (const call of calls) await expect(call()).rejects.toMatchObject({ name: 'StoreError', code: 'failed' });
    await store.close();
  });
});

describe('a store that several processes answer for', () => {
  const folder = useTemporaryFolder();
  const READER = fileURLToPath(new URL('../support/answer-reads.mjs', import.meta.url));

  test('shows what one of them has acknowledged to the others at once', async () => {
    const store = LmdbKeyedStore.open(folder.path, { isShared: true });
    const reader = fork(READER, [folder.path]);
    const seen: string[] = [];
    const rounds = Array.from({ length: 200 }, (_, at) => String(at));
    for (const round of rounds) {
      await store.commit({ puts: [{ key: Buffer.from('counter'), value: Buffer.from(round) }] });
      const answer = once(reader, 'message');
      reader.send('?');
      seen.push(String((await answer)[0]));
    }
    expect(seen).toEqual(rounds);
    const ended = once(reader, 'exit');
    reader.disconnect();
    expect(await ended).toEqual([0, null]);
    await store.close();
  });
});
