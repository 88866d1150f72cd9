import { createHash } from 'node:crypto';
import { pipeline } from 'node:stream/promises';
import { createGunzip } from 'node:zlib';
import { sha256, type Digest, type Sha256 } from '../../encoding/digest.ts';
import { isGzip } from './archive-file.ts';
import { chooseImage, notFound } from './chosen-image.ts';
import { diffIdsOf, imagesOf, type ArchivedImage } from './docker-manifest.ts';
import { MAX_JSON_BYTES, readJson, readSmall, type FileSet } from './file-set.ts';
import { ImageError, plain } from './image-error.ts';
import type { Described, ImageSource, Root } from './image-source.ts';
import { CONFIG_MEDIA_TYPE, GZIP_LAYER_MEDIA_TYPE, IMAGE_MEDIA_TYPE, LAYER_MEDIA_TYPE } from './media-type.ts';
import { mismatch } from './verified.ts';

interface Descriptor extends Described {
  readonly mediaType: string;
}

/**
 * What `docker save` writes: a config, layers named by their paths, and a manifest.json for all. Such an image has no
 * manifest of a registry; the one made here follows from the archive's bytes alone.
 */
export class DockerArchive implements ImageSource {
  readonly label: string;
  readonly #files: FileSet;
  readonly #chosen: string | undefined;
  readonly #paths = new Map<Digest, string>();

  /** Takes the files over. */
  constructor(files: FileSet, label: string, chosen: string | undefined) {
    this.#files = files;
    this.label = label;
    this.#chosen = chosen;
  }

  static async isIn(files: FileSet): Promise<boolean> {
    return (await files.size('manifest.json')) !== undefined;
  }

  async root(): Promise<Root> {
    const image = await this.#choose();
    const bytes = await this.#config(image);
    const config = { mediaType: CONFIG_MEDIA_TYPE, digest: sha256(bytes), size: bytes.length };
    this.#paths.set(config.digest, image.config);
    const diffIds = diffIdsOf(bytes, this.label);
    if (diffIds.length !== image.layers.length) {
      const counts = `its config speaks of ${diffIds.length} layers and manifest.json of ${image.layers.length}`;
      throw new ImageError('archive-damaged', `${this.label} is damaged: ${counts}`);
    }
    const layers: Descriptor[] = [];
    for (const [at, path] of image.layers.entries()) layers.push(await this.#layer(path, diffIds[at]!));
    const manifest = { schemaVersion: 2, mediaType: IMAGE_MEDIA_TYPE, config, layers };
    const root = Buffer.from(JSON.stringify(manifest));
    return { digest: sha256(root), bytes: root, mediaType: IMAGE_MEDIA_TYPE };
  }

  async manifest(): Promise<undefined> {
    return undefined;
  }

  async blob({ digest }: Described): Promise<AsyncIterable<Uint8Array> | undefined> {
    const path = this.#paths.get(digest);
    return path === undefined ? undefined : this.#files.read(path);
  }

  async close(): Promise<void> {
    await this.#files.close();
  }

  async #choose(): Promise<ArchivedImage> {
    const images = imagesOf(await readJson(this.#files, 'manifest.json'), this.label);
    const [only] = images;
    if (only !== undefined && images.length === 1 && this.#chosen === undefined) return only;
    const candidates: (ArchivedImage & { digest: Sha256 })[] = [];
    for (const image of images) candidates.push({ ...image, digest: sha256(await this.#config(image)) });
    const found = chooseImage(candidates, this.#chosen, this.label);
    if (found === undefined) throw notFound(candidates, this.#chosen, this.label);
    return found;
  }

  async #config({ config }: ArchivedImage): Promise<Buffer> {
    const bytes = await readSmall(this.#files, config, MAX_JSON_BYTES);
    if (bytes === undefined) throw this.#missing('config', config);
    // Where the name is a digest, as Docker writes it, it is the digest of the content.
    const named = /(?:^|\/)([0-9a-f]{64})(?:\.json)?$/.exec(config)?.[1];
    if (named !== undefined && sha256(bytes) !== `sha256:${named}`) {
      throw mismatch(`sha256:${named}`, this.label, `its bytes have the digest ${sha256(bytes)}`);
    }
    return bytes;
  }

  /** Layers lie there uncompressed, and are then named by what the config calls them, or, from some tools, as gzip. */
  async #layer(path: string, diffId: Digest): Promise<Descriptor> {
    const size = await this.#files.size(path);
    if (size === undefined) throw this.#missing('layer', path);
    const zipped = await this.#beginsAsGzip(path);
    const digest = zipped ? await this.#gzipDigest(path, diffId) : diffId;
    this.#paths.set(digest, path);
    return { mediaType: zipped ? GZIP_LAYER_MEDIA_TYPE : LAYER_MEDIA_TYPE, digest, size };
  }

  async #beginsAsGzip(path: string): Promise<boolean> {
    for await (const piece of this.#files.read(path)) return isGzip(piece);
    return false;
  }

  /** Only what is in it can be compared with the config; its own digest is whatever it is. */
  async #gzipDigest(path: string, diffId: Digest): Promise<Digest> {
    const outer = createHash('sha256');
    const inner = createHash('sha256');
    const files = this.#files;
    async function* hashed(): AsyncGenerator<Uint8Array> {
      for await (const piece of files.read(path)) {
        outer.update(piece);
        yield piece;
      }
    }
    try {
      await pipeline(hashed(), createGunzip(), async (source: AsyncIterable<Buffer>) => {
        for await (const piece of source) inner.update(piece);
      });
    } catch (cause) {
      if (cause instanceof ImageError) throw cause;
      throw new ImageError('archive-damaged', `${this.label} is damaged: the layer ${plain(path)}`, { cause });
    }
    const found: Digest = `sha256:${inner.digest('hex')}`;
    if (found !== diffId) throw mismatch(diffId, this.label, `unpacked, ${plain(path)} has the digest ${found}`);
    return `sha256:${outer.digest('hex')}`;
  }

  #missing(what: string, path: string): ImageError {
    return new ImageError(
      'content-missing',
      `${this.label} lacks the ${what} ${plain(path)}, which manifest.json names`,
    );
  }
}
