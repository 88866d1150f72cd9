import { performance } from 'node:perf_hooks';
import { randomSmallBlob } from './blob.ts';
import { withCallers } from './callers.ts';
import { expectStatus, pushMonolithic, type Repository, requestHead } from './push.ts';
import type { Wire } from './wire.ts';

export interface SmallUploads {
  repository: Repository;
  callers: number;
  blobBytes: number;
  seconds: number;
  signal: AbortSignal;
}

/** Finished uploads a second. Each caller's last blob is asked for afterwards: what was acknowledged has to be there. */
export async function smallUploads(work: SmallUploads): Promise<number> {
  const { repository, callers, blobBytes, seconds, signal } = work;
  let rate = 0;
  let uploads = 0;
  let finished = 0;
  const started = performance.now();
  const deadline = started + seconds * 1000;
  await withCallers(repository.url, callers, async (wire) => {
    let last = '';
    while (performance.now() < deadline) {
      signal.throwIfAborted();
      const blob = randomSmallBlob(blobBytes);
      await pushMonolithic(wire, repository, blob);
      last = blob.digest;
      uploads++;
    }
    finished = Math.max(finished, performance.now());
    rate = uploads / ((finished - started) / 1000);
    await expectHeld(wire, repository, last, blobBytes);
  });
  return rate;
}

async function expectHeld(wire: Wire, repository: Repository, digest: string, size: number): Promise<void> {
  const target = new URL(`/v2/${repository.name}/blobs/${digest}`, repository.url);
  const answer = await wire.request(requestHead('GET', target));
  expectStatus(answer, 200, `GET of the uploaded ${digest}`);
  if (answer.received !== size) throw new Error(`${digest} came back with ${answer.received} bytes`);
}
