import { mkdir, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, describe, expect, test } from 'vitest';
import type { PublicationStatus } from '../../lib/client/index.ts';
import { LogSigner } from '../../lib/log/log-signer.ts';
import { LmdbKeyedStore } from '../../lib/store/lmdb/lmdb-keyed-store.ts';
import { entriesOf } from '../../lib/store/keyed-store.ts';
import { FileLayout } from '../../lib/store/files/file-layout.ts';
import { formatKey, leaseKey } from '../../lib/store/keys.ts';
import type { Sha256 } from '../../lib/encoding/digest.ts';
import { assay, errorsIn, startAssay } from '../support/assay-command.ts';
import { send } from '../support/http.ts';
import { mayMount } from '../support/may-mount.ts';
import { checkpointOf, expectServed, expectVerified, fill, json, killed } from '../support/moving.ts';
import { randomContent } from '../support/oci-content.ts';
import { Repository } from '../support/repository.ts';
import { rounds } from '../support/rounds.ts';
import { runProgram } from '../support/run-program.ts';
import { Server } from '../support/server.ts';
import { useTemporaryFolder } from '../support/use-temporary-folder.ts';

const KILLS = rounds(2, 4);
const folder = useTemporaryFolder();
const servers: Server[] = [];
let made = 0;

afterEach(async () => {
  await Promise.all(servers.splice(0).map((server) => server.close()));
});

function fresh(name: string): string {
  made += 1;
  return join(folder.path, `${name}-${made}`);
}

function places(data: string): string {
  return `lmdb:${join(data, 'store')},files:${data}`;
}

async function serving(data: string, publish = 'off'): Promise<Server> {
  await mkdir(data, { recursive: true });
  const server = new Server({ data, env: { ASSAY_PUBLISH: publish } });
  servers.push(server);
  await server.start();
  return server;
}

/** Whether a folder has that part of the twelve blobs of `fill` at which this round is to end. */
function hasPart(root: string, round: number): () => Promise<boolean> {
  return async () => {
    const shards = await readdir(join(root, 'blobs'), { recursive: true }).catch(() => []);
    return shards.filter((name) => name.length > 64).length >= Math.ceil((12 * (round + 1)) / (KILLS + 1));
  };
}

/** As if the term of a lease had passed that was left by who was killed. */
async function passLeases(data: string): Promise<void> {
  const keys = LmdbKeyedStore.open(join(data, 'store'));
  try {
    await keys.commit({ deletes: [leaseKey('garbage collection')] });
  } finally {
    await keys.close();
  }
}

/** The same of the lock of a folder of backups. */
async function passLocks(backups: string): Promise<void> {
  await rm(join(backups, 'locks'), { recursive: true, force: true });
}

async function published(server: Server): Promise<PublicationStatus> {
  const { stdout, stderr } = await assay(['publication', 'now', '--json'], { ASSAY_URL: server.url });
  if (stdout === '') throw new Error(stderr);
  return JSON.parse(stdout) as PublicationStatus;
}

/** Does something on a disk of its own, of so many megabytes. */
async function onDisk<T>(megabytes: number, work: (disk: string) => Promise<T>): Promise<T> {
  const disk = fresh('disk');
  await mkdir(disk);
  await runProgram('mount', ['-t', 'tmpfs', '-o', `size=${megabytes}m`, 'tmpfs', disk]);
  try {
    return await work(disk);
  } finally {
    await runProgram('umount', [disk]);
  }
}

