import type { Suite } from '../suite.ts';
import { engineBlobRows } from './blobs.ts';
import { processesRow } from './processes.ts';
import { engineReadRows } from './reads.ts';
import { engineWriteRows } from './writes.ts';

export const enginesSuite: Suite = {
  name: 'engines',
  title: 'The second engine, and several processes',
  rows: [...engineReadRows, ...engineBlobRows, ...engineWriteRows, processesRow],
};
