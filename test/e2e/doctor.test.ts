import { chmodSync, readdirSync, renameSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { DATA_FORMAT } from '../../lib/store/data-format.ts';
import type { Finding } from '../../server/doctor/finding.ts';
import { Audit } from '../../lib/audit/audit.ts';
import { encodeJson } from '../../lib/store/json-value.ts';
import { entriesOf, type KeyedStore } from '../../lib/store/keyed-store.ts';
import { formatKey } from '../../lib/store/keys.ts';
import { assay } from '../support/assay-command.ts';
import { keysBehind } from '../support/behind-the-server.ts';
import { freePort } from '../support/free-port.ts';
import { HookReceiver } from '../support/hook-receiver.ts';
import { statusOf } from '../support/publication-trial.ts';
import { freshRepository } from '../support/repository.ts';
import { Server } from '../support/server.ts';
import { until } from '../support/until.ts';
import { useTemporaryFolder } from '../support/use-temporary-folder.ts';

const folder = useTemporaryFolder();
let server: Server;

beforeAll(async () => {
  server = new Server({ data: folder.path });
  await server.start();
  await freshRepository(server).pushImage('one');
  // What the server does by itself must not look like something that the doctor has left.
  await until('published', async () => (await statusOf(server)).live !== undefined);
});
afterAll(() => server.close());

interface Examined {
  readonly code: number | null;
  readonly findings: readonly Finding[];
  /** Those of a check, as `status: what was said`. */
  readonly of: (check: string) => string[];
}

async function examine(env: Record<string, string> = {}, ...flags: string[]): Promise<Examined> {
  const { port } = new URL(server.url);
  const settings = { ...server.environment, ASSAY_DATA: folder.path, ASSAY_PORT: port, ...env };
  const { code, stdout } = await assay(['doctor', '--json', ...flags], settings);
  const { findings, healthy } = JSON.parse(stdout) as { findings: Finding[]; healthy: boolean };
  expect(healthy).toBe(code === 0);
  // Whoever is told of trouble is told what to do.
  for (const one of findings) expect(one.advice === undefined).toBe(one.status === 'ok');
  return {
    code,
    findings,
    of: (check) => findings.filter((one) => one.check === check).map(({ status, said }) => `${status}: ${said}`),
  };
}

/** Changes the store behind the server's back, and back again. */
async function withStore(change: (keys: KeyedStore) => Promise<void>): Promise<void> {
  const keys = await keysBehind(server);
  await change(keys);
  await keys.close();
}

async function everything(): Promise<unknown> {
  const found: string[] = [];
  await withStore(async (keys) => {
    const all = { start: Buffer.alloc(1), end: Buffer.of(255) };
    for await (const { key, value } of entriesOf(keys, all)) {
      found.push(`${Buffer.from(key).toString('hex')} ${Buffer.from(value).toString('hex')}`);
    }
  });
  return { found, files: (readdirSync(folder.path, { recursive: true }) as string[]).sort() };
}

describe('the doctor', () => {
  test('finds nothing that fails with a server that runs, and leaves nothing behind', async () => {
    const before = await everything();
    const { code, findings, of } = await examine();
    expect(findings.filter(({ status }) => status === 'fail')).toEqual([]);
    expect(code).toBe(0);
    expect(of('server')).toEqual([expect.stringMatching(/^ok: one is ready/)]);
    for (const check of [
      'node',
      'store',
      'data format',
      'clock',
      'log key',
      'publication',
      ...(server.environment['ASSAY_STORE'] === undefined ? ['writing store', 'writing blobs'] : ['blobs in S3']),
    ]) {
      expect(of(check)).toEqual([expect.stringMatching(/^ok: /)]);
    }
    expect(await everything()).toEqual(before);
  });

  test('says it to people, a line each', async () => {
    const { stdout } = await assay(['doctor'], {
      ...server.environment,
      ASSAY_DATA: folder.path,
      ASSAY_GC_INTERVAL: '0',
    });
    expect(stdout).toContain(`ok    data format: the data has format ${DATA_FORMAT}`);
    expect(stdout).toMatch(/^warn {2}settings: the server collects no garbage\n {6}run assay gc from a timer/m);
  });

  test('looks at settings that can be read and yet are none, and at those that cannot', async () => {
    expect((await examine({ ASSAY_MAX_BLOBS: '1' })).of('settings')).toEqual(['warn: nobody reads ASSAY_MAX_BLOBS']);
    const wrong = await examine({ ASSAY_GC_GRACE: 'soon' });
    expect(wrong.code).toBe(1);
    expect(wrong.of('settings')).toEqual([expect.stringMatching(/^fail: ASSAY_GC_GRACE is "soon"/)]);
    expect((await examine({ ASSAY_HOST: '0.0.0.0' })).of('settings')).toEqual([
      expect.stringMatching(/^fail: .*trust/),
    ]);
    const open = {
      ASSAY_HOST: '0.0.0.0',
      ASSAY_TRUST: 'network',
      ASSAY_IDENTITY_HEADER: 'X-Who',
      ASSAY_ALLOWED_HOSTS: '*',
    };
    expect((await examine(open)).of('settings')).toEqual([
      expect.stringMatching(/^warn: X-Who is believed from this machine alone/),
      'warn: ASSAY_ALLOWED_HOSTS takes every name',
    ]);
  });

  test('says where there is no store, and where nothing can be written', async () => {
    const nothing = join(folder.path, 'nothing', 'yet');
    const engines = { ASSAY_STORE: `lmdb:${join(nothing, 'store')}`, ASSAY_BLOBS: `files:${nothing}` };
    const empty = await examine({ ...engines, ASSAY_DATA: nothing });
    expect([empty.code, empty.of('store')]).toEqual([0, [expect.stringMatching(/^warn: there is no store/)]]);
    const unwritable = await examine({ ASSAY_BLOBS: 'files:/sys' });
    expect(unwritable.code).toBe(1);
    expect(unwritable.of('writing blobs')).toEqual([expect.stringMatching(/^fail: \/sys: E/)]);
  });

  test('reaches the deploy hook without asking anything of it', async () => {
    const hook = new HookReceiver();
    await hook.start();
    expect((await examine({ ASSAY_DEPLOY_HOOK: hook.url })).of('deploy hook')).toEqual([
      expect.stringMatching(/^ok: /),
    ]);
    expect(hook.asked).toBe(0);
    await hook.close();
    const gone = await examine({ ASSAY_DEPLOY_HOOK: `http://127.0.0.1:${await freePort()}/secret` });
    expect(gone.code).toBe(1);
    expect(gone.of('deploy hook')).toEqual([expect.stringMatching(/^fail: 127\.0\.0\.1:\d+: .*ECONNREFUSED/)]);
    expect(JSON.stringify(gone.findings)).not.toContain('secret');
  });

  test('looks at the key of the log', async () => {
    const key = join(folder.path, 'log.key');
    chmodSync(key, 0o644);
    expect((await examine()).of('log key')).toEqual([expect.stringMatching(/^fail: others may read/)]);
    chmodSync(key, 0o600);
    renameSync(key, `${key}.away`);
    const gone = await examine();
    renameSync(`${key}.away`, key);
    expect([gone.code, gone.of('log key')]).toEqual([1, [expect.stringMatching(/^fail: .* is not there$/)]]);
  });

  test('finds a clock that was set back, and data of a newer Assay', async () => {
    await withStore(async (keys) => {
      const tomorrow = new Audit(keys, () => Date.now() + 86_400_000);
      await tomorrow.note({ action: 'published-now', by: { address: '' } });
      await keys.commit({ puts: [{ key: formatKey, value: encodeJson({ format: 99 }) }] });
    });
    const { code, of } = await examine();
    expect(code).toBe(1);
    expect(of('clock')).toEqual([expect.stringMatching(/^fail: it says .*, and a change was made at/)]);
    expect(of('data format')).toEqual([expect.stringMatching(/^fail: the data has format 99/)]);
    await withStore(async (keys) => {
      await keys.commit({ puts: [{ key: formatKey, value: encodeJson({ format: 1 }) }] });
    });
  });
});