describe('a copy', () => {
  test('that is killed at any moment goes on, serves the same bytes, and has the same log, which goes on being published', async () => {
    const [data, target, bucket] = [fresh('source'), fresh('target'), fresh('bucket')];
    const source = await serving(data, `dir:${bucket}`);
    const pushed = await fill(source, folder.path);
    expect((await published(source)).live?.size).toBe(2);
    const before = await checkpointOf(source);

    const command = ['copy', '--from', places(data), '--to', places(target)];
    const refused = await assay(command);
    expect(refused.code).toBe(1);
    expect(refused.stderr).toContain('a server runs on the source');
    expect(await source.stop()).toBe(0);

    let kills = 0;
    for (let round = 0; round < KILLS; round += 1) {
      if (!(await killed(command, hasPart(target, round)))) break;
      kills += 1;
      await passLeases(data);
    }
    expect(kills).toBeGreaterThan(0);
    const report = await json<{ ended: boolean; damaged: unknown[] }>(command).catch((error: unknown) => {
      // It may have been killed behind its last commit.
      if (String(error).includes('is not empty')) return { ended: true, damaged: [] };
      throw error;
    });
    expect(report).toMatchObject({ ended: true, damaged: [] });
    expect(await errorsIn(target)).toEqual([]);

    const without = await assay(['serve', '--data', target, '--port', '0']);
    expect(without.code).toBe(2);
    expect(without.stderr).toContain('there is no key');
    await writeFile(join(target, 'log.key'), await readFile(join(data, 'log.key')), { mode: 0o600 });
    const copied = await serving(target, `dir:${bucket}`);
    expect(await checkpointOf(copied)).toBe(before);
    await expectServed(copied, pushed);
    await expectVerified(copied);
    const { code } = await assay(['pin', 'test-cases/carom@v1.0.0', '--as', 'stable'], { ASSAY_URL: copied.url });
    expect(code).toBe(0);
    expect(await published(copied)).toMatchObject({ live: { size: 3 }, failures: 0 });
  }, 120_000);

  test('is not served before it has ended, nor checked, nor collected in', async () => {
    const [data, target] = [fresh('source'), fresh('target')];
    const source = await serving(data);
    await fill(source, folder.path);
    const { stdout } = await assay(['copy', '--ahead', '--from', places(data), '--to', places(target)]);
    expect(stdout).toContain('has not ended');
    for (const command of ['serve', 'fsck', 'gc', 'backup']) {
      const words = command === 'backup' ? [fresh('backups')] : [];
      const { code, stderr } = await assay([command, ...words, '--data', target]);
      expect({ command, code, stderr }).toEqual({
        command,
        code: 1,
        stderr: expect.stringContaining('is not all there'),
      });
    }
    await source.stop();
    expect(await json(['copy', '--from', places(data), '--to', places(target)])).toMatchObject({
      ended: true,
      written: 0,
    });
    expect(await errorsIn(target)).toEqual([]);
  });

  test('of the blobs alone keeps servers and commands off them until it has ended, and none off where they are', async () => {
    const [data, target] = [fresh('source'), fresh('target')];
    const source = await serving(data);
    const pushed = await fill(source, folder.path);
    const to = `lmdb:${join(data, 'store')},files:${target}`;
    const command = ['copy', '--from', places(data), '--to', to];
    await json([...command, '--ahead']);
    // Where they are goes on being served and written to.
    await expectServed(source, pushed);
    await source.stop();
    for (const other of ['serve', 'fsck', 'gc', 'backup']) {
      const words = other === 'backup' ? [fresh('backups')] : other === 'serve' ? ['--port', '0'] : [];
      const { code, stderr } = await assay([other, ...words, '--data', data, '--blobs', `files:${target}`]);
      expect({ other, code, stderr }).toEqual({ other, code: 1, stderr: expect.stringContaining('is not all there') });
    }
    const again = await serving(data);
    await expectServed(again, pushed);
    await again.stop();
    expect(await json(command)).toMatchObject({ ended: true, keys: 0, written: 0 });
    const moved = new Server({ data, env: { ASSAY_PUBLISH: 'off', ASSAY_BLOBS: `files:${target}` } });
    servers.push(moved);
    await moved.start();
    await expectServed(moved, pushed);
  }, 60_000);

  test('and a backup of data of a newer format are refused', async () => {
    const [data, backups] = [fresh('source'), fresh('backups')];
    await fill(await serving(data), folder.path);
    await servers.at(-1)!.stop();
    const keys = LmdbKeyedStore.open(join(data, 'store'));
    await keys.commit({ puts: [{ key: formatKey, value: Buffer.from('{"format":999}') }] });
    await keys.close();
    for (const words of [
      ['copy', '--from', places(data), '--to', places(fresh('target'))],
      ['backup', backups, '--data', data],
    ]) {
      const { code, stderr } = await assay(words);
      expect({ code, stderr }).toEqual({ code: 1, stderr: expect.stringContaining('newer Assay (its format is 999') });
    }
  });

  test('names what is damaged, copies all else, and fails', async () => {
    const [data, target] = [fresh('source'), fresh('target')];
    const source = await serving(data);
    const { content } = await fill(source, folder.path);
    await source.stop();
    const [digest] = [...content].find(([, bytes]) => bytes.length === 200_000)!;
    const path = new FileLayout(data).blob(digest as Sha256);
    const bytes = await readFile(path);
    bytes[100_000]! ^= 1;
    await writeFile(path, bytes);
    const { code, stdout } = await assay(['copy', '--from', places(data), '--to', places(target)]);
    expect(code).toBe(1);
    expect(stdout).toContain(`error: ${digest}: the bytes do not match the digest`);
    expect(await errorsIn(target)).toEqual([{ severity: 'error', what: 'the bytes are missing', name: digest }]);
  });
});

