import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { sha256 } from '../../../lib/encoding/digest.ts';
import { entryBytes } from '../../../lib/log/entry-bytes.ts';
import type { Log } from '../../../lib/log/log-store.ts';
import { asBuffer } from '../../../lib/encoding/as-buffer.ts';
import { encodeJson } from '../../../lib/store/json-value.ts';
import * as keys from '../../../lib/store/keys.ts';
import { check } from '../../../lib/upkeep/check.ts';
import type { Finding } from '../../../lib/upkeep/checking.ts';
import { fill, logOn, remark } from '../../support/log-entries.ts';
import { openTestRegistry, type TestRegistry } from '../../support/registry.ts';

let opened: TestRegistry;
let log: Log;
beforeEach(async () => {
  opened = await openTestRegistry();
  log = await logOn(opened.stores.keys);
  await fill(log, 600);
});
afterEach(() => opened.close());

async function findings(): Promise<Finding[]> {
  const found: Finding[] = [];
  await check(opened.stores, opened.registry, { content: true, onFinding: (finding) => found.push(finding) });
  return found;
}

async function change(key: Uint8Array, value?: Uint8Array): Promise<void> {
  const commit = value === undefined ? { deletes: [key] } : { puts: [{ key, value }] };
  await opened.stores.keys.commit(commit);
}

async function flip(key: Uint8Array, at: number): Promise<void> {
  const value = Buffer.from((await opened.stores.keys.get(key))!);
  value[at]! ^= 1;
  await change(key, value);
}

async function expectError(name: string, what = ''): Promise<void> {
  const found = await findings();
  expect(found[0]).toMatchObject({ severity: 'error', name });
  expect(found[0]?.what).toContain(what);
}

async function aboutTheLog(): Promise<string[]> {
  return (await findings()).map(({ what }) => what).filter((what) => what.includes('the log'));
}

describe('of the log', () => {
  test('finds nothing where all is well, and counts it', async () => {
    expect(await findings()).toEqual([]);
    expect(await check(opened.stores, opened.registry, { content: false })).toMatchObject({ entries: 600 });
  });

  test('finds an entry that was changed', async () => {
    await change(keys.logEntryKey(300), entryBytes(remark('another'), '2026-01-01T00:00:00.000Z'));
    await expectError('log tile 0/1');
  });

  test('finds an entry that is no entry', async () => {
    await flip(keys.logEntryKey(300), 0);
    await expectError('log entry 300');
  });

  test('finds an entry that is gone', async () => {
    await change(keys.logEntryKey(300));
    await expectError('log entry 300', 'not there');
    await change(keys.logEntryKey(599));
    await change(keys.logEntryKey(0));
    await expectError('log entry 0', 'not there');
  });

  test.each([
    [0, 0],
    [0, 2],
    [1, 0],
  ])('finds a damaged tile %i/%i', async (level, index) => {
    await flip(keys.logTileKey(level, index), 0);
    await expectError(`log tile ${level}/${index}`);
    await change(keys.logTileKey(level, index));
    await expectError(`log tile ${level}/${index}`);
  });

  test('finds a head with other hashes', async () => {
    const head = asBuffer((await opened.stores.keys.get(keys.logHeadKey))!).toString();
    await change(keys.logHeadKey, Buffer.from(head.replace(/"root":"...../, '"root":"AAAAA')));
    await expectError('log head');
    await change(keys.logHeadKey, Buffer.from(head.replace(/"frontier":\["...../, '"frontier":["AAAAA')));
    await expectError('log head');
  });

  test('finds a head that is gone, or from before', async () => {
    const head = (await opened.stores.keys.get(keys.logHeadKey))!;
    await change(keys.logHeadKey);
    await expectError('log head');
    await change(keys.logHeadKey, head);
    const key = keys.logEntryKey(600);
    await change(key, entryBytes(remark('beyond'), '2026-01-01T00:00:00.000Z'));
    await expectError('log entry 600');
    await change(key);
    await change(keys.logTileKey(2, 0), Buffer.alloc(32));
    await expectError('log tile 2/0');
  });

  test('finds a list of keys that names another', async () => {
    await change(keys.logKeysKey);
    await expectError('log keys');
  });

  test('finds a mark of an event that is not there', async () => {
    await change(keys.pendingEventKey('cases/a', 3), Buffer.alloc(0));
    expect(await findings()).toMatchObject([{ severity: 'error', name: 'event 3', family: 'cases/a' }]);
  });
});

describe('of versions and the log', () => {
  const [digest, other] = ['one', 'two'].map((text) => sha256(Buffer.from(text)));
  const parts = { kind: 'test-case', tree: 'a', commit: 'b' };
  const record = { digest, ...parts, layer: { digest }, config: { digest } };

  async function inTheLog(of = digest): Promise<void> {
    const whole = { ...parts, layer: digest, config: digest, digest: of };
    const fact = { type: 'definition', family: 'cases/a', version: 'v1.0.0', ...whole } as never;
    await log.append(() => Promise.resolve({ entry: fact, result: () => undefined }));
  }

  beforeEach(() => change(keys.versionKey('cases/a', 'v1.0.0'), encodeJson(record)));

  test('finds a version that the log does not have', async () => {
    expect(await aboutTheLog()).toEqual(['the log does not have the version']);
    await inTheLog();
    expect(await aboutTheLog()).toEqual([]);
  });

  test('finds a version that was swapped beside the log', async () => {
    await inTheLog(other);
    expect(await aboutTheLog()).toEqual([`the log says that the version is ${other}, and not ${digest}`]);
  });

  test('lets a version be that waits to be put into the log', async () => {
    await change(keys.eventKey('cases/a', 0), encodeJson({ what: 'published' }));
    await change(keys.pendingEventKey('cases/a', 0), Buffer.alloc(0));
    expect(await aboutTheLog()).toEqual([]);
  });
});
