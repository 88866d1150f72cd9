import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { openLog } from '../../lib/log/open-log.ts';
import { errorsIn } from '../support/assay-command.ts';
import { keysBehind, type Kept } from '../support/behind-the-server.ts';
import { naiveRoot } from '../support/naive-tree.ts';
import { rounds } from '../support/rounds.ts';
import { saidUntilKilled } from '../support/said-until-killed.ts';
import { Server } from '../support/server.ts';
import { useTemporaryFolder } from '../support/use-temporary-folder.ts';

const KILLS = rounds(3, 10);
const APPENDER = 'append-until-killed.mjs';

describe('a log whose processes are killed in mid-append', () => {
  const folder = useTemporaryFolder();

  test(`has all that they acknowledged where they were told, ${KILLS} times`, async () => {
    // Made by a server, so that the whole store can be checked at the end.
    const server = new Server({ data: folder.path });
    await server.start();
    await server.close();
    const acknowledged = new Map<number, string>();
    for (let round = 0; round < KILLS; round += 1) {
      // The first have the time to append, however slow the machine is.
      const delay = round === 0 ? 400 : Math.random() * 150;
      // Two at once, since processes share the log.
      const said = await Promise.all(
        ['a', 'b'].map((name) =>
          saidUntilKilled(APPENDER, [folder.path, `${name}${round}`], delay, server.environment),
        ),
      );
      for (const line of said.flatMap(([_ready, ...acknowledgements]) => acknowledgements)) {
        const [index = '', id = ''] = line.split(' ');
        expect(acknowledged.has(Number(index)), `two entries ${index}`).toBe(false);
        acknowledged.set(Number(index), id);
      }
      await expectKept(server, acknowledged);
    }
    expect(acknowledged.size).toBeGreaterThan(KILLS);
    expect(await errorsIn(folder.path, server.environment)).toEqual([]);
  }, 120_000);
});

async function expectKept(server: Kept, acknowledged: ReadonlyMap<number, string>): Promise<void> {
  const keys = await keysBehind(server);
  try {
    const log = await openLog(keys, { now: Date.now, keyFile: join(server.data, 'log.key'), origin: undefined });
    const entries: Buffer[] = [];
    const ids: string[] = [];
    for await (const { bytes, entry } of log.entries()) {
      entries.push(bytes);
      ids.push((entry as unknown as { id: string }).id);
    }
    for (const [index, id] of acknowledged) expect(ids[index]).toBe(id);
    expect(new Set(ids).size).toBe(ids.length);
    expect(await log.head()).toEqual({ size: entries.length, root: naiveRoot(entries) });
  } finally {
    await keys.close();
  }
}
