import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { mayMount } from '../support/may-mount.ts';
import { makeTemporaryFolder } from '../support/temporary-folder.ts';
import { Server } from '../support/server.ts';
import { send } from '../support/http.ts';
import { tellFigures } from './support/figures.ts';
import { loadUntil } from './support/load-until.ts';
import { MixedLoad } from './support/mixed-load.ts';
import { failingDisk, fill, mayHaveFailingDisk, memoryDisk, type OwnDisk } from './support/own-disk.ts';
import { size } from './support/sizes.ts';
import { expectWhole } from './support/whole-check.ts';

const REFUSALS = size('ASSAY_FAULT_REFUSALS', 60, 1000);

interface Place<Disk extends OwnDisk> {
  readonly disk: Disk;
  readonly server: Server;
  readonly load: MixedLoad;
}

/** A server on a disk of its own, with something acknowledged. */
async function onDisk<Disk extends OwnDisk>(
  make: (folder: string) => Promise<Disk>,
  work: (place: Place<Disk>) => Promise<void>,
): Promise<void> {
  const folder = await makeTemporaryFolder();
  const disk = await make(folder.path);
  try {
    await mkdir(join(disk.path, 'data'));
    const server = new Server({ data: join(disk.path, 'data') });
    const load = new MixedLoad('disk');
    try {
      await server.start();
      await loadUntil(server, load, () => load.acknowledged.length >= 100);
      expect(load.refusals).toEqual([]);
      await work({ disk, server, load });
    } finally {
      await server.close();
    }
  } finally {
    await disk.unmount();
    await folder.remove();
  }
}

/** What was refused was refused in its envelope, with a status that says that it is not the client's fault. */
function expectPlainRefusals(load: MixedLoad): void {
  expect(load.unanswered).toEqual([]);
  const odd = load.refusals.filter(({ reply }) => ![503, 507].includes(reply.status));
  expect(odd.map(({ kind, reply }) => `${kind} ${reply.status} ${reply.body.toString()}`)).toEqual([]);
  // Git has words of its own.
  const told = load.refusals.filter(({ kind }) => kind !== 'git push').map(({ reply }) => reply.body.toString());
  const envelope = /"code":"(?:UNAVAILABLE|no-room|unavailable|read-only)"/;
  expect(told.filter((body) => !envelope.test(body))).toEqual([]);
}

describe.skipIf(!mayMount())('a disk that is full', () => {
  test('refuses writes under load, lets all be read, and takes writes again when there is room', async () => {
    await onDisk(
      (folder) => memoryDisk(folder, 64),
      async ({ disk, server, load }) => {
        const makeRoom = await fill(disk);
        await loadUntil(server, load, () => load.refusals.length >= REFUSALS);
        await load.expectKept(server);
        const whileFull = load.acknowledged.length;
        await makeRoom();
        const refused = load.refusals.length;
        await loadUntil(server, load, () => load.acknowledged.length >= whileFull + 100);
        expect(load.refusals.length).toBe(refused);
        expectPlainRefusals(load);
        await load.expectKept(server);
        await server.kill();
        await server.start();
        await load.expectKept(server);
        await expectWhole(server);
        tellFigures('full disk', {
          'writes acknowledged': load.acknowledged.length,
          'refused with 507 or 503': load.refusals.length,
          lost: 0,
          'without an answer': load.unanswered.length,
        });
      },
    );
  }, 240_000);
});

describe.skipIf(!mayHaveFailingDisk())('a disk that fails and lets nobody write any more', () => {
  test('refuses writes under load and lets all be read; nothing is lost when it is well again', async () => {
    await onDisk(
      (folder) => failingDisk(folder, 96),
      async ({ disk, server, load }) => {
        await disk.fail();
        const before = load.acknowledged.length;
        await loadUntil(server, load, () => load.refusals.length >= REFUSALS);
        expect(load.acknowledged.length).toBe(before);
        expectPlainRefusals(load);
        await load.expectKept(server);
        expect((await send('GET', `${server.url}/healthz`)).status).toBe(200);
        await server.stop();
        await disk.mountAgain();
        await server.start();
        await load.expectKept(server);
        await loadUntil(server, load, () => load.acknowledged.length >= before + 50);
        await load.expectKept(server);
        await expectWhole(server);
        tellFigures('read-only disk', {
          'writes acknowledged': load.acknowledged.length,
          'refused with 507 or 503': load.refusals.length,
          lost: 0,
          'without an answer': load.unanswered.length,
        });
      },
    );
  }, 240_000);
});
