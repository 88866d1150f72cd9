import { readdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { canonicalJson } from '../../lib/encoding/canonical-json.ts';
import { sha256 } from '../../lib/encoding/digest.ts';
import { DirectoryTarget } from '../../lib/publication/directory-target.ts';
import type { PublicationStatus } from '../../lib/client/index.ts';
import { encodePointer } from '../../lib/publication/pointer.ts';
import { S3Target } from '../../lib/publication/s3-target.ts';
import type { Target } from '../../lib/publication/target.ts';
import { assay, errorsIn } from '../support/assay-command.ts';
import { makeAuthorRepository } from '../support/author-repository.ts';
import { FaultyProxy } from '../support/faulty-proxy.ts';
import { HookReceiver } from '../support/hook-receiver.ts';
import { send } from '../support/http.ts';
import { usePostgres } from '../support/postgres.ts';
import { describeWith, S3_PROGRAMS } from '../support/programs.ts';
import type { Outcome } from '../support/run-program.ts';
import { useS3 } from '../support/s3.ts';
import { Server } from '../support/server.ts';
import { SnapshotReader } from '../support/snapshot-reader.ts';
import { useTemporaryFolder } from '../support/use-temporary-folder.ts';

const PINS = 25;
const ROUNDS = Number(process.env['ASSAY_TEST_ROUNDS'] ?? 2);
const LIMIT = 60_000 + ROUNDS * 6_000;

const folder = useTemporaryFolder();
let hook: HookReceiver;
let servers: Server[];
let reader: SnapshotReader | undefined;
let made = 0;

beforeEach(async () => {
  hook = new HookReceiver();
  await hook.start();
  servers = [];
});

afterEach(async () => {
  await reader?.stop();
  await Promise.all(servers.map((server) => server.close()));
  await hook.close();
});

async function started(publish: string, env: Record<string, string> = {}): Promise<Server> {
  const server = new Server({ env: { ASSAY_PUBLISH: publish, ASSAY_DEPLOY_HOOK: hook.url, ...env } });
  servers.push(server);
  await server.start();
  return server;
}

async function publishDefinitions(server: Server): Promise<void> {
  const { path } = await makeAuthorRepository(folder.path);
  const { code, stderr } = await assay(['publish', '--all'], { ASSAY_URL: server.url, HOME: path }, { cwd: path });
  if (code !== 0) throw new Error(stderr);
}

/** Moves pins, each to where it was not: quick entries of the log. Returns how many were acknowledged. */
async function movePins(server: Server, count: number, atOnce = 16): Promise<number> {
  let left = count;
  let done = 0;
  async function work(): Promise<void> {
    while (left > 0) {
      left -= 1;
      const at = (made += 1);
      const body = Buffer.from(JSON.stringify({ to: Math.floor(at / PINS) % 2 === 0 ? 'v1.0.0' : 'v1.1.0' }));
      const headers = { 'content-type': 'application/json' };
      const url = `${server.url}/api/v1/pins/test-cases/carom@p${at % PINS}`;
      const reply = await send('PUT', url, { headers, body }).catch(() => undefined);
      if (reply !== undefined && reply.status < 300) done += 1;
    }
  }
  await Promise.all(Array.from({ length: atOnce }, work));
  return done;
}

function run(server: Server, ...args: string[]): Promise<Outcome> {
  return assay(args, { ASSAY_URL: server.url, HOME: folder.path }, { cwd: folder.path });
}

async function statusOf(server: Server): Promise<PublicationStatus> {
  const { body } = await send('GET', `${server.url}/api/v1/publication`);
  return JSON.parse(body.toString()) as PublicationStatus;
}

async function until<T>(what: () => Promise<T | undefined | false>, ms = 45_000): Promise<T> {
  for (const end = performance.now() + ms; performance.now() < end; await sleep(100)) {
    const found = await what();
    if (found !== undefined && found !== false) return found;
  }
  throw new Error('it does not come to that');
}

/** Everything is live, and the site knows. */
async function settled(server: Server, ms?: number): Promise<PublicationStatus> {
  return until(async () => {
    const status = await statusOf(server).catch(() => undefined);
    return status?.live !== undefined && status.waiting === 0 && status.hook === undefined && status;
  }, ms).catch(async () => {
    throw new Error(`not settled: ${JSON.stringify(await statusOf(server))}`);
  });
}

function readOn(target: Target): SnapshotReader {
  reader = new SnapshotReader(target);
  reader.start();
  return reader;
}

interface Place {
  readonly publish: string;
  readonly target: Target;
  readonly env?: Record<string, string>;
}

function describePublication(open: () => Promise<Place>): void {
  test('makes at most 3 swaps and 3 words to the hook of a burst of 500', { timeout: LIMIT }, async () => {
    const { publish, target, env } = await open();
    const server = await started(publish, env);
    await publishDefinitions(server);
    const before = await settled(server);
    const hooks = hook.told.length;
    const seen = readOn(target);
    expect(await movePins(server, 500)).toBe(500);
    const after = await settled(server);
    expect(after.live!.publication - before.live!.publication).toBeLessThanOrEqual(3);
    expect(hook.told.length - hooks).toBeLessThanOrEqual(3);
    expect(hook.told.at(-1)).toMatchObject({ snapshot: after.live!.snapshot, size: after.logSize });
    await seen.stop();
    expect(await seen.look()).toBe(after.logSize);
    expect(seen.wrong).toEqual([]);
  });

  test('converges after kill -9 at any moment, and no reader sees a torn view', { timeout: LIMIT }, async () => {
    const { publish, target, env } = await open();
    const server = await started(publish, env);
    await publishDefinitions(server);
    const seen = readOn(target);
    for (let round = 0; round < ROUNDS; round += 1) {
      await movePins(server, 5);
      // Busy where the server before died in the middle: that is a case of its own.
      void send('POST', `${server.url}/api/v1/publication/now`, {
        headers: { 'content-type': 'application/json' },
        body: Buffer.from('{}'),
      }).catch(() => undefined);
      await sleep(Math.random() * 300);
      await server.kill();
      await server.start();
      if (round % 5 === 4) await settled(server);
    }
    const { live, logSize } = await settled(server);
    expect(live!.size).toBe(logSize);
    expect(hook.told.at(-1)?.snapshot).toBe(live!.snapshot);
    await seen.stop();
    expect(await seen.look()).toBe(logSize);
    expect(seen.wrong).toEqual([]);
    expect(seen.views).toBeGreaterThan(ROUNDS);
    expect(await run(server, 'log', 'verify')).toMatchObject({ code: 0 });
    await server.stop();
    expect(await errorsIn(server.data, server.environment)).toEqual([]);
  });
}

async function openFolder(): Promise<Place & { path: string }> {
  const path = join(folder.path, `public-${(made += 1)}`);
  return { publish: `dir:${path}`, target: new DirectoryTarget(path), path };
}

describe('publication to a folder', () => {
  describePublication(openFolder);

  test('is what the log makes it, is rolled back, and goes on when told to', { timeout: LIMIT }, async () => {
    const { publish, path, target } = await openFolder();
    const server = await started(publish);
    await publishDefinitions(server);
    const first = await settled(server);
    await movePins(server, 3);
    await settled(server);
    const verified = await assay(['snapshot', 'verify', path]);
    expect(verified).toMatchObject({ code: 0 });

    const listed = await run(server, 'snapshot', 'list', '--json');
    const { snapshots } = JSON.parse(listed.stdout) as { snapshots: { publication: number; live: boolean }[] };
    expect(snapshots[0]).toMatchObject({ live: true });
    expect(snapshots.filter(({ live }) => live)).toHaveLength(1);
    expect((await run(server, 'snapshot', 'list')).stdout).toContain(first.live!.snapshot);

    expect(await run(server, 'snapshot', 'rollback', '9999')).toMatchObject({ code: 1 });
    expect(await run(server, 'snapshot', 'rollback', 'soon')).toMatchObject({ code: 2 });
    expect(await run(server, 'snapshot', 'rollback', String(first.live!.publication))).toMatchObject({ code: 0 });
    expect(await new SnapshotReader(target).look()).toBe(first.live!.size);
    await movePins(server, 1);
    await sleep(4_000);
    expect((await run(server, 'publication')).stdout).toContain('rolled back');
    expect(await new SnapshotReader(target).look()).toBe(first.live!.size);
    expect(await run(server, 'publication', 'now')).toMatchObject({ code: 0 });
    expect(await new SnapshotReader(target).look()).toBe((await statusOf(server)).logSize);
    const metrics = (await send('GET', `${server.url}/metrics`)).body.toString();
    expect(metrics).toMatch(/^assay_publication_waiting_entries 0$/m);
  });

  test('tells a hook that fails, lies and hangs until it is told', { timeout: LIMIT }, async () => {
    const { publish } = await openFolder();
    hook.mood = 'fails';
    const server = await started(publish);
    await publishDefinitions(server);
    await until(async () => (await statusOf(server)).hook?.lastError?.includes('500'));
    expect(await run(server, 'publication')).toMatchObject({ code: 1 });
    hook.mood = 'nonsense';
    await until(async () => (await statusOf(server)).hook?.lastError?.includes('does not answer'));
    hook.mood = 'hangs';
    const asked = hook.asked;
    await movePins(server, 1);
    await until(async () => hook.asked > asked);
    // Publishing does not wait for it, nor does the end of the server, and others are served.
    expect(await run(server, 'publication', 'now')).toMatchObject({ code: 0 });
    expect((await send('GET', `${server.url}/readyz`)).status).toBe(200);
    const since = performance.now();
    expect(await server.stop()).toBe(0);
    expect(performance.now() - since).toBeLessThan(5_000);
    hook.mood = 'works';
    await server.start();
    const { live } = await settled(server);
    expect(hook.told.at(-1)?.snapshot).toBe(live!.snapshot);
  });
});

describe('a start on what another release has published', () => {
  test('publishes all of it anew in its own form, though the log has not grown', { timeout: LIMIT }, async () => {
    const { publish, path, target } = await openFolder();
    const server = await started(publish);
    await publishDefinitions(server);
    const { live } = await settled(server);
    await server.stop();

    const { snapshot, publication, size } = live!;
    const root = JSON.parse(Buffer.from((await target.read(snapshot))!).toString()) as { scrubber: object };
    const bytes = canonicalJson({ ...root, scrubber: { ...root.scrubber, version: 0 } });
    const other = sha256(bytes);
    await target.put({ digest: other, size: bytes.length, bytes }, 0);
    const pointer = encodePointer({ format: 1, publication: publication + 1, snapshot: other, size });
    await writeFile(join(path, 'current'), pointer);
    // As if that release had been swept of objects that this one needs.
    for (const name of (await readdir(join(path, 'o'))).slice(0, 3)) {
      if (!other.endsWith(name)) await rm(join(path, 'o', name));
    }

    await server.start();
    const after = await until(async () => {
      const status = await settled(server);
      return status.live!.publication === publication + 2 && status;
    });
    expect(after.live!.snapshot).toBe(snapshot);
    expect(hook.told.at(-1)).toMatchObject({ snapshot, publication: publication + 2 });
    expect(await assay(['snapshot', 'verify', path])).toMatchObject({ code: 0 });
  });
});

describeWith(S3_PROGRAMS, 'publication to a bucket', () => {
  const s3 = useS3();
  async function open(port = s3.port): Promise<Place & { bucket: string }> {
    const bucket = await s3.freshBucket();
    const query = new URLSearchParams({ endpoint: `http://127.0.0.1:${port}` });
    const target = new S3Target({ client: s3.client, bucket, prefix: 'public/' });
    return { publish: `s3://${bucket}/public?${query.toString()}`, target, bucket, env: s3.environment };
  }
  describePublication(() => open());

  test('survives a bucket that throttles, cuts and loses answers', { timeout: LIMIT }, async () => {
    const proxy = await FaultyProxy.before(s3.port);
    try {
      const { publish, target, env } = await open(Number(new URL(proxy.endpoint).port));
      const server = await started(publish, env);
      await publishDefinitions(server);
      await settled(server);
      const seen = readOn(target);
      for (const fault of [{ status: 429 }, { status: 503 }, { status: 500 }, 'refused', 'answer lost'] as const) {
        for (const what of [/^PUT .*\/o\//, /^PUT .*\/current/]) {
          proxy.fail(what, fault, 5);
          await movePins(server, 2);
          await until(async () => proxy.left < 5);
          await sleep(500);
          proxy.heal();
          const { live, logSize } = await settled(server);
          expect(live!.size).toBe(logSize);
        }
      }
      expect((await send('GET', `${server.url}/readyz`)).status).toBe(200);
      await seen.stop();
      expect(seen.wrong).toEqual([]);
    } finally {
      await Promise.all(servers.map((server) => server.stop()));
      await proxy.close();
    }
  });
});

describeWith(['postgres', ...S3_PROGRAMS], 'two servers on one PostgreSQL and one bucket', () => {
  const s3 = useS3();
  const postgres = usePostgres();

  test('publish one at a time, and one takes over when the other dies', { timeout: LIMIT }, async () => {
    const bucket = await s3.freshBucket();
    const query = new URLSearchParams({ endpoint: s3.endpoint });
    const blobs = await s3.freshStore();
    const key = join(folder.path, 'shared.key');
    const env = { ...blobs, ASSAY_STORE: await postgres.freshDatabase(), ASSAY_LOG_KEY: key };
    const publish = `s3://${bucket}/public?${query.toString()}`;
    const one = await started(publish, env);
    const other = await started(publish, env);
    await publishDefinitions(one);
    const seen = readOn(new S3Target({ client: s3.client, bucket, prefix: 'public/' }));
    await settled(other);
    await Promise.all([movePins(one, 50), movePins(other, 50)]);
    await settled(one);
    await movePins(one, 5);
    void send('POST', `${one.url}/api/v1/publication/now`, { body: Buffer.from('{}') }).catch(() => undefined);
    await sleep(50);
    await one.kill();
    const { live } = await settled(other);
    await seen.stop();
    expect(seen.wrong).toEqual([]);
    expect(await seen.look()).toBe(live!.size);
    await one.start();
  });
});
