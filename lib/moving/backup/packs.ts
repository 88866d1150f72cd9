import { randomUUID } from 'node:crypto';
import { rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { hexOf } from '../../encoding/digest.ts';
import type { ContentRecord } from '../../store/content-record.ts';
import { syncFolder } from '../../store/files/durable-files.ts';
import { namesIn } from '../../store/files/names-in.ts';
import type { Entry } from '../../store/keyed-store.ts';
import type { SmallContent } from '../content.ts';
import { MoveError } from '../move-error.ts';
import { decodeEntries, encodeEntries } from './entry-file.ts';
import { readFilePieces, writeHashed } from './hashed-file.ts';
import type { BackupLayout } from './layout.ts';
import type { PackFile } from './manifest.ts';

const NAME = /^([0-9a-f]{64})\.index$/;

/** The name of small content in a pack: its digest, and how it is stored. Names are in the order of their digests. */
export function nameInPack({ content, record }: Pick<SmallContent, 'content' | 'record'>): Buffer {
  const name = Buffer.alloc(33);
  name.write(hexOf(content), 'hex');
  name[32] = encodingByte(record);
  return name;
}

/** Where packs are open side by side; asked for names in their order, it goes through all of them once. */
export class OpenPacks {
  readonly #packs: { readonly name: string; readonly entries: AsyncGenerator<Entry>; entry: Entry | undefined }[] = [];
  readonly #next: (entries: AsyncGenerator<Entry>) => Promise<Entry | undefined>;

  /**
   * Of the packs themselves, one that cannot be read ends where it is damaged: what it lacks may be in another, and is named where it
   * is in none. What the names are for must not be guessed at.
   */
  private constructor(what: 'pack' | 'index') {
    this.#next = what === 'pack' ? nextOrEnd : nextOf;
  }

  /** `what`: the packs themselves, or only the names that are in them. */
  static async open(layout: BackupLayout, names: readonly string[], what: 'pack' | 'index'): Promise<OpenPacks> {
    const opened = new OpenPacks(what);
    for (const name of names) {
      const entries = decodeEntries(readFilePieces(layout[what](name)));
      opened.#packs.push({ name, entries, entry: await opened.#next(entries) });
    }
    return opened;
  }

  /** The value of a name and the pack that has it. */
  async find(name: Uint8Array): Promise<{ readonly pack: string; readonly value: Uint8Array } | undefined> {
    let found: { readonly pack: string; readonly value: Uint8Array } | undefined;
    for (const pack of this.#packs) {
      while (pack.entry !== undefined && Buffer.compare(pack.entry.key, name) < 0)
        pack.entry = await this.#next(pack.entries);
      if (found === undefined && pack.entry !== undefined && Buffer.compare(pack.entry.key, name) === 0) {
        found = { pack: pack.name, value: pack.entry.value };
      }
    }
    return found;
  }

  async close(): Promise<void> {
    await Promise.all(this.#packs.map(({ entries }) => entries.return(undefined)));
  }
}

/** The packs of a folder. One without an index was not finished. */
export async function packsIn(layout: BackupLayout): Promise<string[]> {
  return (await namesIn(layout.small)).flatMap((file) => NAME.exec(file)?.[1] ?? []);
}

/** Makes a pack of what comes in the order of its digests; undefined where nothing does. */
export async function writePack(layout: BackupLayout, entries: AsyncIterable<Entry>): Promise<PackFile | undefined> {
  const temporary = join(layout.small, `.writing-${randomUUID()}`);
  const names = `${temporary}.index`;
  try {
    const { digest, bytes } = await writeHashed(temporary, encodeEntries(entries));
    if (bytes === 0) return undefined;
    const index = await writeHashed(names, encodeEntries(withoutValues(decodeEntries(readFilePieces(temporary)))));
    const name = hexOf(digest);
    await rename(temporary, layout.pack(name));
    // With its index it counts.
    await syncFolder(layout.small);
    await rename(names, layout.index(name));
    await syncFolder(layout.small);
    return { name, bytes, index };
  } finally {
    await rm(temporary, { force: true });
    await rm(names, { force: true });
  }
}

async function* withoutValues(entries: AsyncIterable<Entry>): AsyncGenerator<Entry> {
  for await (const { key } of entries) yield { key, value: Buffer.alloc(0) };
}

function encodingByte({ encoding }: ContentRecord): number {
  return encoding === 'zlib' ? 1 : 0;
}

async function nextOf(entries: AsyncGenerator<Entry>): Promise<Entry | undefined> {
  const { value, done } = await entries.next();
  return done === true ? undefined : value;
}

async function nextOrEnd(entries: AsyncGenerator<Entry>): Promise<Entry | undefined> {
  try {
    return await nextOf(entries);
  } catch (error) {
    if (error instanceof MoveError) return undefined;
    throw error;
  }
}
