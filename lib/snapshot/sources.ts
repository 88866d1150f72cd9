import type { Sha256 } from '../encoding/digest.ts';
import type { FileEntry } from '../definition/wire.ts';
import type { DefinitionFact } from '../log/entry.ts';
import type { Findings } from '../scrub/findings.ts';

/** The log that a snapshot is rendered from. */
export interface LogSource {
  /** Bytes of the entries from `from` up to, and without, `to`; fewer where the log ends before. */
  entries(from: number, to: number): AsyncIterable<Uint8Array>;
}

/** On whose behalf bytes are asked for. A store needs no more than the digest; a snapshot looks into its owner's document. */
export type Owner = { readonly run: string } | { readonly family: string; readonly version: string };

export interface Body {
  readonly size: number;
  /** Once. */
  read(): AsyncIterable<Uint8Array>;
  /** Set where a snapshot is the source, and the bytes are what was left of others: what was found in those. */
  readonly scrubbed?: Findings;
  /** Set where a snapshot is the source, and the bytes were kept back: there is nothing to read. */
  readonly withheld?: true;
}

/** Records, reviews, media, metadata and files, by the digests that log, records and listings name. */
export interface BodySource {
  /** Undefined where it was erased. */
  open(digest: Sha256, owner: Owner): Promise<Body | undefined>;
}

export interface ListedFile extends FileEntry {
  /** Set where a snapshot is the source, and a link's target is what was left of another: what was found in that. */
  readonly scrubbed?: Findings;
}

/** Which files a version has. */
export interface FileSource {
  /** In the order of its tree; undefined where it was erased. */
  list(definition: DefinitionFact): Promise<readonly ListedFile[] | undefined>;
}

export interface Sources {
  readonly log: LogSource;
  readonly bodies: BodySource;
  readonly files: FileSource;
}