describe('a backup', () => {
  test('beside writers has all that was acknowledged before it began, and gives a sound store with a sound log', async () => {
    const [data, backups] = [fresh('source'), fresh('backups')];
    const source = await serving(data);
    const first = await fill(source, folder.path);
    const stopping = new AbortController();
    let pins = 0;
    const acknowledged = new Map<string, Buffer>();
    async function push(size: number): Promise<void> {
      const repository = new Repository(source, first.repository);
      while (!stopping.signal.aborted) {
        const bytes = randomContent(size);
        const digest = await repository.pushBlob(bytes).catch((cause: unknown) => {
          throw new Error(`the server said:\n${source.said}`, { cause });
        });
        acknowledged.set(digest, bytes);
      }
    }
    async function pin(): Promise<void> {
      for (; !stopping.signal.aborted; pins += 1) {
        const body = Buffer.from(JSON.stringify({ to: pins % 2 === 0 ? 'v1.0.0' : 'v1.1.0' }));
        const headers = { 'content-type': 'application/json' };
        const url = `${source.url}/api/v1/pins/test-cases/carom@p${pins % 7}`;
        expect((await send('PUT', url, { headers, body })).status).toBeLessThan(300);
      }
    }
    const writers = [push(300), push(150_000), push(300), pin()];
    const made: { readonly name: string; readonly content: Map<string, Buffer>; readonly pins: number }[] = [];
    try {
      for (let round = 0; round < 2; round += 1) {
        await sleep(300);
        const before = { content: new Map([...first.content, ...acknowledged]), pins };
        const report = await json<{ name: string; damaged: unknown[] }>(['backup', backups, '--data', data]);
        expect(report.damaged).toEqual([]);
        made.push({ name: report.name, ...before });
      }
    } finally {
      stopping.abort();
      await Promise.all(writers);
    }
    expect(await source.stop()).toBe(0);
    expect(await json(['backup', 'verify', backups])).toMatchObject({ faults: [] });
    expect(
      (await json<{ backups: { name: string }[] }>(['backup', 'list', backups])).backups.map(({ name }) => name),
    ).toEqual(made.map(({ name }) => name));
    for (const { name, content, pins } of made) {
      const target = fresh('target');
      await json(['restore', backups, '--at', name, '--data', target]);
      expect((await stat(join(target, 'log.key'))).mode & 0o777).toBe(0o600);
      expect(await errorsIn(target)).toEqual([]);
      const restored = await serving(target);
      await expectServed(restored, { repository: first.repository, content });
      expect(Number((await checkpointOf(restored)).split('\n')[1])).toBeGreaterThanOrEqual(2 + pins);
      await expectVerified(restored);
    }
  }, 120_000);

  test('and a restore that are killed at any moment leave nothing half, and go on', async () => {
    const [data, backups] = [fresh('source'), fresh('backups')];
    const source = await serving(data);
    const pushed = await fill(source, folder.path);
    await source.stop();
    const command = ['backup', backups, '--data', data];
    let most = 0;
    for (let round = 0; round < KILLS; round += 1) {
      await killed(command, hasPart(join(backups, 'raw'), round));
      await passLeases(data);
      // The first time, as it is for everybody: the next one waits until the dead one has given no sign for long enough.
      if (round > 0) await passLocks(backups);
      if ((await readdir(backups).catch((): string[] => [])).includes('assay-backups.json')) {
        const { verified } = await json<{ verified: string[] }>(['backup', 'verify', backups]).catch(
          (error: unknown) => {
            if (String(error).includes('there is no backup yet')) return { verified: [] };
            throw error;
          },
        );
        most = Math.max(most, verified.length - round);
      }
    }
    expect(most).toBeLessThanOrEqual(1);
    await json(command);
    expect(await readdir(join(backups, 'locks'))).toHaveLength(1);
    expect(await json(['backup', 'verify', backups])).toMatchObject({ faults: [] });
    const left = await readdir(join(backups, 'backups'));
    expect(left.filter((name) => name.startsWith('.'))).toEqual([]);

    const target = fresh('target');
    for (let round = 0; round < KILLS; round += 1) {
      if (!(await killed(['restore', backups, '--data', target], hasPart(target, round)))) break;
    }
    const { code, stderr } = await assay(['restore', backups, '--data', target]);
    // It may have been killed behind its last commit.
    expect(code === 0 ? '' : stderr).toMatch(/^$|is not empty: it has keys of its own/);
    expect(await errorsIn(target)).toEqual([]);
    const restored = await serving(target);
    await expectServed(restored, pushed);
    await expectVerified(restored);
  }, 120_000);

  test('that was suspended while another took its folder over ends, and leaves it as the other made it', async () => {
    const [data, backups] = [fresh('source'), fresh('backups')];
    const source = await serving(data);
    const { repository } = await fill(source, folder.path);
    // Enough that there is a middle to be suspended in.
    for (let at = 0; at < 60; at += 1) await new Repository(source, repository).pushBlob(randomContent(500_000));
    await source.stop();
    const first = startAssay(['backup', backups, '--data', data]);
    const ended = new Promise<number | null>((resolve) => first.once('close', resolve));
    let said = '';
    first.stdout?.resume();
    first.stderr?.on('data', (piece: Buffer) => (said += piece.toString()));
    try {
      const isInTheMiddle = hasPart(join(backups, 'raw'), 0);
      while (first.exitCode === null && !(await isInTheMiddle())) await sleep(1);
      first.kill('SIGSTOP');
      expect(first.exitCode).toBeNull();
      const { name } = await json<{ name: string }>(['backup', backups, '--data', data, '--keep', '1']);
      first.kill('SIGCONT');
      expect(await ended).toBe(1);
      expect(said).toContain('another assay backup has taken the folder');
      expect(await json(['backup', 'verify', backups])).toEqual({ verified: [name], faults: [] });
      expect(await readdir(join(backups, 'backups'))).toEqual([name]);
    } finally {
      first.kill('SIGKILL');
      await ended;
    }
  }, 90_000);

  test('without the key of the log says so, and one whose key is not at hand is refused', async () => {
    const [data, backups] = [fresh('source'), fresh('backups')];
    const source = await serving(data);
    await fill(source, folder.path);
    const lacking = await assay(['backup', backups, '--data', data, '--log-key', '/nowhere/log.key']);
    expect({ code: lacking.code, stderr: lacking.stderr }).toEqual({
      code: 2,
      stderr: expect.stringContaining('--no-log-key'),
    });
    const { stdout } = await assay(['backup', backups, '--data', data, '--no-log-key']);
    expect(stdout).toContain('is not in it: keep it elsewhere');
    const target = fresh('target');
    const restored = await assay(['restore', backups, '--data', target]);
    expect(restored.stdout).toContain('Bring the file of its key');
    await expect(stat(join(target, 'log.key'))).rejects.toThrow('ENOENT');
  });

  test("beside changes of the log's key has the key that its log is signed with", async () => {
    const [data, backups] = [fresh('source'), fresh('backups')];
    await fill(await serving(data), folder.path);
    await servers.at(-1)!.stop();
    const stopping = new AbortController();
    async function rotate(): Promise<number> {
      let times = 0;
      for (; !stopping.signal.aborted; times += 1) await json(['log', 'rotate-key', '--data', data]);
      return times;
    }
    const rotating = rotate();
    const keys: string[] = [];
    try {
      // Changes and backups take turns as it happens.
      for (let round = 0; round < KILLS || (round < 12 && new Set(keys).size < 2); round += 1) {
        const { name, log } = await json<{ name: string; log: { key: string } }>(['backup', backups, '--data', data]);
        const file = await readFile(join(backups, 'backups', name, 'log.key'), 'utf8');
        expect(LogSigner.parse(file).verifier.hash).toBe(log.key);
        keys.push(log.key);
      }
    } finally {
      stopping.abort();
    }
    expect(await rotating).toBeGreaterThan(0);
    expect(new Set(keys).size).toBeGreaterThan(1);
    const target = fresh('target');
    await json(['restore', backups, '--data', target]);
    await expectVerified(await serving(target));
  }, 60_000);

  test('is refused a folder with backups of another store', async () => {
    const [data, other, backups] = [fresh('source'), fresh('source'), fresh('backups')];
    for (const one of [data, other]) await (await serving(one)).stop();
    const { name } = await json<{ name: string }>(['backup', backups, '--data', data]);
    const { code, stderr } = await assay(['backup', backups, '--data', other, '--keep', '1']);
    expect({ code, stderr }).toEqual({ code: 1, stderr: expect.stringContaining('backups of another store') });
    expect(await json(['backup', 'list', backups])).toMatchObject({ backups: [{ name }] });
    // A store that was restored is the same.
    const target = fresh('target');
    await json(['restore', backups, '--data', target]);
    expect(await json(['backup', backups, '--data', target, '--keep', '1'])).toMatchObject({ removed: [name] });
  });

  test('is not restored over the key of another log', async () => {
    const [data, backups, target] = [fresh('source'), fresh('backups'), fresh('target')];
    await fill(await serving(data), folder.path);
    await json(['backup', backups, '--data', data]);
    const other = await serving(target);
    await other.stop();
    await rm(join(target, 'store'), { recursive: true });
    const refused = await assay(['restore', backups, '--data', target]);
    expect({ code: refused.code, stderr: refused.stderr }).toEqual({
      code: 1,
      stderr: expect.stringContaining("another log's key"),
    });
    await json(['restore', backups, '--data', target, '--log-key', join(target, 'moved.key')]);
    expect(await readFile(join(target, 'moved.key'), 'utf8')).toBe(await readFile(join(data, 'log.key'), 'utf8'));
  });

  test('of an earlier time is not published over what readers have seen since, however far its log goes on', async () => {
    const [data, backups, target, bucket] = [fresh('source'), fresh('backups'), fresh('target'), fresh('bucket')];
    const source = await serving(data, `dir:${bucket}`);
    await fill(source, folder.path);
    await json(['backup', backups, '--data', data]);
    const saved = fresh('checkpoint');
    for (const pin of ['a', 'b'])
      await assay(['pin', 'test-cases/carom@v1.0.0', '--as', pin], { ASSAY_URL: source.url });
    await expectVerified(source, '--save', saved);
    expect((await published(source)).live?.size).toBe(4);
    await source.stop();
    await json(['restore', backups, '--data', target]);
    const restored = await serving(target, `dir:${bucket}`);
    await assay(['pin', 'test-cases/carom@v1.0.0', '--as', 'c'], { ASSAY_URL: restored.url });
    await expect(published(restored)).rejects.toThrow('the target shows 4 entries, and this log has 3');
    for (const pin of ['d', 'e']) {
      await assay(['pin', 'test-cases/carom@v1.0.0', '--as', pin], { ASSAY_URL: restored.url });
    }
    await expect(published(restored)).rejects.toThrow('not the first 4 of this log');
    // Who has seen more of the log finds out as well.
    const { code } = await assay(['log', 'verify', '--from', saved], { ASSAY_URL: restored.url });
    expect(code).toBe(1);
  }, 60_000);
});

