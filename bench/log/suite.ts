import type { Suite } from '../suite.ts';
import { appendRow } from './appends.ts';
import { startMemoryRow, startTimeRow } from './starts.ts';

export const logSuite: Suite = {
  name: 'log',
  title: 'Public log',
  rows: [appendRow, startTimeRow, startMemoryRow],
};
