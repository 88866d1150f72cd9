import { algorithmOf, digestWith, type Digest } from '../../encoding/digest.ts';
import { MAX_MANIFEST_BYTES, parseManifest, type Manifest, type Named } from '../../oci/manifest.ts';
import { OciError } from '../../oci/oci-error.ts';
import { ImageError } from './image-error.ts';
import type { Described, ImageSource, Root } from './image-source.ts';
import { mediaTypeOf, namedMediaTypes } from './media-type.ts';
import { mismatch } from './verified.ts';

export interface GraphBlob extends Described {
  /** False where the image may do without: layers that may not be given away. */
  readonly needed: boolean;
}

/** All that an image consists of. */
export interface ImageGraph {
  /** What is named comes before what names it; the root is the last. */
  readonly manifests: readonly Root[];
  readonly blobs: readonly GraphBlob[];
}

const MAX_DEPTH = 16;
const MAX_MANIFESTS = 10_000;
const MAX_BYTES = 256 * 1024 * 1024;

/** Reads all manifests of an image, each compared with what names it. */
export async function readGraph(
  source: ImageSource,
  root: Root,
  onManifest: (read: number) => void = () => {},
): Promise<ImageGraph> {
  return new GraphReader(source, onManifest).read(root);
}

class GraphReader {
  readonly #source: ImageSource;
  readonly #onManifest: (read: number) => void;
  readonly #manifests: Root[] = [];
  readonly #seen = new Set<Digest>();
  readonly #blobs = new Map<Digest, GraphBlob>();
  #bytes = 0;

  constructor(source: ImageSource, onManifest: (read: number) => void) {
    this.#source = source;
    this.#onManifest = onManifest;
  }

  async read(root: Root): Promise<ImageGraph> {
    this.#seen.add(root.digest);
    await this.#visit(root, 0);
    return { manifests: this.#manifests, blobs: [...this.#blobs.values()] };
  }

  async #visit(found: Root, depth: number): Promise<void> {
    this.#count(found, depth);
    const { named } = this.#parse(found);
    for (const one of named) if (one.kind === 'blob') this.#addBlob(one, found);
    const children = named.filter(({ kind }) => kind === 'manifest');
    const types = namedMediaTypes(found.bytes);
    for (const [at, child] of children.entries()) {
      if (this.#seen.has(child.digest)) continue;
      this.#seen.add(child.digest);
      const bytes = await this.#child(child, found);
      await this.#visit({ digest: child.digest, bytes, mediaType: mediaTypeOf(bytes, types[at]) }, depth + 1);
    }
    this.#manifests.push(found);
  }

  #count({ bytes }: Root, depth: number): void {
    this.#bytes += bytes.length;
    if (depth > MAX_DEPTH || this.#seen.size > MAX_MANIFESTS || this.#bytes > MAX_BYTES) {
      throw new ImageError('manifest-invalid', `${this.#source.label} has too many manifests, or too deep ones`);
    }
    this.#onManifest(this.#seen.size);
  }

  #parse({ digest, bytes, mediaType }: Root): Manifest {
    try {
      return parseManifest(bytes, mediaType);
    } catch (cause) {
      if (!(cause instanceof OciError)) throw cause;
      throw new ImageError('manifest-invalid', `${digest} in ${this.#source.label}: ${cause.message}`, { cause });
    }
  }

  #addBlob({ digest, size, needed }: Named, { digest: by }: Root): void {
    const before = this.#blobs.get(digest);
    if (before !== undefined && before.size !== size) {
      const sizes = `manifests give it ${before.size} and ${size} bytes; the second is ${by}`;
      throw mismatch(digest, this.#source.label, sizes);
    }
    this.#blobs.set(digest, { digest, size, needed: needed || before?.needed === true });
  }

  async #child({ digest, size }: Named, parent: Root): Promise<Buffer> {
    const { label } = this.#source;
    if (size > MAX_MANIFEST_BYTES) {
      throw new ImageError('manifest-invalid', `${digest} in ${label} is too large for a manifest`);
    }
    const bytes = await this.#source.manifest({ digest, size });
    if (bytes === undefined) {
      throw new ImageError(
        'content-missing',
        `${label} lacks the manifest ${digest}, which the index ${parent.digest} names. ` +
          'Where not all platforms are there, choose one that is, by @<digest>',
      );
    }
    if (bytes.length !== size)
      throw mismatch(digest, label, `it has ${bytes.length} bytes and not the ${size} described`);
    const found = digestWith(algorithmOf(digest), bytes);
    if (found !== digest) throw mismatch(digest, label, `its bytes have the digest ${found}`);
    return bytes;
  }
}
