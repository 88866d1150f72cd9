import type { JsonObject, JsonValue } from '../encoding/canonical-json.ts';
import type { Sha256 } from '../encoding/digest.ts';
import type { FileEntry, Kind, PinTarget, Statement } from '../definition/wire.ts';
import type { Findings } from '../scrub/findings.ts';
import type { List } from './list.ts';
import type { Ref } from './objects.ts';
import type { Personal } from '../scrub/scrubber.ts';
import type { Table } from './table.ts';

/**
 * The JSON of a snapshot, all of it canonical (RFC 8785). A field that is added later is optional; one that is taken away
 * or means something else makes a new `format`.
 */

/** The root: its digest is the snapshot's id. It stays small however much is published. */
export interface Root {
  readonly format: 1;
  /** Version of the renderer; the first had none. */
  readonly renderer?: number;
  /** The log that everything was rendered from: so many entries, and the root hash of their tree in base64. */
  readonly log: { readonly size: number; readonly root: string; readonly at?: string };
  readonly runs: { readonly count: number; readonly retracted: number };
  readonly scrubber: {
    readonly version: number;
    readonly also: readonly Personal[];
    readonly found: Findings;
    /** By path of document, what was found in it. */
    readonly documents: Table;
  };
  readonly paths: {
    /** By family: its document. */
    readonly families: Table;
    /** By run id: the run's number, which says in which page it is and where. */
    readonly ids: Table;
    /** Pages of runs, the oldest first, PAGE_RUNS to a page. */
    readonly pages: List;
    readonly log: LogPaths;
  };
}

export interface LogPaths {
  /** Pieces of CHUNK_ENTRIES entries; so many behind one another as fill it are an entry bundle of tlog-tiles. */
  readonly entries: List;
  /** By level: its tiles. */
  readonly tiles: readonly List[];
}

/** A body as it is shown, or why it is not. */
export type Shown =
  | { readonly digest: Sha256; readonly state: 'shown'; readonly body: JsonObject; readonly scrubbed?: Findings }
  | { readonly digest: Sha256; readonly state: 'erased' | 'unreadable' };

/** Bytes as they are shown, or why they are not. Where something was scrubbed, the digest is no longer that of the bytes. */
export type Content =
  | { readonly state: 'shown'; readonly object: Ref }
  | { readonly state: 'scrubbed'; readonly object: Ref; readonly scrubbed: Findings }
  | { readonly state: 'erased' | 'withheld' };

export interface RunPage {
  readonly runs: readonly RunSummary[];
}

export interface RunSummary {
  readonly id: string;
  readonly number: number;
  /** Of the entry that published it. */
  readonly index: number;
  readonly at: string;
  readonly document: Ref;
  /** All that is said of a run that was retracted. */
  readonly retracted?: { readonly at: string; readonly reason: string };
  readonly erased?: true;
  readonly definition?: { readonly family: string; readonly version: string };
  readonly status?: string;
  /** Of the record: subject, times and metrics. What made the summary too long is left out, and `cut` is set. */
  readonly variant?: string;
  readonly harness?: JsonValue;
  readonly orchestrator?: string;
  readonly model?: string;
  readonly startedAt?: string;
  readonly endedAt?: string;
  readonly metrics?: JsonValue;
  readonly reviews?: readonly { readonly reviewer: string; readonly ratings?: JsonValue }[];
  readonly amendments?: number;
  readonly cut?: true;
}

/** What an entry of the log said, and when. */
export interface Said {
  readonly index: number;
  readonly at: string;
  readonly by?: string;
}

export interface RunDocument {
  readonly format: 1;
  readonly id: string;
  readonly number: number;
  /** Every entry of the log about the run. */
  readonly events: readonly number[];
  readonly published: Said;
  /** Set where the run was retracted; then nothing below is. */
  readonly retracted?: Said & { readonly reason: string };
  /** Set where its bodies were erased: they cannot be had from anybody. Such a run is `retracted` as well. */
  readonly erased?: Said & { readonly reason: string };
  /** After all amendments, as is the status. */
  readonly definition?: RunDefinition;
  readonly status?: string;
  /** The newest. */
  readonly record?: Shown;
  /** The oldest first. */
  readonly amended?: readonly Amended[];
  /** In the order of their first coming; of each, the oldest first. */
  readonly reviews?: readonly { readonly reviewer: string; readonly history: readonly ReviewState[] }[];
  readonly media?: readonly MediaItem[];
  /** In all of the document, media as well. */
  readonly scrubbed?: Findings;
}

export interface RunDefinition {
  readonly family: string;
  readonly version: string;
  readonly digest: Sha256;
}

export type Amended = Said & {
  readonly record: Sha256;
  readonly supersedes: Sha256;
  readonly reason: string;
  /** Where it changed what the run says of itself in lists. */
  readonly status?: { readonly from: string; readonly to: string };
  readonly definition?: { readonly from: RunDefinition; readonly to: RunDefinition };
};

export type ReviewState = Said & { readonly note?: string; readonly supersedes?: Sha256; readonly review: Shown };

export interface MediaItem {
  readonly name: string;
  readonly mediaType: string;
  readonly digest: Sha256;
  readonly content: Content;
}

export interface FamilyDocument {
  readonly format: 1;
  readonly family: string;
  readonly events: readonly number[];
  /** In the order of the log. */
  readonly versions: readonly VersionState[];
  /** In ASCII order. `current` is null where a pin was removed. */
  readonly pins: readonly {
    readonly pin: string;
    readonly current: PinTarget | null;
    readonly history: readonly PinState[];
  }[];
  /** Versions that published runs name, whether or not the log has them yet; in ASCII order. */
  readonly named: readonly string[];
  readonly scrubbed?: Findings;
}

export interface VersionState extends Said {
  readonly version: string;
  readonly kind: Kind;
  readonly digest: Sha256;
  readonly tree: string;
  readonly commit: string;
  readonly layer: Sha256;
  readonly config: Sha256;
  readonly image?: Sha256;
  readonly statements?: readonly (Said & { readonly kind: Statement['kind']; readonly text: string })[];
  /** The reason, while it is retired. */
  readonly retired?: string;
  /** Set where it was removed: nothing of it can be had any more. */
  readonly removed?: Said & { readonly reason: string };
  /** Of a version that a published run names. */
  readonly document?: Ref;
}

export type PinState = Said & {
  readonly from: PinTarget | null;
  readonly to: PinTarget | null;
  readonly note?: string;
};

export interface VersionDocument {
  readonly format: 1;
  readonly family: string;
  readonly version: string;
  readonly kind: Kind;
  readonly digest: Sha256;
  readonly config: Shown;
  /** Prompt, description and changelog, wherever the metadata has them. Markdown stays as it was written. */
  readonly texts: Readonly<Record<string, VersionText>>;
  /** In the order of the tree, PAGE_FILES to a page; absent where the version was erased. */
  readonly files?: { readonly count: number; readonly pages: List };
  readonly scrubbed?: Findings;
}

export type VersionText = { readonly text: string } | { readonly path: string; readonly content: Content };

export interface FilePage {
  readonly files: readonly ShownFile[];
}

export interface ShownFile extends FileEntry {
  /** Of a link, there is none. */
  readonly content?: Content;
  /** What was taken out of a link's target. */
  readonly scrubbed?: Findings;
}
