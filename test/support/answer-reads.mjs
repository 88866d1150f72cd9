// Tells the value of a key whenever it is asked, and reads it all the time besides. Needs `npm run build`.
import { LmdbKeyedStore } from '../../dist/lib/store/lmdb/lmdb-keyed-store.js';

const keys = LmdbKeyedStore.open(process.argv[2], { isShared: true });
const key = Buffer.from('counter');
let isAsked = true;
function readOn() {
  if (!isAsked) return;
  void keys.get(key);
  setImmediate(readOn);
}
readOn();
process.on('message', async () => process.send(Buffer.from((await keys.get(key)) ?? '').toString()));
process.on('disconnect', () => {
  isAsked = false;
  void keys.close();
});
