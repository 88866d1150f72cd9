import { mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { errorsIn } from '../support/assay-command.ts';
import { pushBody } from '../fault/support/definition-writes.ts';
import { send, textOf } from '../support/http.ts';
import { mayMount } from '../support/may-mount.ts';
import { digestOf, imageIndex, MEDIA, randomContent } from '../support/oci-content.ts';
import { expectRefusal } from '../support/oci-error.ts';
import { expectStatus, freshRepository, type Repository } from '../support/repository.ts';
import { runProgram } from '../support/run-program.ts';
import { Server } from '../support/server.ts';
import { until } from '../support/until.ts';
import { useTemporaryFolder } from '../support/use-temporary-folder.ts';

const DISK_MEGABYTES = 48;
const FULL = 507;

describe.skipIf(!mayMount())('on a full disk', () => {
  const folder = useTemporaryFolder();
  let disk: string;
  let server: Server;
  let repository: Repository;
  const before = { large: randomContent(300_000), small: randomContent(500), manifest: imageIndex([]) };

  beforeAll(async () => {
    disk = join(folder.path, 'disk');
    await mkdir(disk);
    await runProgram('mount', ['-t', 'tmpfs', '-o', `size=${DISK_MEGABYTES}m`, 'tmpfs', disk]);
    await mkdir(join(disk, 'data'));
    server = new Server({ data: join(disk, 'data') });
    await server.start();
    repository = freshRepository(server);
    await repository.pushBlob(before.large);
    await repository.pushBlob(before.small);
    expectStatus(await repository.putManifest('before', before.manifest, MEDIA.index), 201);
    await fill();
  });

  afterAll(async () => {
    try {
      await server.close();
    } finally {
      await runProgram('umount', [disk]);
    }
  });

  /** Takes every byte that is left, down to the last page. */
  async function fill(): Promise<void> {
    for (const size of [1_048_576, 4096, 1]) {
      for (let at = 0; ; at += 1) {
        try {
          await writeFile(join(disk, `filler-${size}-${at}`), Buffer.alloc(size));
        } catch {
          await rm(join(disk, `filler-${size}-${at}`), { force: true });
          break;
        }
      }
    }
  }

  async function expectAllThatWas(): Promise<void> {
    expect((await repository.get(`blobs/${digestOf(before.large)}`)).body.equals(before.large)).toBe(true);
    expect((await repository.get(`blobs/${digestOf(before.small)}`)).body.equals(before.small)).toBe(true);
    expect((await repository.get('manifests/before')).body.equals(before.manifest)).toBe(true);
    expect(await repository.tags()).toContain('before');
  }

  test('a large blob is a 507, and is not there', async () => {
    const bytes = randomContent(3_000_000);
    const reply = await repository.send('POST', `blobs/uploads/?digest=${digestOf(bytes)}`, { body: bytes });
    expectRefusal(reply, FULL, [
      'UNSUPPORTED',
      'DENIED',
      'TOOMANYREQUESTS',
      'BLOB_UPLOAD_INVALID',
      'UNAVAILABLE',
      'STORAGE_FULL',
    ]);
    expect((await repository.head(`blobs/${digestOf(bytes)}`)).status).toBe(404);
    await expectAllThatWas();
  });

  test('small blobs and manifests are taken whole or are a 507, and the server lives', async () => {
    const statuses = new Set<number>();
    for (let at = 0; at < 60; at += 1) {
      const bytes = randomContent(30_000);
      const reply = await repository.send('POST', `blobs/uploads/?digest=${digestOf(bytes)}`, { body: bytes });
      const found = await repository.get(`blobs/${digestOf(bytes)}`);
      expect(found.status).toBe(reply.status === 201 ? 200 : 404);
      const manifest = imageIndex([], { annotations: { filler: randomContent(2000).toString('hex') } });
      const pushed = await repository.putManifest(`t${at}`, manifest, MEDIA.index);
      expect((await repository.head(`manifests/t${at}`)).status).toBe(pushed.status === 201 ? 200 : 404);
      statuses.add(reply.status).add(pushed.status);
    }
    expect([...statuses].filter((status) => status !== 201)).toEqual([FULL]);
    expect((await send('GET', `${server.url}/v2/`)).status).toBe(200);
    await expectAllThatWas();
  });

  test('a push is told that there is no room, in words that Git shows', async () => {
    const name = `refs/heads/${randomContent(8).toString('hex')}`;
    const { body } = pushBody(name);
    const headers = { 'Content-Type': 'application/x-git-receive-pack-request' };
    const reply = await send('POST', `${server.url}/git/load/full.git/git-receive-pack`, { headers, body });
    expect(textOf(reply)).toContain(`ng ${name} the server has no room left; nothing was stored`);
    await until('the log says it, too', () => Promise.resolve(server.said.includes('"git request failed"')));
  });

  test('everything works again as soon as there is room', async () => {
    for (let at = 0; at < 8; at += 1) await rm(join(disk, `filler-1048576-${at}`), { force: true });
    const bytes = randomContent(1_000_000);
    await repository.pushBlob(bytes);
    expect((await repository.get(`blobs/${digestOf(bytes)}`)).body.equals(bytes)).toBe(true);
    expectStatus(await repository.putManifest('after', imageIndex([]), MEDIA.index), 201);
    await expectAllThatWas();
  });

  test('nothing of it is lost by a restart', async () => {
    await server.restart();
    await expectAllThatWas();
    expect(await errorsIn(server.data)).toEqual([]);
  });
});
