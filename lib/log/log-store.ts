import { entriesOf, type KeyedStore } from '../store/keyed-store.ts';
import { logEntryKey, logHeadKey, logKeysKey } from '../store/keys.ts';
import type { Appending, PlacedEntry } from './appending.ts';
import { checkpointText, openCheckpoint, type TreeHead } from './checkpoint.ts';
import { parseEntry } from './entry-bytes.ts';
import { encodeHead, firstHead, type Head } from './head.ts';
import { encodeLogKeys, readLogKeys, type LogKeys } from './log-keys.ts';
import { INCLUSION_FORMAT, type InclusionFile } from './inclusion-file.ts';
import type { LogSigner } from './log-signer.ts';
import { LogError } from './log-error.ts';
import { consistencyProof, inclusionProof, rootAt } from './proof.ts';
import { checkKey, readHead, Sequencer } from './sequencer.ts';
import { TILE_WIDTH } from './tile.ts';
import { readBundle, readTile } from './tiles.ts';
import { formatVerifierKey, type VerifierKey } from './verifier-key.ts';

export interface LogOptions {
  readonly now: () => number;
  readonly signer: LogSigner;
}

/** The public log: entries in one order, under a tree whose root is signed (docs/decisions/log.md). */
export class Log {
  readonly #keys: KeyedStore;
  readonly #signer: LogSigner;
  readonly #sequencer: Sequencer;
  #signed: { readonly root: Buffer; readonly size: number; readonly text: string } | undefined;

  private constructor(keys: KeyedStore, { now, signer }: LogOptions) {
    this.#keys = keys;
    this.#signer = signer;
    this.#sequencer = new Sequencer({ keys, now, key: signer.verifier.hash });
  }

  /** Reads the head and nothing else. Rejects with code `key-other` where the log is signed with another key. */
  static async open(keys: KeyedStore, options: LogOptions): Promise<Log> {
    const { hash } = options.signer.verifier;
    if ((await keys.get(logHeadKey)) === undefined) {
      const listed = { signs: formatVerifierKey(options.signer.verifier), before: [] };
      const puts = [
        { key: logHeadKey, value: encodeHead(firstHead(hash)) },
        { key: logKeysKey, value: encodeLogKeys(listed) },
      ];
      await keys.commit({ checks: [{ key: logHeadKey, value: undefined }], puts });
    }
    checkKey(await readHead(keys), hash);
    return new Log(keys, options);
  }

  /** Resolves when the entry, and all that the plan makes true with it, is durable. Those who append at once share one commit. */
  append<T>(prepare: Appending<T>): Promise<T> {
    return this.#sequencer.append(prepare);
  }

  /** Resolves when every event that was committed before the call is in the log. */
  flush(): Promise<void> {
    return this.#sequencer.append(() => Promise.resolve({ result: () => undefined }));
  }

  /** Resolves when all that was asked for is answered. */
  close(): Promise<void> {
    return this.#sequencer.idle();
  }

  async size(): Promise<number> {
    return (await this.head()).size;
  }

  async head(): Promise<TreeHead> {
    const { frontier, root } = await this.#head();
    return { size: frontier.size, root };
  }

  /** The bytes of an entry; undefined where the log is not that long. */
  async entry(index: number): Promise<Buffer | undefined> {
    const value = await this.#keys.get(logEntryKey(index));
    return value === undefined ? undefined : Buffer.from(value);
  }

  /** From one index (included) to another (not included), or to the end. */
  async *entries(from = 0, to = Number.MAX_SAFE_INTEGER): AsyncGenerator<PlacedEntry> {
    let index = from;
    const range = { start: logEntryKey(from), end: logEntryKey(to) };
    for await (const { value } of entriesOf(this.#keys, range)) {
      const bytes = Buffer.from(value);
      yield { index, bytes, entry: parseEntry(bytes) };
      index += 1;
    }
  }

  /** The signed head, as it is now. */
  async checkpoint(): Promise<string> {
    const head = await this.#head();
    const { size } = head.frontier;
    if (this.#signed?.size !== size || !this.#signed.root.equals(head.root)) {
      const { root } = head;
      const text = this.#signer.sign(checkpointText({ origin: this.#signer.verifier.name, size, root }));
      this.#signed = { root, size, text };
    }
    return this.#signed.text;
  }

  /** The head of an earlier size, signed with the key of today. Its root is made of tiles, which were kept then. */
  async checkpointAt(size: number): Promise<string> {
    await this.#checkSize(size);
    const root = await rootAt((...tile) => readTile(this.#keys, ...tile), size);
    return this.#signer.sign(checkpointText({ origin: this.#signer.verifier.name, size, root }));
  }

  /** `level` as in C2SP tlog-tiles, or `entries`. Rejects with code `tile-unknown` where the log is not that far. */
  tile(level: number | 'entries', index: number, width = TILE_WIDTH): Promise<Buffer> {
    return level === 'entries' ? readBundle(this.#keys, index, width) : readTile(this.#keys, level, index, width);
  }

  /** An entry with the proof that the log holds it, as it is now. */
  async prove(index: number): Promise<InclusionFile> {
    const checkpoint = await this.checkpoint();
    const { size } = openCheckpoint(checkpoint, this.verifier);
    const proof = await this.inclusion(index, size);
    const entry = await this.entry(index);
    if (entry === undefined) throw new LogError('index-unknown', `the log has no entry ${index}`);
    return {
      format: INCLUSION_FORMAT,
      index,
      entry: entry.toString('utf8'),
      proof: proof.map((hash) => hash.toString('base64')),
      checkpoint,
      verifier: formatVerifierKey(this.verifier),
    };
  }

  /** That an entry is in the tree of that size. */
  async inclusion(index: number, size: number): Promise<Buffer[]> {
    await this.#checkSize(size);
    return inclusionProof((...tile) => readTile(this.#keys, ...tile), index, size);
  }

  /** That the tree of one size is the beginning of the tree of another. */
  async consistency(from: number, to: number): Promise<Buffer[]> {
    await this.#checkSize(to);
    return consistencyProof((...tile) => readTile(this.#keys, ...tile), from, to);
  }

  /** The key that checkpoints are signed with, as whoever checks them needs it. */
  get verifier(): VerifierKey {
    return this.#signer.verifier;
  }

  /** That key, and those that signed before it. */
  listKeys(): Promise<LogKeys> {
    return readLogKeys(this.#keys);
  }

  async #head(): Promise<Head> {
    const head = await readHead(this.#keys);
    checkKey(head, this.#signer.verifier.hash);
    return head;
  }

  async #checkSize(size: number): Promise<void> {
    const now = await this.size();
    if (size > now) throw new LogError('index-unknown', `the log has ${now} entries, and not ${size}`);
  }
}
