import { writeFile } from 'node:fs/promises';
import { pack } from 'tar-stream';
import { gather } from '../../../../../lib/encoding/gather.ts';

export interface TarEntry {
  readonly name: string;
  readonly content?: Uint8Array;
  /** A link in place of a file. */
  readonly symlink?: string;
  readonly hardlink?: string;
}

/** A tar of entries as they are given, whatever their names. */
export async function tarBytes(entries: Iterable<TarEntry>): Promise<Buffer> {
  const tar = pack();
  const bytes = gather(tar as AsyncIterable<Uint8Array>, 1024 ** 3);
  for (const { name, content, symlink, hardlink } of entries) {
    const linkname = symlink ?? hardlink;
    if (linkname === undefined) tar.entry({ name, mtime: new Date(0) }, Buffer.from(content ?? []));
    else tar.entry({ name, linkname, type: symlink === undefined ? 'link' : 'symlink', mtime: new Date(0) });
  }
  tar.finalize();
  return (await bytes) ?? Buffer.alloc(0);
}

export async function writeTar(path: string, entries: Iterable<TarEntry>): Promise<string> {
  await writeFile(path, await tarBytes(entries));
  return path;
}

export function entriesOf(files: ReadonlyMap<string, Uint8Array>): TarEntry[] {
  return [...files].map(([name, content]) => ({ name, content }));
}
