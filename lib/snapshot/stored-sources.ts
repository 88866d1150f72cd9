import type { Files } from '../definition/files.ts';
import type { FileEntry } from '../definition/wire.ts';
import type { Sha256 } from '../encoding/digest.ts';
import { GitError } from '../git/error.ts';
import type { DefinitionFact } from '../log/entry.ts';
import { locatedBy, type ContentRecord } from '../store/content-record.ts';
import type { ContentStore } from '../store/content-store.ts';
import { decodeJson } from '../store/json-value.ts';
import { entriesOf, type KeyedStore } from '../store/keyed-store.ts';
import { contentKey, logEntryKey } from '../store/keys.ts';
import type { Body, BodySource, FileSource, LogSource, Sources } from './sources.ts';

export interface SourceStores {
  readonly keys: KeyedStore;
  readonly content: ContentStore;
  readonly files: Files;
}

/** What a server keeps, as the source of a render. Nothing is changed, and no key of the log is needed. */
export class StoredSources implements LogSource, BodySource, FileSource, Sources {
  readonly log = this;
  readonly bodies = this;
  readonly files = this;
  readonly #stores: SourceStores;

  constructor(stores: SourceStores) {
    this.#stores = stores;
  }

  async *entries(from: number, to: number): AsyncGenerator<Uint8Array> {
    if (from >= to) return;
    const range = { start: logEntryKey(from), end: logEntryKey(to) };
    for await (const { value } of entriesOf(this.#stores.keys, range)) yield Buffer.from(value);
  }

  async open(digest: Sha256): Promise<Body | undefined> {
    const { keys, content } = this.#stores;
    const value = await keys.get(contentKey(digest));
    const record = value === undefined ? undefined : decodeJson<ContentRecord>(value);
    if (record === undefined || record.state === 'deleting') return undefined;
    const located = locatedBy(digest, record);
    return { size: located.size, read: () => (content.isSmall(located) ? inline() : content.read(located)) };

    async function* inline(): AsyncGenerator<Uint8Array> {
      yield await content.inlineBytes(digest, located);
    }
  }

  async list({ family, tree, layer }: DefinitionFact): Promise<readonly FileEntry[] | undefined> {
    try {
      // How large the layer is plays no part in which files there are.
      return (await this.#stores.files.list({ family, tree, layer: { digest: layer, size: 0 } })).files;
    } catch (error) {
      if (error instanceof GitError && error.code === 'object-missing') return undefined;
      throw error;
    }
  }
}
