import { canonicalJson, CanonicalJsonError, type JsonObject } from '../encoding/canonical-json.ts';
import { isSha256, parseDigest, type Digest, type Sha256 } from '../encoding/digest.ts';
import { isWellFormed } from '../encoding/well-formed.ts';
import { OciError } from '../oci/oci-error.ts';
import type { Registry } from '../oci/registry.ts';
import { DefinitionError } from './definition-error.ts';
import type { Image } from './editions.ts';
import type { ImageEntry } from './manifest-bytes.ts';

const MAX_CONFIG_BYTES = 4 * 1024 * 1024;

interface Json {
  readonly [key: string]: unknown;
}

/** The images that were pushed to families for containers that are to be published. */
export class Images {
  readonly #registry: Registry;

  constructor(registry: Registry) {
    this.#registry = registry;
  }

  /** An image, or each image of an index, with the platform that clients choose it by. */
  async find(family: string, text: string): Promise<Image> {
    const digest = parseDigest(text);
    if (digest === undefined || !isSha256(digest)) throw invalid('an image is named by its sha256 digest');
    const { mediaType, body, size } = await this.#manifest(family, digest);
    if (Array.isArray(body['manifests'])) {
      const entries = (body['manifests'] as Json[]).map((entry) => entryOf(entry));
      if (entries.length === 0) throw invalid(`the index ${digest} has no images`);
      checkCanonical(digest, entries);
      return { digest, entries };
    }
    const platform = await this.#platform(family, body);
    return { digest, entries: [{ mediaType, digest, size, ...(platform === undefined ? {} : { platform }) }] };
  }

  async #manifest(family: string, digest: Sha256): Promise<{ mediaType: string; body: Json; size: number }> {
    try {
      const { mediaType, located } = await this.#registry.manifests.find(family, { digest });
      const bytes = await this.#registry.content.readAll(located);
      return { mediaType, body: JSON.parse(Buffer.from(bytes).toString('utf8')) as Json, size: located.size };
    } catch (error) {
      if (!(error instanceof OciError)) throw error;
      throw invalid(`${family} has no image ${digest}; push it before the definition`);
    }
  }

  /** Image specification, "Image Configuration": what the image runs on. */
  async #platform(family: string, { config }: Json): Promise<JsonObject | undefined> {
    const { digest, size } = (config ?? {}) as { digest?: Digest; size?: number };
    if (digest === undefined || size === undefined || size > MAX_CONFIG_BYTES) return undefined;
    const { architecture, os, variant } = await this.#config(family, digest);
    if (!isText(architecture) || !isText(os)) return undefined;
    return { architecture, os, ...(isText(variant) ? { variant } : {}) };
  }

  async #config(family: string, digest: Digest): Promise<Json> {
    const blob = await this.#registry.blobs.find(family, digest).catch((error: unknown) => {
      throw error instanceof OciError ? invalid(`the image's config is gone: ${error.message}`) : error;
    });
    if (blob.place === 'tree') return {};
    try {
      const parsed: unknown = JSON.parse(Buffer.from(await this.#registry.content.readAll(blob)).toString('utf8'));
      return isObject(parsed) ? parsed : {};
    } catch (error) {
      if (error instanceof SyntaxError) return {};
      throw error;
    }
  }
}

/** The version's index says again what this one says, in a form that has not everything that JSON has. */
function checkCanonical(digest: Digest, manifests: readonly ImageEntry[]): void {
  try {
    canonicalJson({ manifests: manifests.map((entry) => ({ ...entry })) });
  } catch (error) {
    if (!(error instanceof CanonicalJsonError)) throw error;
    throw invalid(`the index ${digest} cannot be repeated: ${error.message.slice(-300)}`);
  }
}

/** The manifest was checked when it was pushed; what a descriptor says beside this is not the definition's. */
function entryOf({ mediaType, digest, size, platform, annotations }: Json): ImageEntry {
  return {
    mediaType: String(mediaType),
    digest: String(digest),
    size: Number(size),
    ...(isObject(platform) ? { platform: platform as JsonObject } : {}),
    ...(isObject(annotations) ? { annotations: annotations as JsonObject } : {}),
  };
}

function isText(value: unknown): value is string {
  return typeof value === 'string' && isWellFormed(value);
}

function isObject(value: unknown): value is Json {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function invalid(message: string): DefinitionError {
  return new DefinitionError('image-invalid', message);
}
