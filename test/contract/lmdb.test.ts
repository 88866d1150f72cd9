import type { KeyedStore } from '../../lib/store/keyed-store.ts';
import { LmdbKeyedStore } from '../../lib/store/lmdb/lmdb-keyed-store.ts';
import { makeTemporaryFolder } from '../support/temporary-folder.ts';
import type { Trial } from './harness.ts';
import { keyedStoreContract } from './keyed-store-contract.ts';

interface LmdbTrial extends Trial<KeyedStore> {
  readonly end: () => Promise<void>;
}

keyedStoreContract<LmdbTrial>({
  name: 'LMDB',
  owes: ['least key', 'refused whole', 'waits at close'],
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
});
