import type { FileHandle } from 'node:fs/promises';
import type { FileSet } from './file-set.ts';
import { ImageError } from './image-error.ts';
import { readPart } from './read-file.ts';
import { tarHeaders, type TarHeader } from './tar-headers.ts';

type Entry = { readonly start: number; readonly size: number } | { readonly target: string };

const MAX_ENTRIES = 1_000_000;
/** As many links may lead to a file as Linux follows. */
const MAX_LINKS = 40;

/** The files of a tar that lies uncompressed in a file, found by where they are. Nothing is ever unpacked by name. */
export class TarFiles implements FileSet {
  readonly #file: FileHandle;
  readonly #label: string;
  readonly #entries: ReadonlyMap<string, Entry>;

  private constructor(file: FileHandle, label: string, entries: ReadonlyMap<string, Entry>) {
    this.#file = file;
    this.#label = label;
    this.#entries = entries;
  }

  /** Takes the file over and closes it, here too if the tar cannot be read. */
  static async of(file: FileHandle, label: string, size: number): Promise<TarFiles> {
    try {
      const entries = new Map<string, Entry>();
      for await (const header of tarHeaders(file, label, size)) {
        if (entries.size >= MAX_ENTRIES) {
          throw new ImageError('archive-damaged', `${label} has more than ${MAX_ENTRIES} entries`);
        }
        add(entries, header);
      }
      return new TarFiles(file, label, entries);
    } catch (error) {
      await file.close();
      throw error;
    }
  }

  async size(path: string): Promise<number | undefined> {
    return this.#find(path)?.size;
  }

  read(path: string): AsyncIterable<Uint8Array> {
    const found = this.#find(path);
    if (found === undefined) throw new Error('a read of what is not in the tar');
    return readPart(this.#file, this.#label, found.start, found.size);
  }

  async close(): Promise<void> {
    await this.#file.close();
  }

  #find(path: string): { start: number; size: number } | undefined {
    let at = pathIn('', path);
    for (let links = 0; at !== undefined && links <= MAX_LINKS; links++) {
      const entry = this.#entries.get(at);
      if (entry === undefined || 'size' in entry) return entry;
      at = entry.target;
    }
    return undefined;
  }
}

/** As tar does when it unpacks: what comes later under the same name counts. */
function add(entries: Map<string, Entry>, { name, type, linkname, start, size }: TarHeader): void {
  const path = pathIn('', name);
  if (path === undefined) return;
  if (type === 'file' || type === 'contiguous-file') entries.set(path, { start, size });
  const isLink = type === 'symlink' || type === 'link';
  // The target of a symlink begins at the link's folder, that of a hard link at the top of the tar.
  const target = isLink ? pathIn(type === 'symlink' ? path.replace(/[^/]*$/, '') : '', linkname ?? '') : undefined;
  if (target !== undefined) entries.set(path, { target });
}

/** A path from the top of the tar; undefined where it leads out of it. */
function pathIn(folder: string, path: string): string | undefined {
  if (path.startsWith('/')) return undefined;
  const parts: string[] = [];
  for (const part of `${folder}${path}`.split('/')) {
    if (part === '..' && parts.pop() === undefined) return undefined;
    if (part !== '' && part !== '.' && part !== '..') parts.push(part);
  }
  return parts.length === 0 ? undefined : parts.join('/');
}
