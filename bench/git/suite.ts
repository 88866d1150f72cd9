import type { Suite } from '../suite.ts';
import { cloneRow } from './clone.ts';
import { clonesRow } from './clones.ts';
import { diskRow } from './disk.ts';
import { fetchRow } from './fetch.ts';
import { publishChangedRow } from './publish-changed.ts';
import { publishRow } from './publish.ts';

export const gitSuite: Suite = {
  name: 'git',
  title: 'Git and publishing',
  rows: [cloneRow, fetchRow, clonesRow, publishRow, publishChangedRow, diskRow],
};
