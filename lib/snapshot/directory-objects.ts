import { randomUUID } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { mkdir, open, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Sha256 } from '../encoding/digest.ts';
import { objectPath, OBJECTS, parsePointer, POINTER, pointerText, type Pointer } from './layout.ts';
import type { ObjectSink, ObjectSource, Ref } from './objects.ts';

/** So many files are brought to the disk at a time. */
const SYNCED_AT_ONCE = 16;

/** Snapshots in a folder. */
export class DirectoryObjects implements ObjectSource, ObjectSink {
  readonly #folder: string;
  /** Paths that are written and perhaps not yet on the disk. */
  #unsynced: string[] = [];

  constructor(folder: string) {
    this.#folder = folder;
  }

  static async make(folder: string): Promise<DirectoryObjects> {
    await mkdir(join(folder, OBJECTS), { recursive: true });
    return new DirectoryObjects(folder);
  }

  async pointer(): Promise<Pointer | undefined> {
    const text = await orAbsent(readFile(join(this.#folder, POINTER), 'utf8'));
    return text === undefined ? undefined : parsePointer(text);
  }

  /** When this resolves, the pointer and everything that was written before is durable. */
  async point(pointer: Pointer): Promise<void> {
    await this.#settle();
    const path = join(this.#folder, POINTER);
    await this.#put(path, Buffer.from(pointerText(pointer)));
    await sync(path);
    await sync(this.#folder);
    this.#unsynced = [];
  }

  read(digest: Sha256): Promise<Uint8Array | undefined> {
    return orAbsent(readFile(join(this.#folder, objectPath(digest))));
  }

  async open(digest: Sha256): Promise<AsyncIterable<Uint8Array> | undefined> {
    const handle = await orAbsent(open(join(this.#folder, objectPath(digest))));
    return handle === undefined ? undefined : createReadStream('', { fd: handle, highWaterMark: 1024 * 1024 });
  }

  async write({ digest }: Ref, bytes: Uint8Array | AsyncIterable<Uint8Array>): Promise<void> {
    await this.#put(join(this.#folder, objectPath(digest)), bytes);
  }

  /** Under another name first, so that nothing is half there under its own. */
  async #put(path: string, bytes: Uint8Array | AsyncIterable<Uint8Array>): Promise<void> {
    const temporary = join(this.#folder, `.writing-${randomUUID()}`);
    try {
      await writeFile(temporary, bytes, { flag: 'wx' });
      await rename(temporary, path);
    } catch (error) {
      await rm(temporary, { force: true });
      throw error;
    }
    this.#unsynced.push(path);
  }

  /** All together, behind everything: one by one as they are written, the disk would be waited for each time. */
  async #settle(): Promise<void> {
    const paths = this.#unsynced.values();
    const workers = Array.from({ length: SYNCED_AT_ONCE }, async () => {
      for (const path of paths) await sync(path);
    });
    await Promise.all(workers);
    await sync(join(this.#folder, OBJECTS));
  }
}

async function sync(path: string): Promise<void> {
  const handle = await open(path);
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

async function orAbsent<T>(reading: Promise<T>): Promise<T | undefined> {
  return reading.catch((error: unknown) => {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  });
}
