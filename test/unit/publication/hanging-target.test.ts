import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { sha256 } from '../../../lib/encoding/digest.ts';
import { LimitedTarget } from '../../../lib/publication/limited-target.ts';
import type { PublicationError } from '../../../lib/publication/publication-error.ts';
import { publicationStatus } from '../../../lib/publication/publication-status.ts';
import { S3Target } from '../../../lib/publication/s3-target.ts';
import { ANEW, type Target } from '../../../lib/publication/target.ts';
import { SnapshotError } from '../../../lib/snapshot/snapshot-error.ts';
import { systemClock } from '../../../lib/store/clock.ts';
import { makeS3Client } from '../../../lib/store/s3/s3-client.ts';
import { HangingServer, type Hanging } from '../../support/hanging-server.ts';
import { usePublisherPlace } from '../../support/publisher-place.ts';
import { useStores } from '../../support/use-stores.ts';
import { wrappedTarget } from '../../support/wrapped-target.ts';

const stores = useStores();
const place = usePublisherPlace(stores);
const CALL_MS = 400;
const BYTES = Buffer.from('an object');
const OBJECT = { digest: sha256(BYTES), size: BYTES.length, bytes: BYTES };

let server: HangingServer;
beforeEach(async () => {
  process.env['AWS_ACCESS_KEY_ID'] = 'somebody';
  process.env['AWS_SECRET_ACCESS_KEY'] = 'something';
  server = new HangingServer();
  await server.start();
});
afterEach(() => server.close());

/** A bucket of which a connection may be silent for so long. */
function bucket(how: Hanging, idleMs: number, attempts = 2): S3Target {
  server.how = how;
  const location = { bucket: 'public', prefix: '', endpoint: server.endpoint };
  return new S3Target({
    client: makeS3Client(location, { connectMs: 1_000, idleMs, attempts }),
    bucket: 'public',
    prefix: '',
  });
}

function codeOf(work: Promise<unknown>): Promise<string> {
  return work.then(
    () => 'done',
    ({ code }: { code: string }) => code,
  );
}

async function first<T>(items: AsyncIterable<T> | undefined): Promise<void> {
  for await (const _item of items ?? []) return;
}

async function all<T>(items: AsyncIterable<T> | undefined): Promise<void> {
  for await (const _item of items ?? []) continue;
}

const CALLS: Record<string, (target: Target) => Promise<unknown>> = {
  put: (target) => target.put(OBJECT, 1_000),
  'put in pieces': (target) => target.put({ ...OBJECT, bytes: once(BYTES) }, 1_000),
  read: (target) => target.read(OBJECT.digest),
  open: async (target) => all(await target.open(OBJECT.digest)),
  pointer: (target) => target.pointer(),
  swap: (target) => target.swap(BYTES, undefined),
  list: (target) => first(target.list()),
  remove: (target) => target.remove(OBJECT.digest),
};
/** Of these a bucket that answers at all has answered. */
const NO_BODY = ['put', 'put in pieces', 'swap', 'remove'];
const HANGING: Record<Exclude<Hanging, object>, readonly string[]> = {
  accepts: Object.keys(CALLS),
  'answers half': Object.keys(CALLS).filter((name) => !NO_BODY.includes(name)),
  // Who reads an object in pieces, of any size, waits for as long as some come.
  dribbles: ['read', 'pointer', 'list'],
};

describe.each(['accepts', 'answers half', 'dribbles'] as const)('of a bucket that %s', (how) => {
  test.each(HANGING[how])('a call is given up in time: %s', async (name) => {
    // A silent connection is noticed by itself; one that dribbles by the limit alone.
    for (const idleMs of how === 'dribbles' ? [10_000] : [50, 10_000]) {
      const ended = new AbortController();
      const target = new LimitedTarget(bucket(how, idleMs), { callMs: CALL_MS, ended: ended.signal });
      const since = performance.now();
      await expect(CALLS[name]!(target)).rejects.toMatchObject({ name: 'PublicationError', code: 'target-busy' });
      expect(performance.now() - since).toBeLessThan(5_000);
    }
  });

  test.each(HANGING[how])('a call ends at once when the publisher ends: %s', async (name) => {
    const ended = new AbortController();
    const target = new LimitedTarget(bucket(how, 20_000), { callMs: 20_000, ended: ended.signal });
    const call = CALLS[name]!(target);
    const refused = codeOf(call);
    await expect.poll(() => server.asked).toBeGreaterThan(0);
    const since = performance.now();
    ended.abort();
    expect(await refused).toBe('closed');
    expect(performance.now() - since).toBeLessThan(1_000);
    await expect(CALLS[name]!(target)).rejects.toMatchObject({ code: 'closed' });
  });
});

