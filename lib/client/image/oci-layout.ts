import { parseDigest, type Digest } from '../../encoding/digest.ts';
import { MAX_MANIFEST_BYTES } from '../../oci/manifest.ts';
import { chooseImage, notFound, type Candidate } from './chosen-image.ts';
import { readJson, readSmall, type FileSet } from './file-set.ts';
import { ImageError } from './image-error.ts';
import type { Described, ImageSource, Root } from './image-source.ts';
import { mediaTypeOf } from './media-type.ts';
import { mismatch, verifiedBytes } from './verified.ts';

interface Entry extends Candidate {
  readonly digest: Digest;
  readonly mediaType: string | undefined;
  readonly size: number | undefined;
}

/** Image specification, "Pre-Defined Annotation Keys"; the second is containerd's, with the whole name. */
const NAME_ANNOTATIONS = ['org.opencontainers.image.ref.name', 'io.containerd.image.name'];

/** An image layout of the image specification, in a folder or a tar. */
export class OciLayout implements ImageSource {
  readonly label: string;
  readonly #files: FileSet;
  readonly #chosen: string | undefined;

  /** Takes the files over. */
  constructor(files: FileSet, label: string, chosen: string | undefined) {
    this.#files = files;
    this.label = label;
    this.#chosen = chosen;
  }

  static async isIn(files: FileSet): Promise<boolean> {
    return (await files.size('oci-layout')) !== undefined && (await files.size('index.json')) !== undefined;
  }

  async root(): Promise<Root> {
    await this.#checkVersion();
    const entries = entriesOf(await readJson(this.#files, 'index.json'), this.label);
    const entry = chooseImage(entries, this.#chosen, this.label) ?? this.#deeper();
    if (entry === undefined) throw notFound(entries, this.#chosen, this.label);
    const size = await this.#files.size(pathOf(entry.digest));
    if (size === undefined) {
      if (entries.includes(entry)) throw missing(entry.digest, this.label);
      throw notFound(entries, this.#chosen, this.label);
    }
    if (entry.size !== undefined && entry.size !== size) {
      throw mismatch(entry.digest, this.label, `it has ${size} bytes and not the ${entry.size} that index.json says`);
    }
    const bytes = await this.#bytes({ digest: entry.digest, size });
    return { digest: entry.digest, bytes, mediaType: mediaTypeOf(bytes, entry.mediaType) };
  }

  async manifest(described: Described): Promise<Buffer | undefined> {
    return readSmall(this.#files, pathOf(described.digest), MAX_MANIFEST_BYTES);
  }

  async blob({ digest }: Described): Promise<AsyncIterable<Uint8Array> | undefined> {
    const path = pathOf(digest);
    return (await this.#files.size(path)) === undefined ? undefined : this.#files.read(path);
  }

  async close(): Promise<void> {
    await this.#files.close();
  }

  /** Image specification, "oci-layout file". */
  async #checkVersion(): Promise<void> {
    const said = (await readJson(this.#files, 'oci-layout')) as { imageLayoutVersion?: unknown } | null | undefined;
    if (typeof said?.imageLayoutVersion === 'string' && said.imageLayoutVersion.startsWith('1.')) return;
    throw new ImageError(
      'not-an-image',
      `${this.label} is no OCI layout of version 1: its file oci-layout says another`,
    );
  }

  /** A digest may also choose what index.json does not name itself, such as one platform of an index. */
  #deeper(): Entry | undefined {
    const digest = this.#chosen?.startsWith('@') === true ? parseDigest(this.#chosen.slice(1)) : undefined;
    return digest === undefined ? undefined : { digest, names: [], mediaType: undefined, size: undefined };
  }

  async #bytes(described: Described): Promise<Buffer> {
    if (described.size > MAX_MANIFEST_BYTES) {
      throw new ImageError('manifest-invalid', `${described.digest} in ${this.label} is too large for a manifest`);
    }
    const source = this.#files.read(pathOf(described.digest));
    return verifiedBytes(source, described, this.label);
  }
}

function pathOf(digest: Digest): string {
  return `blobs/${digest.replace(':', '/')}`;
}

function missing(digest: string, label: string): ImageError {
  return new ImageError('content-missing', `${label} lacks the manifest ${digest}, which its index.json names`);
}

function entriesOf(index: unknown, label: string): Entry[] {
  const { manifests } = (index ?? {}) as { manifests?: unknown };
  if (!Array.isArray(manifests)) {
    throw new ImageError('manifest-invalid', `${label}: index.json has no list of manifests`);
  }
  return manifests.map((value: unknown, at) => {
    const { digest: text, mediaType, size, annotations, platform } = (value ?? {}) as Readonly<Record<string, unknown>>;
    const digest = typeof text === 'string' ? parseDigest(text) : undefined;
    if (digest === undefined) {
      throw new ImageError('manifest-invalid', `${label}: manifests[${at}] of index.json has no digest`);
    }
    return {
      digest,
      mediaType: typeof mediaType === 'string' ? mediaType : undefined,
      size: typeof size === 'number' ? size : undefined,
      names: namesOf(annotations),
      platform: platformOf(platform),
    };
  });
}

function namesOf(annotations: unknown): string[] {
  const all = (annotations ?? {}) as Readonly<Record<string, unknown>>;
  const names = NAME_ANNOTATIONS.map((key) => all[key]).filter((name) => typeof name === 'string');
  return [...new Set(names)];
}

function platformOf(platform: unknown): string {
  const { os, architecture, variant } = (platform ?? {}) as Readonly<Record<string, unknown>>;
  return [os, architecture, variant].filter((part) => typeof part === 'string').join('/');
}
