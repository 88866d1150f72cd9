import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Log } from '../../../lib/log/log-store.ts';
import { remark, say, SIGNER } from '../../support/log-entries.ts';
import { openTestRegistry, type TestRegistry } from '../../support/registry.ts';

const HOUR = 3_600_000;

let opened: TestRegistry;
beforeEach(async () => {
  opened = await openTestRegistry();
  opened.time = Date.UTC(2026, 0, 10);
});
afterEach(() => opened.close());

function open(): Promise<Log> {
  return Log.open(opened.stores.keys, { now: () => opened.time, signer: SIGNER });
}

async function times(log: Log): Promise<string[]> {
  const all: string[] = [];
  for await (const { entry } of log.entries()) all.push(entry.at);
  return all;
}

describe('the times of the log', () => {
  it('stand still while the clock that was set back is behind them, and go on from there', async () => {
    const log = await open();
    await say(log, remark(1));
    opened.time -= HOUR;
    await say(log, remark(2));
    opened.time += 2 * HOUR;
    await say(log, remark(3));
    expect(await times(log)).toEqual([
      '2026-01-10T00:00:00.000Z',
      '2026-01-10T00:00:00.000Z',
      '2026-01-10T01:00:00.000Z',
    ]);
  });

  it('stand still for a server that has just started, too', async () => {
    await say(await open(), remark(1));
    opened.time -= HOUR;
    const log = await open();
    await say(log, remark(2));
    expect(await times(log)).toEqual(['2026-01-10T00:00:00.000Z', '2026-01-10T00:00:00.000Z']);
  });

  it('are those of the clock again where it had been wrong by more than a day', async () => {
    const log = await open();
    opened.time += 24 * 365 * HOUR;
    await say(log, remark(1));
    opened.time -= 24 * 365 * HOUR;
    await say(log, remark(2));
    expect(await times(log)).toEqual(['2027-01-10T00:00:00.000Z', '2026-01-10T00:00:00.000Z']);
  });

  it('are in order where a fact of a moment ago comes behind one of now', async () => {
    const log = await open();
    await say(log, remark(1));
    await say(log, { ...remark(2), at: '2026-01-09T23:59:59.990Z' });
    expect(await times(log)).toEqual(['2026-01-10T00:00:00.000Z', '2026-01-10T00:00:00.000Z']);
  });
});
