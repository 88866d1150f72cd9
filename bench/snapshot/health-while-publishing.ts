import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { PublicationStatus } from '../../lib/client/index.ts';
import { canonicalJson } from '../../lib/encoding/canonical-json.ts';
import { sha256 } from '../../lib/encoding/digest.ts';
import { FileBlobStore } from '../../lib/store/files/file-blob-store.ts';
import { FileLayout } from '../../lib/store/files/file-layout.ts';
import { ContentStore } from '../../lib/store/content-store.ts';
import { openBenchLog } from '../log/run-facts.ts';
import { longestProbe } from '../load/probe.ts';
import { printedUrl, startChild } from '../process/child.ts';
import { root } from '../root.ts';
import { assayName } from '../servers/assay.ts';
import type { Stage } from '../stage.ts';
import type { Row } from '../suite.ts';
import { sampleRun } from './sample-log.ts';

const RUNS = 10_000;
const AT_ONCE = 512;
const PROBE_EVERY_MS = 10;
const LOOK_EVERY_MS = 200;

/** A server that was given a log and nothing else renders and puts all of it, from its start on. */
export const healthWhilePublishingRow: Row = {
  name: 'health-while-publishing',
  work: `first publication of ${RUNS.toLocaleString('en-US')} runs to a folder: longest health probe`,
  unit: 'ms',
  better: 'less',
  contenders: [assayName],
  holds: [{ limit: 100 }],
  programs: [],
  open: async (stage) => [{ name: assayName, measure: () => stage.within((part) => measure(part)) }],
};

async function measure(stage: Stage): Promise<number> {
  const data = await filled(stage);
  const args = [join(root, 'dist/cli/main.js'), 'serve', '--host', '127.0.0.1', '--port', '0', '--data', data];
  const child = await startChild(stage, process.execPath, args, { withoutSettings: /^ASSAY_/ });
  const url = await child.ready(printedUrl);
  return longestProbe(`${url}/healthz`, PROBE_EVERY_MS, published(url, stage.signal));
}

async function filled(stage: Stage): Promise<string> {
  const data = await stage.directory('publication');
  const { keys, log, close } = await openBenchLog(data);
  const content = new ContentStore(keys, await FileBlobStore.open(new FileLayout(data)), Date.now);
  let next = 0;
  await Promise.all(
    Array.from({ length: AT_ONCE }, async () => {
      while (next < RUNS) {
        const { record, review, fact } = sampleRun((next += 1));
        for (const body of [record, review]) {
          const bytes = canonicalJson(body);
          const { checks, puts } = await content.add(sha256(bytes), bytes);
          await keys.commit({ checks, puts });
        }
        stage.signal.throwIfAborted();
        await log.append(() => Promise.resolve({ entry: fact, result: () => undefined }));
      }
    }),
  );
  await close();
  return data;
}

/** Until everything is live. */
async function published(url: string, signal: AbortSignal): Promise<void> {
  for (;;) {
    signal.throwIfAborted();
    const { live, waiting, lastError } = (await (await fetch(`${url}/api/v1/publication`)).json()) as PublicationStatus;
    if (lastError !== undefined) throw new Error(lastError);
    if (live !== undefined && waiting === 0) return;
    await sleep(LOOK_EVERY_MS);
  }
}
