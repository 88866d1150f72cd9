import type { FileEntry, FileListing, Version } from '../../lib/definition/wire.ts';
import { canonicalTar } from '../../lib/encoding/canonical-tar.ts';
import { sha256, type Sha256 } from '../../lib/encoding/digest.ts';
import type { TarEntry } from '../../lib/encoding/tar-header.ts';
import { hashObject, type Oid } from '../../lib/git/oid.ts';
import { encodeTree, parseTree, type TreeEntry } from '../../lib/git/tree.ts';

/** A file by its text or bytes, an executable, or a link. */
export type SampleFile = string | Buffer | { readonly run: string } | { readonly link: string };
export type SampleFiles = Readonly<Record<string, SampleFile>>;

/** A version with all that a server has of it. */
export interface SampleDefinition {
  readonly version: Version;
  readonly manifest: Buffer;
  /** Where the version is an index: the definition's own manifest. */
  readonly inner?: Buffer;
  readonly config: Buffer;
  readonly listing: FileListing;
  readonly tar: Buffer;
  readonly content: ReadonlyMap<string, Buffer>;
}

export interface SampleOptions {
  readonly family?: string;
  readonly version?: string;
  readonly kind?: 'test-case' | 'container';
  /** Its manifest says neither family nor version nor tree. */
  readonly unnamed?: boolean;
  /** A container with an image is an index. */
  readonly withImage?: boolean;
}

export async function sampleDefinition(files: SampleFiles, options: SampleOptions = {}): Promise<SampleDefinition> {
  const { family = 'test-cases/carom', version = 'v1.0.0', kind = 'test-case' } = options;
  const content = new Map(Object.entries(files).map(([path, file]) => [path, bytesOf(file)]));
  const walked: Walked = { entries: [], files: [] };
  const tree = walk(files, '', walked);
  const tar = Buffer.concat(await pieces(canonicalTar(walked.entries, ({ path }) => content.get(path)!)));
  const layer = { digest: sha256(tar), size: tar.length };
  const config = Buffer.from(JSON.stringify({ name: family, version }));
  const names = options.unnamed === true ? {} : namesOf(family, version, tree);
  const own = manifestOf(kind, config, layer, names);
  const index = options.withImage === true ? indexOf(own, names) : undefined;
  const manifest = index ?? own;
  return {
    manifest,
    ...(index === undefined ? {} : { inner: own }),
    config,
    listing: { tree, layer, files: walked.files },
    tar,
    content,
    version: {
      family,
      version,
      kind,
      digest: sha256(manifest),
      tree,
      commit: '1'.repeat(40),
      layer,
      config: { digest: sha256(config), size: config.length },
      files: walked.files.length,
      published: { at: '2026-01-01T00:00:00Z', by: { address: '127.0.0.1' }, with: 'publish' },
      source: {},
      pins: [],
      statements: [],
    },
  };
}

interface Walked {
  readonly entries: TarEntry[];
  readonly files: FileEntry[];
}

function walk(files: SampleFiles, prefix: string, walked: Walked): Oid {
  const inside = Object.keys(files).filter((path) => path.startsWith(prefix));
  const names = new Set(inside.map((path) => path.slice(prefix.length).split('/')[0]!));
  const entries = [...names].map((name) => treeEntry(files, prefix, name));
  const tree = encodeTree(entries);
  for (const { name } of parseTree(tree)) {
    const path = prefix + name;
    const file = files[path];
    if (file === undefined) {
      const at = walked.entries.length;
      walked.entries.push({ kind: 'folder', path, oid: '' });
      walked.entries[at] = { kind: 'folder', path, oid: walk(files, `${path}/`, walked) };
    } else {
      const entry = fileEntry(path, file);
      walked.files.push(entry);
      const { kind, oid, size } = entry;
      walked.entries.push(kind === 'link' ? { kind, path, oid, target: bytesOf(file) } : { kind, path, oid, size });
    }
  }
  return hashObject('tree', tree);
}

function treeEntry(files: SampleFiles, prefix: string, name: string): TreeEntry {
  const file = files[prefix + name];
  if (file === undefined) {
    return { mode: 0o40000, name, oid: walk(files, `${prefix}${name}/`, { entries: [], files: [] }) };
  }
  const { kind, oid } = fileEntry(name, file);
  return { mode: { file: 0o100644, executable: 0o100755, link: 0o120000 }[kind], name, oid };
}

function fileEntry(path: string, file: SampleFile): FileEntry {
  const bytes = bytesOf(file);
  const facts = { path, size: bytes.length, oid: hashObject('blob', bytes), digest: sha256(bytes) };
  if (typeof file === 'string' || Buffer.isBuffer(file)) return { ...facts, kind: 'file' };
  return 'run' in file ? { ...facts, kind: 'executable' } : { ...facts, kind: 'link', target: file.link };
}

function bytesOf(file: SampleFile): Buffer {
  if (Buffer.isBuffer(file)) return file;
  if (typeof file === 'string') return Buffer.from(file);
  return Buffer.from('run' in file ? file.run : file.link);
}

function namesOf(family: string, version: string, tree: Oid): object {
  return { 'org.opencontainers.image.version': version, 'vnd.assay.family': family, 'vnd.assay.tree': tree };
}

function manifestOf(
  kind: string,
  config: Buffer,
  layer: { digest: Sha256; size: number },
  annotations: object,
): Buffer {
  const artifactType = `application/vnd.assay.${kind}.v1+json`;
  return Buffer.from(
    JSON.stringify({
      schemaVersion: 2,
      mediaType: 'application/vnd.oci.image.manifest.v1+json',
      artifactType,
      config: { mediaType: artifactType, digest: sha256(config), size: config.length },
      layers: [{ mediaType: 'application/vnd.oci.image.layer.v1.tar', ...layer }],
      annotations,
    }),
  );
}

function indexOf(own: Buffer, annotations: object): Buffer {
  const mediaType = 'application/vnd.oci.image.manifest.v1+json';
  const image = { mediaType, digest: `sha256:${'2'.repeat(64)}`, size: 2 };
  const isDefinition = { 'vnd.assay.definition': 'container' };
  const entry = { mediaType, annotations: isDefinition, digest: sha256(own), size: own.length };
  const manifests = [image, entry];
  return Buffer.from(
    JSON.stringify({ schemaVersion: 2, mediaType: 'application/vnd.oci.image.index.v1+json', manifests, annotations }),
  );
}

async function pieces(source: AsyncIterable<Uint8Array>): Promise<Uint8Array[]> {
  const all: Uint8Array[] = [];
  for await (const piece of source) all.push(piece);
  return all;
}
