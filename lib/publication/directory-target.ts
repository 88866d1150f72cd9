import { createHash, randomUUID } from 'node:crypto';
import { open, readdir, readFile, rm, stat, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Sha256 } from '../encoding/digest.ts';
import { makeFolder, renameDurably } from '../store/files/durable-files.ts';
import { PublicationError } from './publication-error.ts';
import { ANEW, type LeftOver, type NewObject, type ReadPointer, type Target, type TargetItem } from './target.ts';
import { withPieces } from './with-pieces.ts';

const POINTER = 'current';
const OBJECTS = 'o';
const NAME = /^[0-9a-f]{64}$/;
const WRITING = '.writing-';

/**
 * A folder that a web server serves as it is. Its own names make readers see whole files alone; that one publisher at a
 * time swaps is held by the lease, since no file system compares before it renames.
 */
export class DirectoryTarget implements Target {
  readonly #folder: string;

  constructor(folder: string) {
    this.#folder = folder;
  }

  async put({ digest, size, bytes }: NewObject, freshMs: number): Promise<void> {
    const path = this.#path(digest);
    await withPieces(bytes, (pieces) =>
      this.#translated(async () => {
        const there = freshMs === ANEW ? undefined : await stat(path).catch(absent);
        if (there?.size !== size) await this.#write(path, pieces);
        else if (Date.now() - there.mtimeMs > freshMs) await this.#touch(path, pieces);
      }),
    );
  }

  async read(digest: Sha256): Promise<Uint8Array | undefined> {
    return this.#translated(() => readFile(this.#path(digest)).catch(absent));
  }

  async open(digest: Sha256): Promise<AsyncIterable<Uint8Array> | undefined> {
    const file = await this.#translated(() => open(this.#path(digest), 'r').catch(absent));
    return file?.createReadStream();
  }

  async pointer(): Promise<ReadPointer | undefined> {
    const bytes = await this.#translated(() => readFile(join(this.#folder, POINTER)).catch(absent));
    return bytes === undefined ? undefined : { bytes, mark: markOf(bytes) };
  }

  async swap(bytes: Uint8Array, mark: string | undefined, signal?: AbortSignal): Promise<boolean> {
    if ((await this.pointer())?.mark !== mark) return false;
    await this.#translated(() => this.#write(join(this.#folder, POINTER), bytes, signal));
    return true;
  }

  async *list(): AsyncGenerator<TargetItem> {
    for (const name of await this.#namesIn(this.#folder)) {
      if (!name.startsWith(WRITING)) continue;
      const writtenAt = await this.#writtenAt(join(this.#folder, name));
      if (writtenAt !== undefined) yield { name: name as LeftOver, writtenAt };
    }
    for (const name of await this.#namesIn(join(this.#folder, OBJECTS))) {
      if (!NAME.test(name)) continue;
      const writtenAt = await this.#writtenAt(join(this.#folder, OBJECTS, name));
      if (writtenAt !== undefined) yield { name: `sha256:${name}`, writtenAt };
    }
  }

  async remove(name: TargetItem['name']): Promise<void> {
    const path = name.startsWith('sha256:') ? this.#path(name as Sha256) : join(this.#folder, name);
    await this.#translated(() => rm(path, { force: true }));
  }

  async #namesIn(folder: string): Promise<readonly string[]> {
    return (await this.#translated(() => readdir(folder).catch(absent))) ?? [];
  }

  async #writtenAt(path: string): Promise<number | undefined> {
    return (await this.#translated(() => stat(path).catch(absent)))?.mtimeMs;
  }

  #path(digest: Sha256): string {
    return join(this.#folder, OBJECTS, digest.slice('sha256:'.length));
  }

  /** Gone between the look and the touch, it is written. */
  async #touch(path: string, bytes: NewObject['bytes']): Promise<void> {
    const now = new Date();
    const touched = await utimes(path, now, now).then(() => true, absent);
    if (touched === undefined) await this.#write(path, bytes);
  }

  async #write(path: string, bytes: NewObject['bytes'], signal?: AbortSignal): Promise<void> {
    const temporary = join(this.#folder, `${WRITING}${randomUUID()}`);
    await makeFolder(this.#folder);
    try {
      const file = await open(temporary, 'wx');
      try {
        await (bytes instanceof Uint8Array ? file.writeFile(bytes) : writeFile(file, bytes));
        await file.sync();
      } finally {
        await file.close();
      }
      signal?.throwIfAborted();
      await renameDurably(temporary, path);
    } catch (error) {
      await rm(temporary, { force: true });
      throw error;
    }
  }

  async #translated<T>(work: () => Promise<T>): Promise<T> {
    try {
      return await work();
    } catch (cause) {
      const { code } = cause as NodeJS.ErrnoException;
      const isPassing = code === 'ENOSPC' || code === 'EDQUOT' || code === 'EMFILE' || code === 'ENFILE';
      throw new PublicationError(isPassing ? 'target-busy' : 'target-refused', `${this.#folder}: ${String(code)}`, {
        cause,
      });
    }
  }
}

function absent(error: NodeJS.ErrnoException): undefined {
  if (error.code === 'ENOENT') return undefined;
  throw error;
}

function markOf(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}
