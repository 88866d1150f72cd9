import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { withLease, type Lease } from '../../../lib/store/lease.ts';
import { leaseKey } from '../../../lib/store/keys.ts';
import { Gate } from '../../support/gate.ts';
import { useStores } from '../../support/use-stores.ts';

const TERM = 60_000;

describe('a lease', () => {
  const stores = useStores();
  let time = 0;
  let ticked = 0;
  const clock = { now: () => time, ticks: () => ticked };
  const take = <T>(work: (lease: Lease) => Promise<T>): Promise<T> => withLease(stores().keys, 'work', clock, work);
  const busy = { code: 'busy', name: 'StoreError' };

  beforeEach(() => {
    time = 1_000_000;
    vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] });
  });
  afterEach(() => {
    vi.useRealTimers();
  });

  /** Time passes, and what it sets off is written. */
  async function pass(milliseconds: number): Promise<void> {
    time += milliseconds;
    ticked += milliseconds;
    vi.advanceTimersByTime(milliseconds);
    for (let commits = 0; commits < 3; commits += 1) await stores().keys.commit({});
    await new Promise((resolve) => setImmediate(resolve));
  }

  test('lets the work run, gives back what it gives, and is free again', async () => {
    expect(await take(async () => 'done')).toBe('done');
    expect(await stores().keys.get(leaseKey('work'))).toBeUndefined();
    expect(await take(async () => 'again')).toBe('again');
  });

  test('is free again after work that fails, with its own error', async () => {
    const failure = new Error('the work failed');
    await expect(take(() => Promise.reject(failure))).rejects.toBe(failure);
    expect(await stores().keys.get(leaseKey('work'))).toBeUndefined();
  });

  test('is refused while another holds it, and only under the same name', async () => {
    await take(async () => {
      let ran = false;
      await expect(
        take(async () => {
          ran = true;
        }),
      ).rejects.toMatchObject(busy);
      expect(ran).toBe(false);
      expect(await withLease(stores().keys, 'other work', clock, async () => 'done')).toBe('done');
    });
  });

  test('goes to exactly one of many that ask at once', async () => {
    const gate = new Gate();
    const answers = Array.from({ length: 10 }, (_, at) => take(() => gate.opened.then(() => at)));
    const losers = Promise.allSettled(answers);
    setTimeout(() => gate.open(), 50);
    expect((await losers).filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
  });

  test('is kept for as long as the work runs', async () => {
    await take(async (lease) => {
      for (let quarter = 0; quarter < 12; quarter += 1) {
        await pass(TERM / 4);
        lease.check();
        await expect(take(async () => {})).rejects.toMatchObject(busy);
      }
    });
    expect(await stores().keys.get(leaseKey('work'))).toBeUndefined();
  });

  test('of a process that died is free when its term is over, and not before', async () => {
    const never = new Gate();
    const holder = take(() => never.opened);
    await pass(0);
    vi.clearAllTimers();
    time += TERM - 1;
    await expect(take(async () => {})).rejects.toMatchObject(busy);
    time += 1;
    expect(await take(async () => 'taken over')).toBe('taken over');
    never.open();
    await holder;
  });

  test('can no longer be counted on some time before it ends, when it was not renewed', async () => {
    await take(async (lease) => {
      time += TERM / 2;
      lease.check();
      time += TERM / 2 - 1;
      expect(() => lease.check()).toThrow(expect.objectContaining(busy));
    });
  });

  test('that another took over is neither renewed nor given back by the one that had it', async () => {
    const [first, second] = [new Gate(), new Gate()];
    let held: Lease | undefined;
    const slow = take(async (lease) => {
      held = lease;
      await first.opened;
    });
    await pass(0);
    time += 2 * TERM;
    const heir = take(() => second.opened);
    await stores().keys.commit({});
    await pass(TERM / 4);
    expect(() => held?.check()).toThrow(expect.objectContaining(busy));
    first.open();
    await slow;
    await expect(take(async () => {})).rejects.toMatchObject(busy);
    second.open();
    await heir;
    expect(await take(async () => 'free')).toBe('free');
  });

  test('of a process that died is free when the clock was set back since, and not until it is there again', async () => {
    const never = new Gate();
    const holder = take(() => never.opened);
    await pass(0);
    vi.clearAllTimers();
    time -= 60 * TERM;
    expect(await take(async () => 'taken over')).toBe('taken over');
    never.open();
    await holder;
  });

  test('of a process that died is free a term later, however little the clock was set back since', async () => {
    const never = new Gate();
    const holder = take(() => never.opened);
    await pass(0);
    vi.clearAllTimers();
    // Too little to be told from clocks of machines that differ.
    time -= 15_000;
    await expect(take(async () => {})).rejects.toMatchObject(busy);
    [time, ticked] = [time + TERM - 1, ticked + TERM - 1];
    await expect(take(async () => {})).rejects.toMatchObject(busy);
    [time, ticked] = [time + 1, ticked + 1];
    expect(await take(async () => 'taken over')).toBe('taken over');
    never.open();
    await holder;
  });

  test('is kept by who renews it, though the clock is set back again and again', async () => {
    await take(async (lease) => {
      for (let quarter = 0; quarter < 12; quarter += 1) {
        time -= TERM / 4;
        await pass(TERM / 4);
        lease.check();
        await expect(take(async () => {})).rejects.toMatchObject(busy);
      }
    });
  });

  test('that was not renewed can no longer be counted on, though the clock was set back meanwhile', async () => {
    await take(async (lease) => {
      [time, ticked] = [time - 15_000, ticked + TERM / 2];
      lease.check();
      ticked += TERM / 2 - 1;
      expect(() => lease.check()).toThrow(expect.objectContaining(busy));
    });
  });

  test('is not taken from a holder whose clock is a little ahead', async () => {
    await take(async () => {
      time -= 10_000;
      await expect(take(async () => {})).rejects.toMatchObject(busy);
    });
  });

  test('cannot be counted on once the clock was set back, until it is renewed', async () => {
    await take(async (lease) => {
      time -= 60 * TERM;
      expect(() => lease.check()).toThrow(expect.objectContaining(busy));
      await pass(TERM / 4);
      lease.check();
    });
  });

  test('cannot be counted on from when it is found to be taken over', async () => {
    await take(async (lease) => {
      await stores().keys.commit({ puts: [{ key: leaseKey('work'), value: Buffer.from('{}') }] });
      await pass(TERM / 4);
      expect(() => lease.check()).toThrow(expect.objectContaining(busy));
    });
  });
});