describe.skipIf(!mayMount())('on a full disk', () => {
  test('a copy, a backup and a restore say so, harm nothing, and go on where there is room', async () => {
    const [data, backups] = [fresh('source'), fresh('backups')];
    await fill(await serving(data), folder.path);
    await servers.at(-1)!.stop();
    await json(['backup', backups, '--data', data]);
    await onDisk(2, async (disk) => {
      const target = join(disk, 'data');
      const command = ['copy', '--from', places(data), '--to', places(target)];
      const failed = await assay(command);
      expect({ code: failed.code, stderr: failed.stderr }).toEqual({
        code: 1,
        stderr: expect.stringMatching(/no room/),
      });
      expect((await assay(['serve', '--data', target, '--port', '0'])).code).toBe(1);
      await runProgram('mount', ['-o', 'remount,size=64m', disk]);
      await json(command);
      expect(await errorsIn(target)).toEqual([]);
    });
    await onDisk(2, async (disk) => {
      const full = join(disk, 'backups');
      const failed = await assay(['backup', full, '--data', data]);
      expect({ code: failed.code, stderr: failed.stderr }).toEqual({
        code: 1,
        stderr: expect.stringMatching(/no room/),
      });
      expect(await json(['backup', 'list', full])).toEqual({ backups: [] });
      await runProgram('mount', ['-o', 'remount,size=64m', disk]);
      await json(['backup', full, '--data', data]);
      expect(await json(['backup', 'verify', full])).toMatchObject({ faults: [] });
    });
    await onDisk(2, async (disk) => {
      const command = ['restore', backups, '--data', join(disk, 'data')];
      const failed = await assay(command);
      expect({ code: failed.code, stderr: failed.stderr }).toEqual({
        code: 1,
        stderr: expect.stringMatching(/no room/),
      });
      await runProgram('mount', ['-o', 'remount,size=64m', disk]);
      await json(command);
      expect(await errorsIn(join(disk, 'data'))).toEqual([]);
    });
  }, 60_000);
});

test('servers that end leave no word behind that they run', async () => {
  const data = fresh('source');
  const server = await serving(data);
  await server.kill();
  await server.start();
  await server.stop();
  const keys = LmdbKeyedStore.open(join(data, 'store'));
  try {
    const leases: string[] = [];
    for await (const { key } of entriesOf(keys, { start: Buffer.from('L'), end: Buffer.from('M') })) {
      leases.push(Buffer.from(key).toString());
    }
    // The one that was killed is forgotten by whoever starts when its minute is over.
    expect(leases.filter((name) => name.startsWith('Lserving'))).toHaveLength(1);
  } finally {
    await keys.close();
  }
});
