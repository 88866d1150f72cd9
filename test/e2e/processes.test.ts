import { chmod, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test, vi } from 'vitest';
import { assay, errorsIn } from '../support/assay-command.ts';
import { header, jsonOf, send, textOf } from '../support/http.ts';
import { MixedLoad } from '../support/mixed-load.ts';
import { digestOf, randomContent } from '../support/oci-content.ts';
import { submissionOf } from '../support/record-fixtures.ts';
import { expectStatus, freshRepository, locationOf } from '../support/repository.ts';
import { rounds } from '../support/rounds.ts';
import { Server, useServer, type ServerOptions } from '../support/server.ts';
import { until } from '../support/until.ts';
import { useTemporaryFolder } from '../support/use-temporary-folder.ts';

const ROUNDS = rounds(1, 3);
vi.setConfig({ testTimeout: 60_000 });

const TWO: ServerOptions = { flags: ['--processes', '2'] };

/** Process ids by the number of the process, as the log tells them: the latest counts. */
function pidsOf({ said }: Server): number[] {
  const lines = said.split('\n').filter((line) => line.includes('"process serves"'));
  const pids: number[] = [];
  for (const line of lines) {
    const { process, pid } = JSON.parse(line) as { process: number; pid: number };
    pids[process] = pid;
  }
  return pids;
}

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}

/** Resolves when bytes of all these uploads have come. */
async function areUnderWay(locations: readonly string[]): Promise<void> {
  await until('uploads under way', async () => {
    const replies = await Promise.all(locations.map((location) => send('GET', location)));
    return replies.every((reply) => !['0-0', '0--1', undefined].includes(header(reply, 'range')));
  });
}

async function metric(server: Server, line: string): Promise<number> {
  const text = textOf(expectStatus(await send('GET', `${server.url}/metrics`), 200));
  const found = text.split('\n').filter((one) => one.startsWith(`${line} `));
  expect(found.length).toBeLessThanOrEqual(1);
  return Number(found[0]?.slice(line.length + 1) ?? 0);
}

const HEALTH = 'assay_http_request_duration_seconds_count{route="healthz",method="GET",status="200"}';

async function verifyLog(server: Server, folder: string): Promise<void> {
  const { code, stdout, stderr } = await assay(['log', 'verify'], { ASSAY_URL: server.url, HOME: folder });
  expect({ code, stdout, stderr }).toMatchObject({ code: 0 });
}

describe('two processes on one store', () => {
  const server = useServer(TWO);
  const folder = useTemporaryFolder();

  test('serve one address, and both take part', async () => {
    for (let at = 0; at < 20; at += 1) {
      expect(jsonOf(await send('GET', `${server.url}/healthz`))).toEqual({ status: 'ok' });
      expect((await send('GET', `${server.url}/readyz`)).status).toBe(200);
    }
    expect(await metric(server, 'assay_processes')).toBe(2);
    expect(await metric(server, HEALTH)).toBe(20);
    expect(pidsOf(server)).toHaveLength(2);
  });

  test('end uploads whose chunks came by many connections, several at once', async () => {
    const repository = freshRepository(server);
    const contents = Array.from({ length: 6 }, () => randomContent(700_000));
    await Promise.all(
      contents.map(async (bytes) => {
        let location = await repository.startUpload();
        for (let at = 0; at < 7; at += 1) {
          const chunk = bytes.subarray(at * 100_000, (at + 1) * 100_000);
          const reply = await repository.patch(location, chunk, `${at * 100_000}-${(at + 1) * 100_000 - 1}`);
          location = locationOf(expectStatus(reply, 202), server.url);
        }
        expectStatus(await repository.close(location, digestOf(bytes)), 201);
      }),
    );
    for (const bytes of contents) {
      expect(expectStatus(await repository.get(`blobs/${digestOf(bytes)}`), 200).body.equals(bytes)).toBe(true);
    }
  });

  test('show at once by one what was acknowledged by the other', async () => {
    const repository = freshRepository(server);
    for (let at = 0; at < 15; at += 1) {
      const { digest } = await repository.pushImage(`t${at}`);
      for (let look = 0; look < 2; look += 1) expectStatus(await repository.head(`manifests/${digest}`), 200);
      expect(await repository.tags()).toHaveLength(at + 1);
    }
  });

  test('append to the log in one order, and publish and pin beside each other', async () => {
    const load = new MixedLoad(server);
    await load.prepare();
    const headers = { 'content-type': 'application/json' };
    const replies = await Promise.all(
      Array.from({ length: 40 }, (_, at) => {
        const body = Buffer.from(JSON.stringify(submissionOf(`beside-${at}`)));
        return send('POST', `${server.url}/api/v1/runs`, { headers, body });
      }),
    );
    for (const reply of replies) expectStatus(reply, 201);
    load.start();
    await until('acknowledged writes', () => load.acknowledged.length > 30);
    await load.stop();
    expect(load.wrong).toEqual([]);
    expect(await load.missing()).toEqual([]);
    await verifyLog(server, folder.path);
    expect(await errorsIn(server.data)).toEqual([]);
  });

  test('publish by one of them', async () => {
    await until('a publication', async () => {
      const told = jsonOf(await send('GET', `${server.url}/api/v1/publication`)) as { waiting: number };
      return told.waiting === 0 && server.said.includes('"published"');
    });
    const publishers = server.said.split('\n').filter((line) => line.includes('"published"'));
    for (const line of publishers) expect(JSON.parse(line)).toMatchObject({ process: 0 });
  });
});

