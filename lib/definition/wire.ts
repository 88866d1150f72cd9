import type { Sha256 } from '../encoding/digest.ts';

/**
 * The JSON of /api/v1 that tells of definitions, as the server writes it and the client reads it. A field that is added
 * later is optional; none is ever taken away or changed.
 */
export type Kind = 'test-case' | 'container';

/** Where a version was published from, as its publisher says. */
export interface Source {
  /** Address of the author's repository, without any password. */
  readonly repository?: string;
  readonly commit?: string;
  /** The version's folder in that repository. */
  readonly path?: string;
  /** The folder was published as it lay there, with changes that no commit has. */
  readonly worktree?: true;
}

/** Who did something: the address that the request came from, and the name that the client gave, which nobody checks. */
export interface Actor {
  readonly address: string;
  readonly name?: string;
}

/** Content of a version, as its OCI manifest names it. */
export interface Part {
  readonly digest: Sha256;
  readonly size: number;
}

/** One version of a family. All but `pins` and `statements` never changes. */
export interface Version {
  readonly family: string;
  readonly version: string;
  readonly kind: Kind;
  /** Of the OCI manifest, or index, that is this version: its one name. */
  readonly digest: Sha256;
  /** Git object ids. */
  readonly tree: string;
  readonly commit: string;
  /** Canonical tar of the tree. */
  readonly layer: Part;
  /** Metadata as canonical JSON. */
  readonly config: Part;
  /** Of the image that a container was published with. */
  readonly image?: Sha256;
  /** From the metadata, for lists. */
  readonly name?: string;
  readonly files: number;
  readonly published: { readonly at: string; readonly by: Actor; readonly with: 'publish' | 'git push' };
  readonly source: Source;
  /** Pins that stand at this version now. */
  readonly pins: readonly string[];
  readonly statements: readonly Statement[];
  /** Set while the version is retired: the reason. */
  readonly retired?: string;
}

/** What is said of a version after it was published. Nothing of the version changes by it. */
export interface Statement {
  readonly kind: 'erratum' | 'retired' | 'restored';
  readonly text: string;
  readonly at: string;
  readonly by: Actor;
}

export interface VersionPage {
  readonly versions: readonly Version[];
  /** What to give as `last` for the next page; absent where this is the last. */
  readonly next?: string;
}

/** A family that something was published to, or that is used as a plain repository (then without a kind). */
export interface Family {
  readonly family: string;
  readonly kind?: Kind;
  /** The newest version that is not retired, releases before prereleases. */
  readonly latest?: string;
  readonly versions: number;
  readonly pins: Readonly<Record<string, string>>;
}

export interface FamilyPage {
  readonly families: readonly Family[];
  readonly next?: string;
}

/** A file of a version. Folders are not listed: each holds a file at some depth. */
export interface FileEntry {
  /** From the version's root, `/` between its parts, UTF-8. */
  readonly path: string;
  readonly kind: 'file' | 'executable' | 'link';
  readonly size: number;
  /** Git object id of the content. */
  readonly oid: string;
  /** Of the bare content; of a link, of its target. */
  readonly digest: Sha256;
  /** Where a link points to. */
  readonly target?: string;
}

/** All files of a version, in the order of its tree. */
export interface FileListing {
  readonly tree: string;
  readonly layer: Part;
  readonly files: readonly FileEntry[];
}

/** A pin: an operator's name for one version of a family. */
export interface Pin {
  readonly family: string;
  readonly pin: string;
  readonly version: string;
  readonly digest: Sha256;
  readonly at: string;
  readonly by: Actor;
}

/** One move of a pin. */
export interface PinMove {
  readonly at: string;
  readonly by: Actor;
  readonly from: PinTarget | null;
  readonly to: PinTarget | null;
  readonly note?: string;
}

export interface PinTarget {
  readonly version: string;
  readonly digest: Sha256;
}

/** A pin with how it got there, the newest move first. `current` is null where it was removed. */
export interface PinHistory {
  readonly family: string;
  readonly pin: string;
  readonly current: PinTarget | null;
  readonly history: readonly PinMove[];
}

export interface PinRequest {
  /** A version, a digest, or another pin. */
  readonly to: string;
  /** The digest at which the pin must stand now; null: it must not be there. Left out: wherever it stands. */
  readonly expect?: string | null;
  readonly note?: string;
}

/** One thing that happened in a family. */
export type FamilyEvent = { readonly number: number; readonly at: string; readonly by: Actor } & (
  | { readonly what: 'published'; readonly version: string; readonly digest: Sha256; readonly tree: string }
  | {
      readonly what: 'pinned';
      readonly pin: string;
      readonly from: PinTarget | null;
      readonly to: PinTarget | null;
      readonly note?: string;
    }
  | { readonly what: Statement['kind']; readonly version: string; readonly text: string }
  | { readonly what: 'removed'; readonly version: string; readonly digest: Sha256; readonly reason: string }
);

/** The newest first. */
export interface EventPage {
  readonly events: readonly FamilyEvent[];
  readonly next?: string;
}

/** What differs between two trees; a list that is too long is cut, the counts are of all. */
export interface TreeDifference {
  readonly added: number;
  readonly removed: number;
  readonly changed: number;
  readonly paths: readonly ChangedPath[];
  readonly cut?: true;
}

export interface ChangedPath {
  readonly path: string;
  readonly change: 'added' | 'removed' | 'changed';
  readonly from?: PathState;
  readonly to?: PathState;
}

export interface PathState {
  readonly kind: 'file' | 'executable' | 'link';
  readonly size: number;
  readonly oid: string;
}

/** The first line of a publish; behind it, up to the end of the body, a Git pack of the objects that were missing. */
export interface PublishRequest {
  /** Git object id of the tree that is to be the version. */
  readonly tree: string;
  readonly source: Source;
  /** Author of the commit, `Name <email> <seconds> <zone>` as Git writes it: of the source commit. */
  readonly author: string;
  /** Digest of a manifest or index that was pushed to the family: the image of a container. */
  readonly image?: string;
}

export interface Published {
  readonly outcome: 'published' | 'unchanged';
  readonly version: Version;
}

/** What is wrong with a definition, and where. */
export interface Fault {
  /** From the version's root. */
  readonly file: string;
  /** From 1. */
  readonly line?: number;
  readonly column?: number;
  /** Path of the key in the metadata: `variants[2].prompt`. */
  readonly key?: string;
  readonly message: string;
}

/** Which versions of a family stay beside those that always do. One rule at least is given. */
export interface RetentionRules {
  /** So many that were published last. */
  readonly keepLast?: number;
  /** Those that were published within so many seconds. */
  readonly keepYoungerThan?: number;
}

export interface RetentionRequest extends RetentionRules {
  /** Otherwise it is only told what would go. */
  readonly apply?: boolean;
}

/** What retention makes of a version. */
export interface RetainedVersion {
  readonly version: string;
  readonly digest: Sha256;
  readonly publishedAt: string;
  readonly action: 'kept' | 'removed';
  /** Why it stays. */
  readonly why: readonly string[];
  /** Its commit is behind others that stay, and so are its files in the family's Git repository. */
  readonly inHistory?: true;
}

export interface RetentionReport {
  readonly family: string;
  /** False where nothing was changed: what is removed would be. */
  readonly applied: boolean;
  /** What was published last comes first. */
  readonly versions: readonly RetainedVersion[];
}
