import { Audit } from '../../../lib/audit/audit.ts';
import { describe, expect, test } from 'vitest';
import { Events, type NewEvent } from '../../../lib/definition/events.ts';
import { sha256 } from '../../../lib/encoding/digest.ts';
import type { LogEntry } from '../../../lib/log/entry.ts';
import type { Log } from '../../../lib/log/log-store.ts';
import { encodeJson } from '../../../lib/store/json-value.ts';
import type { KeyedStore } from '../../../lib/store/keyed-store.ts';
import { allPendingEvents } from '../../../lib/store/key-ranges.ts';
import { pendingEventKey, versionKey } from '../../../lib/store/keys.ts';
import { Plan } from '../../../lib/store/plan.ts';
import { logOn, remark, say } from '../../support/log-entries.ts';
import { useStores } from '../../support/use-stores.ts';

const stores = useStores();
const AT = Date.parse('2026-01-02T03:04:05.678Z');
const DIGEST = sha256(Buffer.from('a manifest'));
const OID = 'a'.repeat(40);
const RECORD = {
  kind: 'container',
  digest: DIGEST,
  tree: OID,
  commit: 'b'.repeat(40),
  layer: { digest: sha256(Buffer.from('a layer')), size: 1 },
  config: { digest: sha256(Buffer.from('a config')), size: 2 },
  image: sha256(Buffer.from('an image')),
  files: 1,
};

/** As a publish, a pin or a statement does it, in one commit. */
async function happen(family: string, event: NewEvent, keys: KeyedStore = stores().keys): Promise<void> {
  const plan = new Plan();
  await new Events({ keys, now: () => AT, audit: new Audit(keys, () => AT) }).plan(
    family,
    event,
    { address: '192.0.2.7', name: 'Ada' },
    plan,
  );
  if (event.what === 'published') plan.put({ key: versionKey(family, event.version), value: encodeJson(RECORD) });
  expect(await keys.commit(plan.commit)).toBe(true);
}

function published(version: string): NewEvent {
  return { what: 'published', version, digest: DIGEST, tree: OID };
}

async function entriesIn(log: Log): Promise<LogEntry[]> {
  const entries: LogEntry[] = [];
  for await (const { entry } of log.entries()) entries.push(entry);
  return entries;
}

async function waiting(): Promise<number> {
  return (await stores().keys.list({ ...allPendingEvents, limit: 10_000 })).length;
}

/** As if there had been no log when they happened. */
async function forgetMarks(): Promise<void> {
  const marks = await stores().keys.list({ ...allPendingEvents, limit: 10_000 });
  await stores().keys.commit({ deletes: marks.map(({ key }) => key) });
}

describe('what happens in families', () => {
  test('is in the log whatever its text holds, and keeps nothing that comes later out', async () => {
    const log = await logOn(stores().keys);
    await log.flush();
    const target = { version: 'v1.0.0', digest: DIGEST };
    await happen('cases/a', { what: 'pinned', pin: 'stable', from: null, to: target, note: 'half \ud800' });
    await happen('cases/a', { what: 'erratum', version: 'v1.0.0', text: 'a typo' });
    await log.flush();
    expect(await waiting()).toBe(0);
    expect(await entriesIn(log)).toMatchObject([{ note: 'half \ufffd' }, { text: 'a typo' }]);
  });

  test('is in the log once it is flushed, with the name of who did it and no address', async () => {
    const log = await logOn(stores().keys);
    await log.flush();
    const target = { version: 'v1.0.0', digest: DIGEST };
    await happen('cases/a', published('v1.0.0'));
    await happen('cases/a', { what: 'pinned', pin: 'stable', from: null, to: target, note: 'at last' });
    await happen('cases/a', { what: 'erratum', version: 'v1.0.0', text: 'a typo' });
    expect(await waiting()).toBe(3);
    await log.flush();
    expect(await waiting()).toBe(0);
    const head = { v: 1, at: '2026-01-02T03:04:05.678Z', by: 'Ada', family: 'cases/a' };
    expect(await entriesIn(log)).toEqual([
      {
        ...head,
        type: 'definition',
        version: 'v1.0.0',
        kind: 'container',
        digest: DIGEST,
        tree: OID,
        commit: RECORD.commit,
        layer: RECORD.layer.digest,
        config: RECORD.config.digest,
        image: RECORD.image,
      },
      { ...head, type: 'pin', pin: 'stable', from: null, to: target, note: 'at last' },
      { ...head, type: 'statement', version: 'v1.0.0', kind: 'erratum', text: 'a typo' },
    ]);
  });

  test('is in the log before what is said of it', async () => {
    const { keys } = stores();
    const log = await logOn(keys);
    await say(log, remark('first'));
    await log.append(async () => {
      // Whoever appends has seen the version by now.
      await happen('cases/a', published('v1.0.0'));
      return { entry: remark('of the version'), result: () => undefined };
    });
    expect((await entriesIn(log)).map(({ type }) => type)).toEqual(['remark', 'definition', 'remark']);
  });

  test('that a crash left waiting is in the log before anything else', async () => {
    const before = await logOn(stores().keys);
    await before.flush();
    for (let at = 0; at < 600; at += 1) await happen(at % 2 === 0 ? 'cases/a' : 'cases/b', published(`v${at}.0.0`));
    const log = await logOn(stores().keys);
    expect(await say(log, remark('next'))).toBe(600);
    expect(await waiting()).toBe(0);
  });

  test('is in the log once, however many flush at once', async () => {
    const { keys } = stores();
    const logs = await Promise.all([logOn(keys), logOn(keys), logOn(keys)]);
    await Promise.all(
      Array.from({ length: 30 }, async (_, at) => {
        await happen(`cases/${at % 10}-${at}`, published('v1.0.0'));
        await logs[at % 3]?.flush();
      }),
    );
    expect(await logs[0].size()).toBe(30);
  });

  test('without its version waits on, and holds up nobody', async () => {
    const { keys } = stores();
    const log = await logOn(keys);
    await log.flush();
    await keys.commit({ puts: [{ key: pendingEventKey('cases/a', 7), value: Buffer.alloc(0) }] });
    expect(await say(log, remark('next'))).toBe(0);
    expect(await waiting()).toBe(1);
  });
});

describe('what happened before there was a log', () => {
  test('is put into it once, whether it was marked or not', async () => {
    for (let at = 0; at < 700; at += 1) await happen(`cases/${at % 3}`, published(`v${at}.0.0`));
    await forgetMarks();
    for (let at = 700; at < 800; at += 1) await happen(`cases/${at % 3}`, published(`v${at}.0.0`));
    const { keys } = stores();
    const logs = await Promise.all([logOn(keys), logOn(keys)]);
    await Promise.all(logs.map((log) => log.flush()));
    const versions = (await entriesIn(logs[0])).map((entry) => (entry as { version: string }).version);
    expect(new Set(versions).size).toBe(800);
    expect(versions).toHaveLength(800);
    expect(await waiting()).toBe(0);
    expect(await say(logs[1], remark('next'))).toBe(800);
    await (await logOn(keys)).flush();
    expect(await logs[0].size()).toBe(801);
  });
});
