import { platform } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, test } from 'vitest';
import { Server } from '../support/server.ts';
import { mebibytes, tellFigures } from './support/figures.ts';
import { MixedLoad } from './support/mixed-load.ts';
import { memoryOf, type Memory } from './support/process-memory.ts';
import { size } from './support/sizes.ts';
import { expectWhole } from './support/whole-check.ts';

const SECONDS = size('ASSAY_SOAK_SECONDS', 6, 60);
const CLIENTS = 8;
/** A client rests so long between two writes: a soak is about time, and a disk has an end. */
const REST_MS = SECONDS > 300 ? 100 : 20;
const SAMPLE_MS = Math.max(200, SECONDS * 5);
/** What the last third of the time may take more than the one before it. */
const BOUND_BYTES = 48 * 2 ** 20;

describe.skipIf(platform() !== 'linux')('a soak', () => {
  test(
    `of ${SECONDS} s under mixed load leaves the memory where it was after the warm-up`,
    async () => {
      const server = new Server({ flags: ['--gc-interval', '5s'] });
      await server.start();
      try {
        const load = new MixedLoad('soak');
        const over = new AbortController();
        const clients = load.run(server, CLIENTS, over.signal, REST_MS);
        const samples: Memory[] = [];
        const end = performance.now() + SECONDS * 1000;
        while (performance.now() < end) {
          await sleep(SAMPLE_MS);
          samples.push(await memoryOf(server));
        }
        over.abort();
        await clients;
        expect(load.refusals.map(({ kind, reply }) => `${kind} ${reply.status}`)).toEqual([]);
        expect(load.unanswered).toEqual([]);

        const third = Math.floor(samples.length / 3);
        const [warm, last] = [floorOf(samples.slice(third, 2 * third)), floorOf(samples.slice(2 * third))];
        tellFigures(`soak of ${SECONDS} s`, {
          seconds: SECONDS,
          'writes acknowledged': load.acknowledged.length,
          'memory, second third': mebibytes(warm.own),
          'memory, last third': mebibytes(last.own),
          'heap, second third': mebibytes(warm.heap),
          'heap, last third': mebibytes(last.heap),
          'bound of growth': mebibytes(BOUND_BYTES),
        });
        expect(last.own - warm.own).toBeLessThan(BOUND_BYTES);
        expect(last.heap - warm.heap).toBeLessThan(BOUND_BYTES);
        await load.expectKept(server);
        await expectWhole(server);
      } finally {
        await server.close();
      }
    },
    SECONDS * 2000 + 240_000,
  );
});

/** The least of each: what stays when garbage has been collected. */
function floorOf(samples: readonly Memory[]): Memory {
  return {
    own: Math.min(...samples.map(({ own }) => own)),
    heap: Math.min(...samples.map(({ heap }) => heap)),
  };
}
