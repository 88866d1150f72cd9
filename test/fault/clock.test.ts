import { expect, test } from 'vitest';
import { header, jsonOf, send, textOf } from '../support/http.ts';
import { digestOf, randomContent } from '../support/oci-content.ts';
import { describeWith } from '../support/programs.ts';
import { expectStatus, freshRepository, locationOf } from '../support/repository.ts';
import { Server } from '../support/server.ts';
import { useTemporaryFolder } from '../support/use-temporary-folder.ts';
import { fakeClock } from './support/fake-clock.ts';
import { tellFigures } from './support/figures.ts';
import { loadUntil } from './support/load-until.ts';
import { MixedLoad } from './support/mixed-load.ts';
import { size } from './support/sizes.ts';
import { expectWhole } from './support/whole-check.ts';

const WRITES = size('ASSAY_FAULT_CLOCK_WRITES', 40, 400);
/** An hour back, a day forward, and right again. */
const JUMPS = ['-1h', '+1d', '+0'];

describeWith(['faketime'], 'a server whose clock jumps', () => {
  const folder = useTemporaryFolder();

  test('goes on with uploads, collection, publication and the log', async () => {
    const clock = await fakeClock(folder.path);
    const flags = ['--gc-interval', '1s', '--gc-grace', '2d', '--upload-expiry', '2d'];
    const server = new Server({ flags, env: clock.environment });
    await server.start();
    try {
      const load = new MixedLoad('clock');
      const repository = freshRepository(server);
      const bytes = randomContent(400_000);
      const unnamed = await repository.pushBlob(randomContent(70_000));
      let location = await repository.startUpload();
      let arrived = 0;
      for (const jump of ['+0', ...JUMPS]) {
        await clock.set(jump);
        const before = load.acknowledged.length;
        await loadUntil(server, load, () => load.acknowledged.length >= before + WRITES);
        const next = arrived + 100_000;
        const patched = await repository.patch(location, bytes.subarray(arrived, next), `${arrived}-${next - 1}`);
        location = locationOf(expectStatus(patched, 202), server.url);
        arrived = next;
        const collections = await collectionsOf(server);
        await expect.poll(() => collectionsOf(server), { timeout: 30_000 }).toBeGreaterThan(collections);
        await expectPublished(server);
      }
      expectStatus(await repository.close(location, digestOf(bytes)), 201);
      expectStatus(await repository.head(`blobs/${unnamed}`), 200);
      expect(load.refusals.map(({ kind, reply }) => `${kind} ${reply.status}`)).toEqual([]);
      expect(load.unanswered).toEqual([]);
      await load.expectKept(server);

      const times = await timesInLog(server);
      const back = times.filter((time, at) => at > 0 && time < times[at - 1]!);
      expect(back).toEqual([]);
      await server.restart();
      await load.expectKept(server);
      await expectWhole(server);
      tellFigures('clock set an hour back, a day forward and right again', {
        jumps: JUMPS.length,
        'writes acknowledged': load.acknowledged.length,
        refused: load.refusals.length,
        lost: 0,
        'log entries': times.length,
        'times that go back': back.length,
      });
    } finally {
      await server.close();
    }
  }, 240_000);
});

async function collectionsOf(server: Server): Promise<number> {
  const metrics = textOf(await send('GET', `${server.url}/metrics`));
  return Number(/assay_gc_runs_total\{outcome="done"\} (\d+)/.exec(metrics)?.[1] ?? 0);
}

/** All that the log has reaches readers, as the publisher does by itself. */
async function expectPublished(server: Server): Promise<void> {
  const size = await logSize(server);
  await expect
    .poll(
      async () => {
        const { live } = jsonOf(await send('GET', `${server.url}/api/v1/publication`)) as { live?: { size: number } };
        return live?.size ?? 0;
      },
      { timeout: 60_000, interval: 100 },
    )
    .toBeGreaterThanOrEqual(size);
}

async function logSize(server: Server): Promise<number> {
  return Number(textOf(await send('GET', `${server.url}/log/checkpoint`)).split('\n')[1]);
}

/** The times of all entries, in their order, as any reader of the log gets them. */
async function timesInLog(server: Server): Promise<string[]> {
  const size = await logSize(server);
  const times: string[] = [];
  for (let tile = 0; times.length < size; tile += 1) {
    const width = Math.min(256, size - tile * 256);
    const name = `${String(tile).padStart(3, '0')}${width < 256 ? `.p/${width}` : ''}`;
    const reply = expectStatus(await send('GET', `${server.url}/log/tile/entries/${name}`), 200);
    expect(header(reply, 'content-type')).toBeDefined();
    for (let at = 0; at < reply.body.length;) {
      const length = reply.body.readUInt16BE(at);
      const entry = JSON.parse(reply.body.toString('utf8', at + 2, at + 2 + length)) as { at: string };
      times.push(entry.at);
      at += 2 + length;
    }
  }
  return times;
}
