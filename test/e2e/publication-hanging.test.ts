import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { HangingServer } from '../support/hanging-server.ts';
import { send } from '../support/http.ts';
import { Server } from '../support/server.ts';

const CREDENTIALS = { AWS_ACCESS_KEY_ID: 'somebody', AWS_SECRET_ACCESS_KEY: 'something' };

describe('a server whose bucket hangs', () => {
  const bucket = new HangingServer();
  let server: Server;
  beforeEach(async () => {
    await bucket.start();
    const env = { ...CREDENTIALS, ASSAY_PUBLISH: `s3://public/?endpoint=${encodeURIComponent(bucket.endpoint)}` };
    server = new Server({ env });
    await server.start();
  });
  afterEach(async () => {
    await server.close();
    await bucket.close();
  });

  test.each(['accepts', 'answers half'] as const)('ends without waiting for one that %s', async (how) => {
    bucket.how = how;
    // Somebody waits for it, too, or finds the server at it already.
    const headers = { 'content-type': 'application/json' };
    const now = send('POST', `${server.url}/api/v1/publication/now`, { headers, body: Buffer.from('{}') });
    await expect.poll(() => bucket.asked, { timeout: 10_000 }).toBeGreaterThan(0);
    expect((await send('GET', `${server.url}/readyz`)).status).toBe(200);
    const since = performance.now();
    expect(await server.stop()).toBe(0);
    expect([409, 503]).toContain((await now).status);
    expect(performance.now() - since).toBeLessThan(5_000);
  });
});
