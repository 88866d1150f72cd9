// Appends to a log and says on standard output what was acknowledged, one line each, until it is killed.
// Arguments: the data folder, and a name that its entries carry. ASSAY_STORE may name a PostgreSQL. Needs `npm run build`.
import { writeSync } from 'node:fs';
import { join } from 'node:path';
import { openLog } from '../../dist/lib/log/open-log.js';
import { LmdbKeyedStore } from '../../dist/lib/store/lmdb/lmdb-keyed-store.js';
import { PostgresKeyedStore } from '../../dist/lib/store/postgres/postgres-keyed-store.js';

const [data, name] = process.argv.slice(2);
const address = process.env['ASSAY_STORE'];
const keys = address === undefined ? LmdbKeyedStore.open(join(data, 'store')) : await PostgresKeyedStore.open(address);
const log = await openLog(keys, { now: Date.now, keyFile: join(data, 'log.key'), origin: undefined });
let next = 0;

writeSync(1, 'ready\n');
await Promise.all(
  Array.from({ length: 16 }, async () => {
    for (;;) {
      const id = `${name}-${next++}`;
      const prepared = { entry: { type: 'remark', id }, result: (index) => index };
      const index = await log.append(() => Promise.resolve(prepared));
      writeSync(1, `${index} ${id}\n`);
    }
  }),
);
