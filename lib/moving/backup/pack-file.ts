import { createHash } from 'node:crypto';
import { stat } from 'node:fs/promises';
import { digestOf, type Sha256 } from '../../encoding/digest.ts';
import { readFilePieces } from './hashed-file.ts';
import type { BackupLayout } from './layout.ts';
import type { PackFile } from './manifest.ts';

/** A pack that is there already, as a manifest names it. */
export async function packFile(layout: BackupLayout, name: string): Promise<PackFile> {
  const { size } = await stat(layout.pack(name));
  const hash = createHash('sha256');
  let bytes = 0;
  for await (const piece of readFilePieces(layout.index(name))) {
    hash.update(piece);
    bytes += piece.length;
  }
  return { name, bytes: size, index: { digest: digestOf('sha256', hash) as Sha256, bytes } };
}
