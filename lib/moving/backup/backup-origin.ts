import type { Located } from '../../store/content-record.ts';
import { FileBlobStore } from '../../store/files/file-blob-store.ts';
import type { ContentRecord } from '../../store/content-record.ts';
import { decodeJson } from '../../store/json-value.ts';
import type { Entry } from '../../store/keyed-store.ts';
import { allContent } from '../../store/key-ranges.ts';
import { contentOfKey, inlineKey } from '../../store/keys.ts';
import type { Origin } from '../origin.ts';
import { decodeEntries } from './entry-file.ts';
import { readFilePieces } from './hashed-file.ts';
import type { BackupFolder, BackupLayout } from './layout.ts';
import type { PackFile } from './manifest.ts';
import { nameInPack, OpenPacks, packsIn } from './packs.ts';

/** A backup as what a store is made of. */
export class BackupOrigin implements Origin {
  readonly #layout: BackupLayout;
  readonly #folder: BackupFolder;
  readonly #packs: readonly PackFile[];

  constructor(layout: BackupLayout, folder: BackupFolder, packs: readonly PackFile[]) {
    this.#layout = layout;
    this.#folder = folder;
    this.#packs = packs;
  }

  names(): AsyncGenerator<Entry> {
    return decodeEntries(readFilePieces(this.#folder.keys));
  }

  async *records(): AsyncGenerator<Entry> {
    for await (const entry of this.names()) {
      if (Buffer.compare(entry.key, allContent.end) >= 0) return;
      if (Buffer.compare(entry.key, allContent.start) >= 0) yield entry;
    }
  }

  async *small(): AsyncGenerator<Entry> {
    const own = this.#packs.map(({ name }) => name);
    // What a pack has lost, a later backup may have written again.
    const others = (await packsIn(this.#layout)).filter((name) => !own.includes(name));
    const packs = await OpenPacks.open(this.#layout, [...own, ...others], 'pack');
    try {
      for await (const { key, value } of this.records()) {
        const record = decodeJson<ContentRecord>(value);
        if (record.place !== 'inline') continue;
        const content = contentOfKey(key);
        const found = await packs.find(nameInPack({ content, record }));
        if (found !== undefined) yield { key: inlineKey(content), value: found.value };
      }
    } finally {
      await packs.close();
    }
  }

  readBlob({ content, encoding }: Located): AsyncIterable<Uint8Array> {
    return FileBlobStore.existing(this.#layout.blobs(encoding)).read(content);
  }
}
