import { platform } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, test } from 'vitest';
import { eachAtOnce } from '../../lib/encoding/each-at-once.ts';
import { RawConnection } from '../support/raw-connection.ts';
import { expectStatus, freshRepository, type Repository } from '../support/repository.ts';
import { Server } from '../support/server.ts';
import { mebibytes, percentile, tellFigures } from './support/figures.ts';
import { memoryOf } from './support/process-memory.ts';
import { FULL, size } from './support/sizes.ts';

const CONNECTIONS = size('ASSAY_FAULT_IDLE', 200, 2000);
const REQUESTS = size('ASSAY_FAULT_IDLE_REQUESTS', 200, 2000);
const BODY_TIMEOUT_MS = 2000;
/** Heads get 20 s, looked at every 5 s. Who has had an answer may keep the connection for 75 s, which is not waited for here. */
const CUT_LIMIT_MS = 40_000;

/** How far a client that does nothing gets before it stops. */
const BEGINNINGS = [
  '',
  'GET /v2/ HTTP/1.1\r\nHost: x\r\nX-Half: ',
  'PUT /v2/idle/manifests/x HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 500\r\n\r\n{',
  'GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n',
];

describe.skipIf(platform() !== 'linux')('connections that do nothing', () => {
  test(`${CONNECTIONS} of them do not hold up a client that works, and are cut in time`, async () => {
    const server = new Server({ flags: ['--body-timeout', `${BODY_TIMEOUT_MS}ms`] });
    await server.start();
    try {
      const repository = freshRepository(server);
      await repository.pushImage('v1');
      await latencies(repository);
      const alone = await latencies(repository);
      const memoryBefore = await memoryOf(server);

      const idle: RawConnection[] = [];
      await eachAtOnce(32, Array.from({ length: CONNECTIONS }).keys(), async (at) => {
        const connection = await RawConnection.open(server);
        connection.write(BEGINNINGS[at % BEGINNINGS.length]!);
        idle.push(connection);
      });
      const opened = performance.now();
      const beside = await latencies(repository);
      const memoryBeside = await memoryOf(server);
      // The heads alone take 20 s to be cut, which is too long for a small run.
      const waited = idle.filter(({ status }) => (FULL ? status !== 200 : (status ?? 200) >= 400));
      await Promise.all(waited.map((connection) => connection.closed(CUT_LIMIT_MS)));
      const cutAfter = performance.now() - opened;
      for (const connection of idle) connection.destroy();
      await sleep(500);
      const memoryAfter = await memoryOf(server);
      expectStatus(await repository.get('manifests/v1'), 200);
      tellFigures('connections that do nothing', {
        connections: CONNECTIONS,
        'median alone, ms': percentile(alone, 0.5),
        'beside them, ms': percentile(beside, 0.5),
        'p99 alone, ms': percentile(alone, 0.99),
        'p99 beside them, ms': percentile(beside, 0.99),
        ...(FULL ? { 'cut after, s': cutAfter / 1000 } : {}),
        'memory before': mebibytes(memoryBefore.own),
        'beside them (memory)': mebibytes(memoryBeside.own),
        'after them (memory)': mebibytes(memoryAfter.own),
      });
      // A machine that does other things, too, is slow now and then; held up would be seconds.
      expect(percentile(beside, 0.5)).toBeLessThan(100);
      expect(memoryBeside.own - memoryBefore.own).toBeLessThan(48 * 2 ** 20 + CONNECTIONS * 64 * 1024);
    } finally {
      await server.close();
    }
  }, 180_000);
});

/** What each of many requests took, one after the other. */
async function latencies(repository: Repository): Promise<number[]> {
  const taken: number[] = [];
  for (let at = 0; at < REQUESTS; at += 1) {
    const began = performance.now();
    expectStatus(await repository.get('manifests/v1'), 200);
    taken.push(performance.now() - began);
  }
  return taken;
}