test('pieces that fail on their way to a bucket that says nothing are told at once, and as they are', async () => {
  const failure = new SnapshotError('body-wrong', 'other bytes than the log names');
  // oxlint-disable-next-line require-await
  async function* failing(): AsyncGenerator<Uint8Array> {
    yield BYTES;
    throw failure;
  }
  const ended = new AbortController();
  const target = new LimitedTarget(bucket('accepts', 20_000), { callMs: 20_000, ended: ended.signal });
  const put = target.put({ ...OBJECT, size: 2 * BYTES.length, bytes: failing() }, ANEW);
  const since = performance.now();
  expect(await put.catch((error: unknown) => error)).toBe(failure);
  expect(performance.now() - since).toBeLessThan(5_000);
});

describe('a large object', () => {
  const bytes = Buffer.alloc(16_000);
  const object = { digest: sha256(bytes), size: bytes.length, bytes };
  test.each(['in one piece', 'in pieces'])('has the time of a slow line, %s', async (how) => {
    const slow = wrappedTarget(place.target(), {
      async put(given) {
        if (!(given.bytes instanceof Uint8Array)) await all(given.bytes);
        await new Promise((resolve) => setTimeout(resolve, 300));
      },
    });
    const target = new LimitedTarget(slow, { callMs: 50, ended: new AbortController().signal });
    const put = target.put(how === 'in pieces' ? { ...object, bytes: once(bytes) } : object, 1_000);
    expect(await codeOf(put)).toBe('done');
  });
});

describe('a publisher whose target hangs', () => {
  test('says so, tries again with back-off, and goes on when the target answers', async () => {
    let hangs = true;
    const real = place.target();
    const hanging = wrappedTarget(real, {
      put: (object, freshMs) => (hangs ? new Promise(() => undefined) : real.put(object, freshMs)),
    });
    const one = place.publisher({ target: hanging, callMs: 50 });
    place.renderer.entries = 10;
    await place.run(one, 10_000);
    const status = await publicationStatus(stores().keys, 'dir:public', 10);
    expect(status).toMatchObject({ waiting: 10, lastError: 'the target has not answered for 1 s' });
    expect(status.failures).toBeGreaterThan(1);
    expect(status.failures).toBeLessThan(6);
    expect(Date.parse(status.nextAttemptAt!)).toBeGreaterThan(Date.parse(status.lastAttemptAt!));
    hangs = false;
    await place.run(one, 60_000);
    expect(await place.readerSees()).toBe(10);
    expect((await publicationStatus(stores().keys, 'dir:public', 10)).failures).toBe(0);
  });

  test.each(['accepts', 'answers half'] as const)('ends without waiting for a bucket that %s', async (how) => {
    const one = place.publisher({ target: bucket(how, 60_000), clock: systemClock });
    one.start();
    const asked = one.publishNow();
    const refused = codeOf(asked);
    await expect.poll(() => server.asked).toBeGreaterThan(0);
    const since = performance.now();
    await one.stop();
    expect(await refused).toBe('closed');
    expect(performance.now() - since).toBeLessThan(1_000);
    expect((await place.state()).failures).toBe(0);
  });

  test('leaves a bucket alone for as long as it asks to be', async () => {
    const throttled = new LimitedTarget(bucket({ retryAfter: 120 }, 1_000, 1), {
      callMs: 20_000,
      ended: new AbortController().signal,
    });
    const error = await throttled.pointer().catch((refusal: unknown) => refusal as PublicationError);
    expect(error).toMatchObject({ code: 'target-busy', retryAfterMs: 120_000 });

    let asked = 0;
    const pointer = (): Promise<never> => {
      asked += 1;
      return Promise.reject(error);
    };
    const one = place.publisher({ target: wrappedTarget(place.target(), { pointer }) });
    place.renderer.entries = 10;
    await place.run(one, 115_000);
    expect(asked).toBe(1);
    await place.run(one, 10_000);
    expect(asked).toBe(2);
  });
});

// oxlint-disable-next-line require-await
async function* once(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield bytes;
}
