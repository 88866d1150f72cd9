import type { Manifest } from './backup/manifest.ts';
import type { BackupLayout } from './backup/layout.ts';
import { BackupOrigin } from './backup/backup-origin.ts';
import { isAsWritten } from './backup/hashed-file.ts';
import type { Damaged } from './content.ts';
import type { Place } from './copy.ts';
import { fill, type Filled, type OnProgress } from './fill.ts';
import { MoveError } from './move-error.ts';
import { beginMove, endMove } from './note.ts';

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
  const note = {
    what: 'restore',
    from: `the backup ${name} (${keys.digest})`,
    into: to.blobsName,
    begun: new Date(now()).toISOString(),
  } as const;
  const { fresh, held } = await beginMove(to, note);
  const origin = new BackupOrigin(layout, folder, packs);
  const filling = { origin, keys: to.keys, blobs: to.blobs, fresh, held, breathe, onProgress, onDamaged };
  const filled = await fill(filling, true);
  await options.onFilled?.();
  await endMove(to.keys, held);
  return filled;
}
