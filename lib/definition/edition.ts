import { canonicalJson } from '../encoding/canonical-json.ts';
import { sha256, type Sha256 } from '../encoding/digest.ts';
import type { TarEntry } from '../encoding/tar-header.ts';
import type { Breather } from '../git/breather.ts';
import { readContent } from '../git/object-content.ts';
import type { ObjectSource } from '../git/object-source.ts';
import type { Oid } from '../git/oid.ts';
import { parseTree } from '../git/tree.ts';
import { tarEntries } from '../git/tree-tar.ts';
import { secretsIn, withoutSecrets } from '../scrub/secrets-in.ts';
import type { Remembering } from './blob-memory.ts';
import { DefinitionError } from './definition-error.ts';
import { hashLayer } from './layer.ts';
import { definitionManifest } from './manifest-bytes.ts';
import { METADATA_FILES } from './metadata/metadata.ts';
import { readMetadata } from './metadata/read-metadata.ts';
import type { Metadata } from './metadata/metadata.ts';
import { TarTreeView } from './tar-tree-view.ts';
import type { Fault, Kind, Part } from './wire.ts';

/** So many files are still listed and indexed at once. */
const MAX_PATHS = 250_000;
const LONGEST_TARGET = 4096;
const MOST_TOLD = 100;

/** Bytes with their digest. */
export interface Bytes extends Part {
  readonly bytes: Buffer;
}

/** A version that is not published yet: everything that follows from its tree, its family and its name. */
export interface Edition {
  readonly family: string;
  readonly version: string;
  readonly kind: Kind;
  readonly tree: Oid;
  readonly files: number;
  readonly metadata: Metadata;
  readonly layer: Part;
  readonly config: Bytes;
  readonly manifest: Bytes;
}

export interface EditionTools {
  readonly memory: Remembering;
  readonly breather: Breather;
}

/** The kind of definition that a tree is, told by its metadata file; undefined where it is none. */
export async function kindOfTree(source: ObjectSource, tree: Oid): Promise<Kind | undefined> {
  const names = new Set(parseTree((await readContent(source, tree)).content).map(({ name }) => name));
  const kinds = (Object.keys(METADATA_FILES) as Kind[]).filter((kind) => names.has(METADATA_FILES[kind]));
  if (kinds.length < 2) return kinds[0];
  const message = 'there are both test-case.toml and container.toml; a version is of one kind';
  throw invalid([{ file: METADATA_FILES[kinds[1]!], message }]);
}

/**
 * Judges a tree and makes of it what a version consists of. Everything below the tree has passed the checker of objects.
 * Throws `definition-invalid` with every fault.
 */
export async function prepareEdition(
  family: string,
  version: string,
  tree: Oid,
  source: ObjectSource,
  { memory, breather }: EditionTools,
): Promise<Edition> {
  return memory.during(source, (remembering) => prepare(family, version, tree, remembering, breather));
}

async function prepare(
  family: string,
  version: string,
  tree: Oid,
  source: ObjectSource,
  breather: Breather,
): Promise<Edition> {
  const kind = await kindOfTree(source, tree);
  if (kind === undefined) throw invalid([{ file: '', message: noMetadata() }]);
  const entries = await tarEntries(source, tree, { maxPaths: MAX_PATHS, refuseEmptyFolders: true });
  const metadata = await judge(kind, entries, source, breather);
  const layer = await hashLayer(entries, source, breather);
  const config = withDigest(canonicalJson(metadata.config));
  const manifest = withDigest(definitionManifest({ family, version, kind, tree, name: metadata.name, layer, config }));
  const files = entries.reduce((count, entry) => count + (entry.kind === 'folder' ? 0 : 1), 0);
  return { family, version, kind, tree, files, metadata, layer, config, manifest };
}

async function judge(
  kind: Kind,
  entries: readonly TarEntry[],
  source: ObjectSource,
  breather: Breather,
): Promise<Metadata> {
  const file = METADATA_FILES[kind];
  const entry = entries.find(({ path }) => path === file);
  if (entry === undefined || (entry.kind !== 'file' && entry.kind !== 'executable')) {
    throw invalid([{ file, message: 'this must be a file' }]);
  }
  const { content } = await readContent(source, entry.oid);
  const { metadata, faults } = readMetadata(kind, content, new TarTreeView(entries));
  const all = [...faults, ...linkFaults(entries), ...(await secretFaults(entries, breather))];
  if (metadata === undefined || all.length > 0) throw invalid(all);
  return metadata;
}

/** A listing in JSON holds the targets of links as text. */
function linkFaults(entries: readonly TarEntry[]): Fault[] {
  return entries.flatMap((entry) => {
    if (entry.kind !== 'link') return [];
    const target = Buffer.from(entry.target);
    const isText = target.equals(Buffer.from(target.toString('utf8'))) && !target.includes(0);
    if (isText && target.length > 0 && target.length <= LONGEST_TARGET) return [];
    const message = `a link whose target is no path: UTF-8 of at most ${LONGEST_TARGET} bytes`;
    return [{ file: entry.path, message }];
  });
}

/** A snapshot shows paths as they are: without its secret, a file would be another one. */
async function secretFaults(entries: readonly TarEntry[], breather: Breather): Promise<Fault[]> {
  const faults: Fault[] = [];
  for (const { kind, path } of entries) {
    if (faults.length === MOST_TOLD) break;
    if (breather.due()) await breather.rest();
    const kinds = kind === 'folder' ? [] : secretsIn(path);
    if (kinds.length === 0) continue;
    const message = `the path holds what looks like a secret (${kinds.join(', ')}), and paths are public; name it otherwise`;
    faults.push({ file: withoutSecrets(path), message });
  }
  return faults;
}

export function withDigest(bytes: Buffer): Bytes {
  return { bytes, digest: sha256(bytes) satisfies Sha256, size: bytes.length };
}

function noMetadata(): string {
  return `there is neither ${METADATA_FILES['test-case']} nor ${METADATA_FILES.container} at its root`;
}

function invalid(faults: readonly Fault[]): DefinitionError {
  const [first] = faults;
  const others = faults.length > 1 ? ` (and ${faults.length - 1} more)` : '';
  const what = first === undefined ? 'the definition is invalid' : faultText(first);
  return new DefinitionError('definition-invalid', `${what}${others}`, { faults });
}

/** `test-case.toml:12: limits.timeout: what is wrong` */
export function faultText({ file, line, key, message }: Fault): string {
  const place = line === undefined ? file : `${file}:${line}`;
  return [place, key, message].filter((part) => part !== undefined && part !== '').join(': ');
}