describe('a process that is killed', () => {
  test('takes nothing along that was acknowledged, and is replaced, and stays in the counts', async () => {
    const server = new Server(TWO);
    await server.start();
    try {
      const load = new MixedLoad(server);
      await load.prepare();
      for (let at = 0; at < 10; at += 1) await send('GET', `${server.url}/healthz`);
      expect(await metric(server, HEALTH)).toBe(10);
      load.start();
      for (const number of [0, 1]) {
        const before = load.acknowledged.length;
        await until('writes before', () => load.acknowledged.length > before + 8);
        const pid = pidsOf(server)[number] ?? 0;
        process.kill(pid, 'SIGKILL');
        await until('a replacement', () => pidsOf(server)[number] !== pid);
        const after = load.acknowledged.length;
        await until('writes after', () => load.acknowledged.length > after + 8);
      }
      await load.stop();
      expect(load.wrong).toEqual([]);
      expect(await load.missing()).toEqual([]);
      expect(await metric(server, HEALTH)).toBe(10);
      expect(await metric(server, 'assay_processes')).toBe(2);
      expect(await metric(server, 'assay_process_replacements_total')).toBe(2);
      expect(server.said).toMatch(/"process ended by itself","process":0,.*"signal":"SIGKILL","replacedAfterMs":\d+/);
      expect(await errorsIn(server.data)).toEqual([]);
    } finally {
      await server.close();
    }
  });

  test('is replaced at once when it was asked to end, and lets its requests end', async () => {
    const server = new Server(TWO);
    await server.start();
    try {
      const repository = freshRepository(server);
      const bytes = randomContent(4_000_000);
      // Those of one process end in spite of its drain, which waits for them.
      const locations = await Promise.all([1, 2, 3, 4].map(() => repository.startUpload()));
      async function* slowly(): AsyncGenerator<Uint8Array> {
        yield bytes.subarray(0, 3_000_000);
        await until('the drain', () => server.said.includes('"draining"'));
        yield bytes.subarray(3_000_000);
      }
      const closing = locations.map((location) => repository.close(location, digestOf(bytes), slowly()));
      await areUnderWay(locations);
      const [, pid = 0] = pidsOf(server);
      process.kill(pid, 'SIGTERM');
      for (const reply of await Promise.all(closing)) expectStatus(reply, 201);
      await until('a replacement', () => pidsOf(server)[1] !== pid);
      expect(server.said).toMatch(/"process ended","process":1,.*"code":0/);
      expect((await repository.get(`blobs/${digestOf(bytes)}`)).body.equals(bytes)).toBe(true);
    } finally {
      await server.close();
    }
  });
});

