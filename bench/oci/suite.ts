import type { Suite } from '../suite.ts';
import { largeBlobRows } from './blobs.ts';
import { readRows } from './reads.ts';
import { tagPageRow } from './tags.ts';
import { smallUploadRow } from './uploads.ts';

export const ociSuite: Suite = {
  name: 'oci',
  title: 'OCI registry',
  rows: [...readRows, ...largeBlobRows, smallUploadRow, tagPageRow],
};
