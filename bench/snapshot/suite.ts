import type { Suite } from '../suite.ts';
import { fullRenderRow } from './full-render.ts';
import { healthWhilePublishingRow } from './health-while-publishing.ts';
import { editedReviewRow, oneMoreRunRow } from './increments.ts';

const SIZES = [1_000, 10_000, 100_000] as const;

export const snapshotSuite: Suite = {
  name: 'snapshot',
  title: 'Snapshots',
  rows: [
    ...SIZES.map((runs) => fullRenderRow(runs)),
    ...SIZES.map((runs) => oneMoreRunRow(runs)),
    ...SIZES.map((runs) => editedReviewRow(runs)),
    healthWhilePublishingRow,
  ],
};
