import type { Sha256 } from '../encoding/digest.ts';
import { EMPTY_ROOT as EMPTY_TREE } from '../log/tree-hash.ts';
import { parseDocument } from './documents.ts';
import { EMPTY_LIST } from './list.ts';
import type { ObjectSource, Ref } from './objects.ts';
import { sha256 } from '../encoding/digest.ts';
import { SCRUBBER_VERSION } from '../scrub/scrubber.ts';
import { FORMAT, RENDERER_VERSION } from './shape.ts';
import { SnapshotError } from './snapshot-error.ts';
import { EMPTY_TABLE } from './table.ts';
import type { Root } from './wire.ts';

/** What every first render begins with. */
export const NO_ROOT: Root = {
  format: FORMAT,
  renderer: RENDERER_VERSION,
  log: { size: 0, root: EMPTY_TREE.toString('base64') },
  runs: { count: 0, retracted: 0 },
  scrubber: { version: SCRUBBER_VERSION, also: [], found: {}, documents: EMPTY_TABLE },
  paths: {
    families: EMPTY_TABLE,
    ids: EMPTY_TABLE,
    pages: EMPTY_LIST,
    log: { entries: EMPTY_LIST, tiles: [] },
  },
};

/** A root is of a few kilobytes; what is larger is something else. */
const MAX_ROOT_BYTES = 1024 * 1024;

/** Of a format that is known here; which scrubber it was made with is for its reader to mind. */
export async function readRoot(objects: ObjectSource, id: Sha256): Promise<{ readonly root: Root; readonly ref: Ref }> {
  const bytes = await objects.read(id);
  if (bytes === undefined) throw new SnapshotError('snapshot-unknown', `there is no snapshot ${id}`);
  if (bytes.length > MAX_ROOT_BYTES || sha256(bytes) !== id) {
    throw new SnapshotError('object-wrong', `the bytes of the root ${id} are not of that digest`);
  }
  const root = parseDocument<Partial<Root>>(id, bytes);
  if (root.format !== FORMAT)
    throw new SnapshotError('format-unknown', `snapshot ${id} is of a format that is not known here`);
  return { root: root as Root, ref: { digest: id, size: bytes.length } };
}
