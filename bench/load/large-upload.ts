import { performance } from 'node:perf_hooks';
import { run } from '../process/run.ts';
import { largeBlob } from './blob.ts';
import type { Content, Repository } from './push.ts';
import { openWire, type Wire } from './wire.ts';

export interface LargeUpload {
  repository: Repository;
  mebibytes: number;
  push: (wire: Wire, repository: Repository, blob: Content) => Promise<void>;
  signal: AbortSignal;
}

/** MB/s of one upload. */
export async function largeUpload(work: LargeUpload): Promise<number> {
  const { repository, mebibytes, push, signal } = work;
  const blob = largeBlob(mebibytes);
  // Pages that an earlier contender left unwritten would be paid for by this one.
  await run('sync', [], { seconds: 120, signal });
  const wire = await openWire(repository.url);
  try {
    const started = performance.now();
    await push(wire, repository, blob);
    return blob.size / 1e6 / ((performance.now() - started) / 1000);
  } finally {
    wire.close();
  }
}
