import { mkdtemp, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { run } from '../process/run.ts';
import { root } from '../root.ts';
import { assayName } from '../servers/assay.ts';
import type { Stage } from '../stage.ts';
import type { Contender, Row, Suite } from '../suite.ts';
import { addContent, sampleStore, type Amount } from './sample-store.ts';

const amount: Amount = { entries: 50_000, small: 10_000, large: 128 };
const more = { small: 200, large: 2 };
const what = '50,000 entries of the log, 10,000 contents of 1 KiB and 128 blobs of 1 MiB';
const copyName = 'cp -a, sync';

/** A folder of one round, and the data that is moved. */
interface Round {
  data: string;
  folder: string;
  assay: (...args: string[]) => Promise<void>;
}

/** What is timed comes back from what prepares it. */
type Work = (round: Round) => Promise<() => Promise<void>>;

const places = (data: string): string => `lmdb:${join(data, 'store')},files:${data}`;

export const movingSuite: Suite = {
  name: 'moving',
  title: 'Moving a store',
  rows: [
    movingRow('copy', `copy of ${what} to another folder, verified`, true, async ({ data, folder, assay }) => {
      return () => assay('copy', '--from', places(data), '--to', places(join(folder, 'copy')));
    }),
    movingRow('backup', 'first backup of the same', true, async ({ data, folder, assay }) => {
      return () => assay('backup', join(folder, 'backups'), '--data', data);
    }),
    movingRow(
      'backup-next',
      'second backup, 200 contents and 2 blobs later',
      false,
      async ({ data, folder, assay }) => {
        await assay('backup', join(folder, 'backups'), '--data', data);
        await addContent(data, more);
        return () => assay('backup', join(folder, 'backups'), '--data', data);
      },
    ),
    movingRow('backup-verify', 'verifying a backup', false, async ({ data, folder, assay }) => {
      await assay('backup', join(folder, 'backups'), '--data', data);
      return () => assay('backup', 'verify', join(folder, 'backups'));
    }),
    movingRow('restore', 'restoring a backup, verified', false, async ({ data, folder, assay }) => {
      await assay('backup', join(folder, 'backups'), '--data', data);
      return () => assay('restore', join(folder, 'backups'), '--data', join(folder, 'restored'));
    }),
  ],
};

function movingRow(name: string, work: string, hasPeer: boolean, timed: Work): Row {
  return {
    name,
    work,
    unit: 's',
    better: 'less',
    contenders: hasPeer ? [assayName, copyName] : [assayName],
    holds: [hasPeer ? { against: copyName, limit: 20 } : { limit: 60 }],
    programs: [],
    async open(stage, wanted) {
      const data = await sampleStore(stage, amount);
      const all = { [assayName]: timed, [copyName]: copyPlainly(stage) };
      return wanted.map((one): Contender => {
        return { name: one, measure: () => secondsOf(stage, data, all[one as keyof typeof all]) };
      });
    },
  };
}

async function secondsOf(stage: Stage, data: string, work: Work): Promise<number> {
  const folder = await mkdtemp(join(data, '..', 'assay-bench-round-'));
  async function assay(...args: string[]): Promise<void> {
    await run(process.execPath, [join(root, 'dist/cli/main.js'), ...args], { seconds: 600, signal: stage.signal });
  }
  try {
    const timed = await work({ data, folder, assay });
    const began = performance.now();
    await timed();
    return (performance.now() - began) / 1000;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** What people do who stop the server first; nothing is verified. */
function copyPlainly({ signal }: Stage): Work {
  return async ({ data, folder }) => {
    return async () => {
      await run('cp', ['-a', data, join(folder, 'copy')], { seconds: 600, signal });
      await run('sync', ['-f', join(folder, 'copy')], { seconds: 600, signal });
    };
  };
}
