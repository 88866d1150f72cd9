import type { Sha256 } from '../../encoding/digest.ts';
import { FileBlobStore } from '../../store/files/file-blob-store.ts';
import { StoreError } from '../../store/store-error.ts';
import { isContent, verified } from '../../store/verified.ts';
import type { Located } from '../../store/content-record.ts';
import { blobsOf, MISSING, smallOf, WRONG } from '../content.ts';
import type { OnProgress } from '../fill.ts';
import { eachAtOnce } from '../../encoding/each-at-once.ts';
import { BackupOrigin } from './backup-origin.ts';
import { isAsWritten } from './hashed-file.ts';
import type { BackupLayout } from './layout.ts';
import type { Manifest } from './manifest.ts';
import { MoveError } from '../move-error.ts';
import { hexOf } from '../../encoding/digest.ts';

const BLOBS_AT_ONCE = 4;

/** Something of a backup that is not what was written. `known`: it was lost before the backup was made. */
export interface BackupFault {
  readonly backup: string;
  readonly name: string;
  readonly what: string;
  readonly known: boolean;
}

export interface VerifyOptions {
  readonly breathe: () => Promise<void> | undefined;
  readonly onProgress?: OnProgress | undefined;
  readonly onFault: (fault: BackupFault) => void;
}

/** What was read once need not be read again for another backup of the same folder. */
export class BackupVerifier {
  readonly #layout: BackupLayout;
  readonly #options: VerifyOptions;
  readonly #blobs = new Map<string, string | undefined>();
  readonly #packs = new Map<string, boolean>();

  constructor(layout: BackupLayout, options: VerifyOptions) {
    this.#layout = layout;
    this.#options = options;
  }

  /** Reads every byte that the backup needs, and compares it with its digest. */
  async verify(manifest: Manifest): Promise<void> {
    const { onFault } = this.#options;
    const { name: backup, keys, packs, damaged } = manifest;
    const known = new Set(damaged.map(({ content }) => content));
    const tell = (name: string, what: string): void =>
      onFault({ backup, name, what, known: known.has(name as Sha256) });
    const folder = this.#layout.backup(backup);
    if (!(await isAsWritten(folder.keys, keys))) {
      tell('keys', 'the file is not what was written');
      return;
    }
    for (const pack of packs) {
      if (!(await this.#isWhole(pack))) tell(`small/${pack.name}.pack`, 'the file is not what was written');
    }
    const origin = new BackupOrigin(this.#layout, folder, packs);
    try {
      await this.#verifySmall(origin, tell);
    } catch (error) {
      if (!(error instanceof MoveError)) throw error;
      tell('small', error.message);
    }
    await this.#verifyBlobs(origin, tell);
  }

  async #isWhole({ name, bytes, index }: Manifest['packs'][number]): Promise<boolean> {
    const before = this.#packs.get(name);
    if (before !== undefined) return before;
    const isWhole =
      (await isAsWritten(this.#layout.index(name), index)) &&
      (await isAsWritten(this.#layout.pack(name), { digest: `sha256:${name}`, bytes }));
    this.#packs.set(name, isWhole);
    return isWhole;
  }

  async #verifySmall(origin: BackupOrigin, tell: (name: string, what: string) => void): Promise<void> {
    const { breathe, onProgress } = this.#options;
    let done = 0;
    for await (const { content, record, value } of smallOf(origin)) {
      await breathe();
      done += 1;
      onProgress?.('small content', done, undefined);
      if (value === undefined) tell(content, MISSING);
      else if (!isContent(content, value, record)) tell(content, WRONG);
    }
  }

  async #verifyBlobs(origin: BackupOrigin, tell: (name: string, what: string) => void): Promise<void> {
    const { breathe, onProgress } = this.#options;
    let done = 0;
    await eachAtOnce(BLOBS_AT_ONCE, blobsOf(origin), async (located) => {
      await breathe();
      const what = await this.#wrongWithBlob(located);
      done += 1;
      onProgress?.('blobs', done, undefined);
      if (what !== undefined) tell(located.content, what);
    });
  }

  async #wrongWithBlob(located: Located): Promise<string | undefined> {
    const name = `${located.encoding ?? 'raw'} ${hexOf(located.content)}`;
    if (!this.#blobs.has(name)) this.#blobs.set(name, await this.#readBlob(located));
    return this.#blobs.get(name);
  }

  async #readBlob(located: Located): Promise<string | undefined> {
    const store = FileBlobStore.existing(this.#layout.blobs(located.encoding));
    try {
      for await (const _piece of verified(store.read(located.content), located)) await this.#options.breathe();
      return undefined;
    } catch (error) {
      if (error instanceof StoreError && error.code === 'missing') return MISSING;
      if (error instanceof StoreError && error.code === 'damaged') return WRONG;
      throw error;
    }
  }
}
