import { setTimeout as sleep } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { Server } from '../support/server.ts';
import { tellFigures } from './support/figures.ts';
import { MixedLoad } from './support/mixed-load.ts';
import { size } from './support/sizes.ts';
import { expectWhole } from './support/whole-check.ts';

const KILLS = size('ASSAY_FAULT_KILLS', 12, 200);
const LANES = 2;
const CLIENTS = 8;

interface Lane {
  readonly load: MixedLoad;
  readonly starts: number[];
}

/** Kills one server so often, each time in the thick of its work, and looks at the end for all that it acknowledged. */
async function killAgainAndAgain(name: string, kills: number): Promise<Lane> {
  const server = new Server();
  const load = new MixedLoad(name);
  const starts: number[] = [];
  try {
    await server.start();
    for (let round = 0; round < kills; round += 1) {
      const before = load.acknowledged.length;
      const over = new AbortController();
      const clients = load.run(server, CLIENTS, over.signal);
      await expect.poll(() => load.acknowledged.length, { interval: 10, timeout: 20_000 }).toBeGreaterThan(before);
      await sleep(50 + Math.random() * 350);
      await server.kill();
      over.abort();
      await clients;
      const began = performance.now();
      await server.start();
      starts.push(performance.now() - began);
      // What is lost at once is found at once; the rest is looked for at the end.
      if (round % 10 === 0) await load.expectKept(server, before);
    }
    await load.expectKept(server);
    await expectWhole(server);
  } finally {
    await server.close();
  }
  return { load, starts };
}

// Two servers, since starting one takes one core.
test(
  `a server that is killed ${KILLS} times under load has everything that it acknowledged, and nothing by halves`,
  async () => {
    const lanes = await Promise.all(
      Array.from({ length: LANES }, (_, lane) => killAgainAndAgain(`lane-${lane}`, Math.ceil(KILLS / LANES))),
    );
    const count = (of: (lane: Lane) => number): number => lanes.reduce((sum, lane) => sum + of(lane), 0);
    const kinds = new Set(lanes.flatMap(({ load }) => Object.keys(load.counts)));
    const starts = lanes.flatMap((lane) => lane.starts).sort((a, b) => a - b);
    tellFigures('kill -9 under mixed load', {
      kills: count((lane) => lane.starts.length),
      'writes acknowledged': count(({ load }) => load.acknowledged.length),
      lost: 0,
      'without an answer': count(({ load }) => load.unanswered.length),
      kinds: kinds.size,
      'median start, ms': Math.round(starts[Math.floor(starts.length / 2)] ?? 0),
    });
    expect([...kinds].sort()).toEqual(['blob', 'git push', 'manifest', 'pin', 'publish', 'review', 'run', 'upload']);
    // Refused means that the server said no to what it should have taken.
    expect(lanes.flatMap(({ load }) => load.refusals.map(({ kind, reply }) => `${kind} ${reply.status}`))).toEqual([]);
  },
  30_000 + KILLS * 3000,
);
