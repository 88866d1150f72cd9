import type { Sha256 } from '../../lib/encoding/digest.ts';
import { MemoryObjects } from '../../lib/snapshot/memory-objects.ts';
import { render } from '../../lib/snapshot/render.ts';
import { assayName } from '../servers/assay.ts';
import type { Contender, Row } from '../suite.ts';
import { SampleLog } from './sample-log.ts';

/** Every place within a page, a piece of entries and a tile has its turn: what is told is the most that any of them uploads. */
const TURNS = 260;

export function oneMoreRunRow(runs: number): Row {
  return row(`one-more-run-${runs}`, 'one more run', runs, (log) => log.publish());
}

export function editedReviewRow(runs: number): Row {
  return row(`edited-review-${runs}`, 'one edited review', runs, (log) => log.review());
}

function row(name: string, what: string, runs: number, change: (log: SampleLog) => void): Row {
  return {
    name,
    work: `uploaded for ${what} among ${runs.toLocaleString('en-US')}, at most`,
    unit: 'KiB',
    better: 'less',
    contenders: [assayName],
    holds: [{ limit: 64 }],
    programs: [],
    open: () => open(runs, change),
  };
}

async function open(runs: number, change: (log: SampleLog) => void): Promise<Contender[]> {
  const log = new SampleLog(runs);
  const objects = new MemoryObjects();
  let { id } = await render(log, objects, { size: log.size });
  let most: number | undefined;
  return [{ name: assayName, measure: async () => (most ??= await mostBytes()) / 1024 }];

  async function mostBytes(): Promise<number> {
    let bytes = 0;
    for (let turn = 0; turn < TURNS; turn += 1) {
      change(log);
      const step = await next(log, id, objects);
      bytes = Math.max(bytes, step.bytes);
      id = step.id;
    }
    return bytes;
  }
}

async function next(log: SampleLog, id: Sha256, objects: MemoryObjects): Promise<{ id: Sha256; bytes: number }> {
  const rendered = await render(log, objects, { size: log.size, before: { id, objects } });
  return { id: rendered.id, bytes: rendered.written.bytes };
}
