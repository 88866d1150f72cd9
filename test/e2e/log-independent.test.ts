import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { beforeAll, expect, test } from 'vitest';
import { openLog } from '../../lib/log/open-log.ts';
import { LmdbKeyedStore } from '../../lib/store/lmdb/lmdb-keyed-store.ts';
import { send } from '../support/http.ts';
import { fill } from '../support/log-entries.ts';
import { describeWith } from '../support/programs.ts';
import { runProgram, tryProgram } from '../support/run-program.ts';
import { Server } from '../support/server.ts';
import { useTemporaryFolder } from '../support/use-temporary-folder.ts';

const SOURCE = fileURLToPath(new URL('../support/log-verifier', import.meta.url));
const SIZES = [1, 2, 255, 256, 257, 700];

describeWith(['go'], "a log, as Go's own tlog and note see it", () => {
  const folder = useTemporaryFolder();
  let verifier = '';
  let unreachable = false;
  beforeAll(async () => {
    verifier = join(folder.path, 'log-verifier');
    const build = { cwd: SOURCE, env: process.env, timeout: 180_000 };
    const { code, stderr } = await tryProgram('go', ['build', '-o', verifier, '.'], build);
    if (code === 0) return;
    if (!/dial tcp|lookup|timeout|proxy/i.test(stderr)) throw new Error(`go build ended with ${code}\n${stderr}`);
    unreachable = true;
  }, 200_000);

  test.for(SIZES)('of the size %i, proves each entry and goes on from every size', async (size, { skip }) => {
    skip(unreachable, 'Go cannot fetch golang.org/x/mod here');
    const data = join(folder.path, `data-${size}`);
    await fillFolder(data, size);
    const server = new Server({ data });
    await server.start();
    try {
      const key = (await send('GET', `${server.url}/log/key`)).body.toString().trim();
      const { stdout } = await runProgram(verifier, [server.url, key]);
      expect(stdout.trim()).toBe(String(size));
      const forged = key.replace(/\+[0-9a-f]{8}\+/, '+00000000+');
      expect((await tryProgram(verifier, [server.url, forged])).code).toBe(1);
    } finally {
      await server.close();
    }
  });
});

async function fillFolder(data: string, size: number): Promise<void> {
  const keys = LmdbKeyedStore.open(join(data, 'store'));
  const log = await openLog(keys, { now: Date.now, keyFile: join(data, 'log.key'), origin: 'log.example/go' });
  await fill(log, size);
  await keys.close();
}
