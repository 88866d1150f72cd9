import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { assay } from '../support/assay-command.ts';
import { digestOf, randomContent } from '../support/oci-content.ts';
import { PostgresServer, usePostgres } from '../support/postgres.ts';
import { describeWith } from '../support/programs.ts';
import { expectStatus, locationOf, Repository } from '../support/repository.ts';
import { Server } from '../support/server.ts';
import { useTemporaryFolder } from '../support/use-temporary-folder.ts';

describeWith(['postgres'], 'servers on one PostgreSQL', () => {
  const postgres = usePostgres();
  const folder = useTemporaryFolder();
  const servers: Server[] = [];
  let url = '';

  beforeAll(async () => {
    url = await postgres.freshDatabase();
    // Both at once, as after a deployment: one of them makes the tables.
    servers.push(...[0, 1].map(() => new Server({ data: folder.path, env: { ASSAY_STORE: url } })));
    await Promise.all(servers.map((server) => server.start()));
  });
  afterAll(async () => {
    await Promise.all(servers.map((server) => server.close()));
    await postgres.checkUnused(url);
    for (const { said } of servers) expectNoPassword(said);
  });

  function repositories(name: string): [Repository, Repository] {
    const [one, other] = servers;
    if (one === undefined || other === undefined) throw new Error('the servers were not started');
    return [new Repository(one, name), new Repository(other, name)];
  }

  test('show an image that was pushed to one of them at the other at once', async () => {
    const [one, other] = repositories('team/shown');
    const image = await one.pushImage('v1');
    const manifest = expectStatus(await other.get('manifests/v1'), 200);
    expect(digestOf(manifest.body)).toBe(image.digest);
    const layer = expectStatus(await other.get(`blobs/${digestOf(image.layer)}`), 200);
    expect(layer.body.equals(image.layer)).toBe(true);
    expect(await other.tags()).toEqual(['v1']);
    await other.pushImage('v2');
    expect(await one.tags()).toEqual(['v1', 'v2']);
    expectStatus(await other.delete(`manifests/${image.digest}`), 202);
    expectStatus(await one.get('manifests/v1'), 404);
  });

  test('end an upload that began at the other', async () => {
    const [one, other] = repositories('team/moved');
    const bytes = randomContent(300_000);
    const started = new URL(await one.startUpload());
    const half = await one.patch(started.href, bytes.subarray(0, 100_000));
    const location = new URL(locationOf(expectStatus(half, 202), one.url('')));
    const elsewhere = new URL(location.pathname + location.search, other.url('')).href;
    expectStatus(await other.close(elsewhere, digestOf(bytes), bytes.subarray(100_000)), 201);
    const stored = expectStatus(await one.get(`blobs/${digestOf(bytes)}`), 200);
    expect(stored.body.equals(bytes)).toBe(true);
  });

  test.each(['fast', 'crash'] as const)(
    'go on when PostgreSQL restarts (%s), and answer nothing wrong',
    async (ending) => {
      const [one, other] = repositories(`team/restart-${ending}`);
      await one.pushImage('before');
      const pushes = Array.from({ length: 20 }, (_, at) => (at % 2 === 0 ? one : other).pushImage(`during-${at}`));
      await postgres.restart(ending);
      const made = await Promise.all(pushes);
      expect(await other.tags()).toHaveLength(21);
      for (const [at, { digest }] of made.entries()) {
        expect(digestOf(expectStatus(await one.get(`manifests/during-${at}`), 200).body)).toBe(digest);
      }
    },
  );

  test('are checked and collected by the command', async () => {
    const settings = ['--data', folder.path, '--store', url];
    const check = await assay(['fsck', ...settings]);
    expect(check.stderr).toBe('');
    expect(check.code).toBe(0);
    expect((await assay(['gc', ...settings])).code).toBe(0);
  });
});

describeWith(['postgres'], 'a server whose PostgreSQL does not let it start', () => {
  const postgres = usePostgres();
  const folder = useTemporaryFolder();

  function serve(store: string): ReturnType<typeof assay> {
    return assay(['serve', '--port', '0', '--data', folder.path], { ASSAY_STORE: store });
  }

  test('ends with 1 and says what to do, without the password', async () => {
    const url = await postgres.freshDatabase();
    const closed = Object.assign(new URL(url), { port: '1' }).href;
    const wrong = Object.assign(new URL(url), { password: 'hush-hush' }).href;
    const nowhere = Object.assign(new URL(url), { pathname: '/nowhere' }).href;
    for (const [store, message] of [
      [closed, /PostgreSQL at 127\.0\.0\.1:1\/.*ECONNREFUSED.*Is it running there/],
      [wrong, /check user and password/],
      [nowhere, /createdb/],
    ] as const) {
      const { code, stderr } = await serve(store);
      expect(code).toBe(1);
      expect(stderr).toMatch(message);
      expectNoPassword(stderr);
    }
  });
});

describe('a wrong address of a database', () => {
  test.each([
    'postgres://assay:never-to-be-shown@host:port/assay',
    'postgres://assay:never-to-be-shown@host',
    'postgres://assay:never-to-be-shown',
    'postgres:assay:never-to-be-shown@host/assay',
    'postgres://assay:never-to-be-shown%@host/assay',
    'postgress://assay:never-to-be-shown@host/assay',
  ])('is named at the start, with what would be right: %s', async (store) => {
    const { code, stderr } = await assay(['serve', '--port', '0'], { ASSAY_STORE: store });
    expect(code).toBe(2);
    expect(stderr).toContain('ASSAY_STORE');
    expect(stderr).toContain('postgres://user:password@host:5432/database');
    expectNoPassword(stderr);
  });
});

function expectNoPassword(said: string): void {
  expect(said).not.toContain(PostgresServer.PASSWORD);
  expect(said).not.toContain('hush-hush');
}
