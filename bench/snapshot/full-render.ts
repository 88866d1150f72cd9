import type { ObjectSink } from '../../lib/snapshot/objects.ts';
import { render } from '../../lib/snapshot/render.ts';
import { assayName } from '../servers/assay.ts';
import type { Row } from '../suite.ts';
import { SampleLog } from './sample-log.ts';

/** Seconds that a full render may take, by runs: stated in docs/decisions/snapshots.md, and held so that it is noticed. */
const LIMITS: Readonly<Record<number, number>> = { 1_000: 2, 10_000: 15, 100_000: 120 };

export function fullRenderRow(runs: number): Row {
  return {
    name: `full-render-${runs}`,
    work: `full render of ${runs.toLocaleString('en-US')} runs, into nothing`,
    unit: 's',
    better: 'less',
    contenders: [assayName],
    holds: [{ limit: LIMITS[runs]! }],
    programs: [],
    open: async () => {
      const log = new SampleLog(runs);
      return [{ name: assayName, measure: () => seconds(log) }];
    },
  };
}

async function seconds(log: SampleLog): Promise<number> {
  const started = performance.now();
  await render(log, NOWHERE, { size: log.size });
  return (performance.now() - started) / 1000;
}

const NOWHERE: ObjectSink = { write: () => Promise.resolve() };
