import { randomUUID } from 'node:crypto';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { openS3, type S3Stores } from '../../../lib/store/s3/open-s3.ts';
import type { S3Patience } from '../../../lib/store/s3/s3-client.ts';
import type { StoreError } from '../../../lib/store/store-error.ts';
import { gathered, inPieces, sampleBlob } from '../../contract/byte-sources.ts';
import { HangingServer, type Hanging } from '../../support/hanging-server.ts';

const MIB = 1024 * 1024;
const MOST_MS = 32_000;
const [SMALL, LARGE] = [sampleBlob(100_000), sampleBlob(20 * MIB)];

let server: HangingServer;
let s3: S3Stores;
beforeEach(async () => {
  process.env['AWS_ACCESS_KEY_ID'] = 'somebody';
  process.env['AWS_SECRET_ACCESS_KEY'] = 'something';
  server = new HangingServer();
  await server.start();
});
afterEach(async () => {
  s3.close();
  await server.close();
});

function open(how: Hanging, patience?: S3Patience): S3Stores {
  server.how = how;
  s3 = openS3({ bucket: 'silent', prefix: 'p', endpoint: server.endpoint }, patience);
  return s3;
}

async function failure(work: Promise<unknown>): Promise<{ code: string | undefined; ms: number }> {
  const since = performance.now();
  const error = await work.then(
    () => undefined,
    (thrown: unknown) => thrown as StoreError,
  );
  return { code: error?.code, ms: performance.now() - since };
}

/** As a request does that fails: it clears away what it began. */
async function clearing(id: string, work: Promise<unknown>): Promise<void> {
  try {
    await work;
  } finally {
    await s3.uploads.discard(id).catch(() => undefined);
  }
}

describe('an S3 that takes every connection and says nothing', () => {
  test('is given up within half a minute, whatever it was asked, with all that is cleared away then', async () => {
    const { blobs, uploads } = open('accepts');
    const id = randomUUID();
    const works = {
      stat: () => blobs.stat(SMALL.digest),
      read: () => gathered(blobs.read(SMALL.digest)),
      write: () => blobs.write(SMALL.digest, inPieces(SMALL.bytes)),
      'write in parts': () => blobs.write(LARGE.digest, inPieces(LARGE.bytes)),
      delete: () => blobs.delete(SMALL.digest),
      append: () => clearing(id, uploads.append(id, 0, inPieces(LARGE.bytes))),
      publish: () => clearing(id, uploads.publish(id, SMALL.digest)),
      list: () => gathered(blobs.list() as unknown as AsyncIterable<Uint8Array>),
    };
    const told = await Promise.all(Object.entries(works).map(async ([what, work]) => [what, await failure(work())]));
    for (const [what, { code, ms }] of told as [string, Awaited<ReturnType<typeof failure>>][]) {
      expect([what, code]).toEqual([what, 'busy']);
      expect(ms).toBeLessThan(MOST_MS);
    }
    // What has no large body was asked a second time, since it may have been the connection.
    expect(server.asked).toBeGreaterThanOrEqual(2 * Object.keys(works).length);
  }, 60_000);
});

describe('an S3 that is slow', () => {
  test('takes all of a part for which it needs longer than it may be silent', async () => {
    const idleMs = 5_000;
    const { blobs } = open({ bytesPerTick: 64 * 1024 }, { connectMs: 500, idleMs, attempts: 1 });
    // The system has room for some of it on the way.
    const { digest, bytes } = sampleBlob(8 * MIB - 1);
    const since = performance.now();
    await blobs.write(digest, inPieces(bytes));
    expect(performance.now() - since).toBeGreaterThan(idleMs + 1_000);
    expect([server.asked, server.taken]).toEqual([1, bytes.length]);
  }, 60_000);
});
