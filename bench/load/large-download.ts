import { createHash } from 'node:crypto';
import { performance } from 'node:perf_hooks';
import { expectStatus, type Repository, requestHead } from './push.ts';
import { openWire, type Wire } from './wire.ts';

export interface LargeDownload {
  repository: Repository;
  digest: string;
  size: number;
  seconds: number;
  signal: AbortSignal;
}

/** MB/s of whole downloads over one connection, as many as begin within the round. */
export async function largeDownloads(work: LargeDownload): Promise<number> {
  const wire = await openWire(work.repository.url);
  try {
    const started = performance.now();
    let bytes = 0;
    while (performance.now() - started < work.seconds * 1000) {
      work.signal.throwIfAborted();
      bytes += await download(wire, work);
    }
    return bytes / 1e6 / ((performance.now() - started) / 1000);
  } finally {
    wire.close();
  }
}

/** The timed downloads only count bytes; this one looks at them. */
export async function expectSameBytes(work: LargeDownload): Promise<void> {
  const wire = await openWire(work.repository.url);
  try {
    const hash = createHash('sha256');
    await download(wire, work, (bytes) => hash.update(bytes));
    const digest = `sha256:${hash.digest('hex')}`;
    if (digest !== work.digest) throw new Error(`${work.digest} came down as ${digest}`);
  } finally {
    wire.close();
  }
}

async function download(wire: Wire, work: LargeDownload, onBody?: (bytes: Uint8Array) => void): Promise<number> {
  const { repository, digest, size } = work;
  const target = new URL(`/v2/${repository.name}/blobs/${digest}`, repository.url);
  const answer = await wire.request(requestHead('GET', target), [], onBody);
  expectStatus(answer, 200, 'GET of a large blob');
  if (answer.received !== size) throw new Error(`${digest}: ${answer.received} bytes instead of ${size}`);
  return answer.received;
}