describe('the process that watches over the others', () => {
  test('takes them along when it is killed under load, and leaves port and store to the next', async () => {
    const server = new Server(TWO);
    await server.start();
    try {
      const load = new MixedLoad(server);
      await load.prepare();
      for (let round = 0; round < ROUNDS; round += 1) {
        load.start();
        const before = load.acknowledged.length;
        await until('writes', () => load.acknowledged.length > before + 8);
        const pids = pidsOf(server);
        await server.kill();
        await until('their end', () => !pids.some(isAlive));
        await load.stop();
        await server.start();
      }
      expect(load.wrong).toEqual([]);
      expect(await load.missing()).toEqual([]);
    } finally {
      await server.close();
    }
  });

  test('lets requests of all end after SIGTERM, also where all get the signal, and ends with 0', async () => {
    const server = new Server(TWO);
    await server.start();
    const repository = freshRepository(server);
    const bytes = randomContent(4_000_000);
    async function* slowly(): AsyncGenerator<Uint8Array> {
      yield bytes.subarray(0, 3_000_000);
      await until('the drain', () => server.said.includes('"draining"'));
      yield bytes.subarray(3_000_000);
    }
    const locations = await Promise.all([1, 2, 3, 4].map(() => repository.startUpload()));
    const closing = locations.map((location) => repository.close(location, digestOf(bytes), slowly()));
    await areUnderWay(locations);
    for (const pid of pidsOf(server)) process.kill(pid, 'SIGTERM');
    const stopped = server.stop();
    for (const reply of await Promise.all(closing)) expectStatus(reply, 201);
    expect(await stopped).toBe(0);
    await server.close();
  });

  test('ends at once with 1 at a second signal', async () => {
    const server = new Server(TWO);
    await server.start();
    const repository = freshRepository(server);
    async function* forEver(): AsyncGenerator<Uint8Array> {
      yield randomContent(3_000_000);
      await until('the end', () => !server.running);
    }
    const location = await repository.startUpload();
    const closing = repository.close(location, digestOf(randomContent(1)), forEver()).catch(() => undefined);
    await areUnderWay([location]);
    const pids = pidsOf(server);
    const ended = server.stop();
    await until('draining', () => server.said.includes('"draining"'));
    process.kill(server.pid, 'SIGINT');
    expect(await ended).toBe(1);
    await until('their end', () => !pids.some(isAlive));
    await closing;
  });
});

describe('a single process', () => {
  test('ends soon with 1 at a second signal, also in the middle of commits', async () => {
    const server = new Server();
    await server.start();
    const load = new MixedLoad(server);
    await load.prepare();
    for (let round = 0; round < ROUNDS; round += 1) {
      load.start();
      const before = load.acknowledged.length;
      await until('writes', () => load.acknowledged.length > before + 8);
      process.kill(server.pid, 'SIGTERM');
      process.kill(server.pid, 'SIGINT');
      await until('the end', () => !server.running);
      // Where nothing was under way, the first signal may have been enough.
      expect([0, 1]).toContain(await server.stop());
      await load.stop();
      await server.start();
    }
    expect(load.wrong).toEqual([]);
    expect(await load.missing()).toEqual([]);
    await server.close();
  });
});

describe('a start of several processes that cannot be', () => {
  const folder = useTemporaryFolder();
  const flags = (): string[] => ['serve', '--data', join(folder.path, 'data'), '--processes', '3'];

  test('says once what is in the way, and ends with 1: the port', async () => {
    const server = new Server();
    await server.start();
    const port = server.address.split(':')[1] ?? '';
    const { code, stderr, stdout } = await assay([...flags(), '--port', port]);
    expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
    expect(stderr.match(/another program listens there/g)).toHaveLength(1);
    await server.close();
  });

  test('says once which setting is wrong, and ends with 2', async () => {
    const key = join(folder.path, 'open.key');
    await writeFile(key, 'anything');
    await chmod(key, 0o644);
    const { code, stderr } = await assay([...flags(), '--port', '0', '--log-key', key]);
    expect(code).toBe(2);
    expect(stderr.match(/chmod 600/g)).toHaveLength(1);
  });
});
