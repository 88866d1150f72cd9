import { readFile } from 'node:fs/promises';
import type { Sha256 } from '../../encoding/digest.ts';
import type { Damaged } from '../content.ts';
import type { LogIdentity } from '../describe-store.ts';
import { MoveError } from '../move-error.ts';
import type { BackupFolder } from './layout.ts';

export const FORMAT = 'assay-backup/1';

export interface StoredFile {
  readonly digest: Sha256;
  readonly bytes: number;
}

/** Small content, in the order of its digests. It is named by the digest of its file. */
export interface PackFile {
  readonly name: string;
  readonly bytes: number;
  readonly index: StoredFile;
}

/** What a backup says of itself. */
export interface Manifest {
  readonly format: typeof FORMAT;
  readonly name: string;
  /** When it began: it has every write that was acknowledged before. */
  readonly at: string;
  readonly keys: StoredFile & { readonly entries: number };
  readonly packs: readonly PackFile[];
  readonly small: { readonly count: number; readonly bytes: number };
  readonly blobs: { readonly count: number; readonly bytes: number };
  /** What no earlier backup had. */
  readonly written: { readonly small: number; readonly blobs: number; readonly bytes: number };
  readonly log: LogIdentity | null;
  readonly logKey: boolean;
  readonly uploadsLeftOut: number;
  /** What was damaged or lost in the store when the backup was made, and is not in it. */
  readonly damaged: readonly Damaged[];
}

export async function readManifest({ path, manifest }: BackupFolder): Promise<Manifest> {
  const text = await readFile(manifest, 'utf8').catch((cause: unknown) => {
    throw new MoveError('bad-backup', `${path} has no backup.json that can be read`, { cause });
  });
  const read = parse(text);
  if (read === undefined) throw new MoveError('bad-backup', `${manifest} is not what assay backup writes`);
  return read;
}

/** Undefined where the text is something else. What it says of other files is compared with them when they are read. */
function parse(text: string): Manifest | undefined {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return undefined;
  }
  if (typeof value !== 'object' || value === null) return undefined;
  const { format, name, keys, packs, damaged } = value as Partial<Manifest>;
  const isWhole =
    format === FORMAT &&
    typeof name === 'string' &&
    typeof keys?.digest === 'string' &&
    Array.isArray(packs) &&
    packs.every((pack: Partial<PackFile>) => /^[0-9a-f]{64}$/.test(pack.name ?? '')) &&
    Array.isArray(damaged);
  return isWhole ? (value as Manifest) : undefined;
}
