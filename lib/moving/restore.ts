import type { Manifest } from './backup/manifest.ts';
import type { BackupLayout } from './backup/layout.ts';
import { BackupOrigin } from './backup/backup-origin.ts';
import { isAsWritten } from './backup/hashed-file.ts';
import type { Damaged } from './content.ts';
import type { Place } from './copy.ts';
import { decodeFormat, refuseNewer } from '../store/data-format.ts';
import { formatKey } from '../store/keys.ts';
import { fill, type Filled, type OnProgress } from './fill.ts';
import { MoveError } from './move-error.ts';
import { beginMove, endMove } from './note.ts';
import type { Origin } from './origin.ts';

export interface RestoreOptions {
  readonly layout: BackupLayout;
  readonly manifest: Manifest;
  readonly to: Place;
  readonly now: () => number;
  readonly breathe: () => Promise<void> | undefined;
  readonly onProgress?: OnProgress | undefined;
  readonly onDamaged?: (damaged: Damaged) => void;
  /** Once it is known that the store may be filled, and before it may be served. */
  readonly onFilled?: () => Promise<void>;
}

/** Makes an empty store what a backup has. Begun again after a death at any moment, it goes on. */
export async function restoreBackup(options: RestoreOptions): Promise<Filled> {
  const { layout, manifest, to, now, breathe, onProgress, onDamaged } = options;
  const { name, keys, packs } = manifest;
  const folder = layout.backup(name);
  if (!(await isAsWritten(folder.keys, keys))) {
    throw new MoveError('bad-backup', `the keys of the backup ${name} are not what was written`);
  }
  const origin = new BackupOrigin(layout, folder, packs);
  refuseNewer(await formatIn(origin));
  const source = `the backup ${name} (${keys.digest})`;
  const begun = new Date(now()).toISOString();
  const note = { what: 'restore', from: source, source, into: to.blobsName, begun } as const;
  const { fresh, held } = await beginMove(to, note);
  const filling = { origin, keys: to.keys, blobs: to.blobs, fresh, held, breathe, onProgress, onDamaged };
  const filled = await fill(filling, true);
  await options.onFilled?.();
  await endMove(to, held);
  return filled;
}

/** Of the data in a backup, by its key, which stands among the others. */
async function formatIn(origin: Pick<Origin, 'names'>): Promise<number> {
  for await (const { key, value } of origin.names()) {
    if (Buffer.compare(key, formatKey) === 0) return decodeFormat(value);
  }
  return decodeFormat(undefined);
}
