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
const SWAPPING = `${WRITING}${POINTER}-`;

/**
 * A folder that a web server serves as it is. Its own names make readers see whole files alone.
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

  /**
   * No file system compares before it renames, and a publisher may stand still between the two for as long as its machine
   * likes. So whoever swaps lays down what it will rename, takes away what others have laid down, and compares only then:
   * of two who both saw the pointer as it was, one has taken the other's file away, whose rename then fails. Both may.
   */
  async swap(bytes: Uint8Array, mark: string | undefined, signal?: AbortSignal): Promise<boolean> {
    if ((await this.pointer())?.mark !== mark) return false;
    return this.#translated(async () => {
      const name = `${SWAPPING}${randomUUID()}`;
      const path = join(this.#folder, name);
      try {
        await this.#writeTemporary(path, bytes);
        for (const other of await readdir(this.#folder)) {
          if (other.startsWith(SWAPPING) && other !== name) await rm(join(this.#folder, other), { force: true });
        }
        if ((await this.pointer())?.mark !== mark) return false;
        signal?.throwIfAborted();
        return (await renameDurably(path, join(this.#folder, POINTER)).then(() => true, absent)) ?? false;
      } finally {
        await rm(path, { force: true });
      }
    });
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

  async #write(path: string, bytes: NewObject['bytes']): Promise<void> {
    const temporary = join(this.#folder, `${WRITING}${randomUUID()}`);
    try {
      await this.#writeTemporary(temporary, bytes);
      await renameDurably(temporary, path);
    } catch (error) {
      await rm(temporary, { force: true });
      throw error;
    }
  }

  async #writeTemporary(path: string, bytes: NewObject['bytes']): Promise<void> {
    await makeFolder(this.#folder);
    const file = await open(path, 'wx');
    try {
      await (bytes instanceof Uint8Array ? file.writeFile(bytes) : writeFile(file, bytes));
      await file.sync();
    } finally {
      await file.close();
    }
  }

  async #translated<T>(work: () => Promise<T>): Promise<T> {
    try {
      return await work();
    } catch (cause) {
      if (cause instanceof PublicationError) throw cause;
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
