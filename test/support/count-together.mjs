// Adds one to a counter in a store so many times, beside other processes that do the same. Needs `npm run build`.
import { commitUntilHeld } from '../../dist/lib/store/commit-until-held.js';
import { LmdbKeyedStore } from '../../dist/lib/store/lmdb/lmdb-keyed-store.js';

const [folder, times] = process.argv.slice(2);
const keys = LmdbKeyedStore.open(folder);
const key = Buffer.from('counter');
for (let time = 0; time < Number(times); time += 1) {
  await commitUntilHeld(keys, async () => {
    const value = await keys.get(key);
    const count = value === undefined ? 0 : Number(Buffer.from(value).toString());
    return {
      commit: { checks: [{ key, value }], puts: [{ key, value: Buffer.from(String(count + 1)) }] },
      result: undefined,
    };
  });
}
await keys.close();
