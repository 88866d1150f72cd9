import type { Metadata } from '../../definition/metadata/metadata.ts';
import { METADATA_FILES } from '../../definition/metadata/metadata.ts';
import { readMetadata } from '../../definition/metadata/read-metadata.ts';
import type { TreeView } from '../../definition/metadata/tree-view.ts';
import { isVersion } from '../../definition/version-name.ts';
import type { Fault, Kind } from '../../definition/wire.ts';
import { isFamily } from '../../oci/name.ts';
import { ClientError } from '../client-error.ts';
import { parseReference } from '../reference.ts';
import type { AuthorEntry, AuthorRepository } from './author-repository.ts';

/** A folder of the author's that may be published, read but not judged by anybody else yet. */
export interface Candidate {
  /** From the repository's root; empty for the root itself. */
  readonly path: string;
  readonly kind: Kind;
  readonly family: string;
  readonly version: string;
  readonly tree: string;
  readonly entries: readonly AuthorEntry[];
  /** Names that only differ where some systems see no difference. */
  readonly clashes: readonly (readonly [string, string])[];
}

/** Reads what a tree says of itself, and tells of which family and version it is. Throws `bad-definition` with all faults. */
export async function readCandidate(
  repository: AuthorRepository,
  path: string,
  tree: string,
  as: string | undefined,
): Promise<Candidate> {
  const entries = await repository.list(tree);
  const submodules = entries.filter(({ type }) => type === 'commit');
  if (submodules.length > 0) {
    const message = 'a submodule, which no version may hold: its files are those of another repository';
    const faults = submodules.map((entry) => ({ file: entry.path, message }));
    throw invalid(path, faults);
  }
  const metadata = await metadataOf(repository, path, entries);
  const { family, version } = nameOf(path, metadata, as);
  return { path, kind: metadata.kind, family, version, tree, entries, clashes: clashesIn(entries) };
}

async function metadataOf(
  repository: AuthorRepository,
  path: string,
  entries: readonly AuthorEntry[],
): Promise<Metadata> {
  const kinds = (Object.keys(METADATA_FILES) as Kind[]).filter((kind) =>
    entries.some((entry) => entry.path === METADATA_FILES[kind]),
  );
  const [kind] = kinds;
  if (kind === undefined) throw new ClientError('no-definition', noDefinition(path));
  if (kinds.length > 1) {
    throw invalid(path, [
      { file: METADATA_FILES[kinds[1]!], message: 'a definition is of one kind: remove one of the two files' },
    ]);
  }
  const entry = entries.find((one) => one.path === METADATA_FILES[kind])!;
  const bytes = entry.type === 'blob' ? await repository.blob(entry.oid) : Buffer.alloc(0);
  const { metadata, faults } = readMetadata(kind, bytes, new EntryView(entries));
  if (metadata === undefined || faults.length > 0) throw invalid(path, faults);
  return metadata;
}

/** What is said to the command goes before what the metadata says, and that before the folders. */
function nameOf(path: string, metadata: Metadata, as: string | undefined): { family: string; version: string } {
  if (as !== undefined) {
    const { family, ref } = parseReference(as);
    if (!isVersion(ref)) throw noName(`${as} names no version: it ends in @v1.2.0 or the like`);
    return { family, version: ref };
  }
  const parts = path.split('/');
  const last = parts.at(-1) ?? '';
  const folders = isVersion(last) ? { family: parts.slice(0, -1).join('/'), version: last } : undefined;
  if (metadata.version !== undefined && folders !== undefined && metadata.version !== folders.version) {
    throw noName(`${path} lies in ${folders.version}, and its metadata says ${metadata.version}`);
  }
  const family = metadata.family ?? folders?.family;
  const version = metadata.version ?? folders?.version;
  if (family === undefined || family === '' || version === undefined) {
    throw noName(
      `${path === '' ? 'the root' : path} does not say which version it is: name its folder v1.0.0, say family and version in its metadata, or give --as <family>@<version>`,
    );
  }
  if (!isFamily(family)) {
    throw noName(
      `${family} cannot be the name of a family (lower-case letters, digits, . _ - and / between them); say another with --as or in the metadata`,
    );
  }
  return { family, version };
}

class EntryView implements TreeView {
  readonly #kinds: ReadonlyMap<string, ReturnType<TreeView['kindOf']>>;

  constructor(entries: readonly AuthorEntry[]) {
    this.#kinds = new Map(entries.map(({ path, mode }) => [path, KINDS[mode]]));
  }

  kindOf(path: string): ReturnType<TreeView['kindOf']> {
    return this.#kinds.get(path);
  }
}

const KINDS: Readonly<Record<string, ReturnType<TreeView['kindOf']>>> = {
  '040000': 'folder',
  '100644': 'file',
  '100755': 'executable',
  '120000': 'link',
};

/** macOS and Windows take names for the same that differ in case or in how a letter is composed. */
function clashesIn(entries: readonly AuthorEntry[]): (readonly [string, string])[] {
  const seen = new Map<string, string>();
  const clashes: (readonly [string, string])[] = [];
  for (const { path } of entries) {
    const folded = path.normalize('NFC').toLowerCase();
    const other = seen.get(folded);
    if (other === undefined) seen.set(folded, path);
    else clashes.push([other, path]);
  }
  return clashes;
}

function noDefinition(path: string): string {
  const files = Object.values(METADATA_FILES).join(' nor ');
  return `${path === '' ? 'the root' : path} is no definition: it holds neither ${files}`;
}

function noName(message: string): ClientError {
  return new ClientError('no-name', message);
}

function invalid(path: string, faults: readonly Fault[]): ClientError {
  return new ClientError('bad-definition', `${path === '' ? 'the root' : path} has faults`, { about: { faults } });
}
