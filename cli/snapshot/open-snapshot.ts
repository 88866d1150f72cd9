import { DirectoryObjects } from '../../lib/snapshot/directory-objects.ts';
import { sha256In } from '../../lib/snapshot/documents.ts';
import { HttpObjects } from '../../lib/snapshot/http-objects.ts';
import type { Pointer } from '../../lib/snapshot/layout.ts';
import { Snapshot } from '../../lib/snapshot/snapshot.ts';
import { UsageError } from '../command.ts';

/** The snapshot in a folder or at an address: the current one, or the one that is named behind a `#`. */
export async function openSnapshot(word: string): Promise<{ snapshot: Snapshot; pointer: Pointer | undefined }> {
  const [, place = word, id] = /^(.*?)(?:#(sha256:[0-9a-f]*))?$/.exec(word) ?? [];
  const objects = /^https?:\/\//.test(place) ? new HttpObjects(place) : new DirectoryObjects(place);
  const pointer = await objects.pointer();
  const digest = id === undefined ? pointer?.snapshot : sha256In(id);
  if (id !== undefined && digest === undefined)
    throw new UsageError('behind the # stands the id of a snapshot, sha256:…');
  if (digest === undefined) throw new Error(`there is no snapshot in ${place}`);
  return { snapshot: await Snapshot.open(objects, digest), pointer };
}
