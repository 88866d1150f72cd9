import { isSha256, parseDigest, type Sha256 } from '../../encoding/digest.ts';
import { ImageError } from './image-error.ts';

/** One image of a Docker archive: where its parts lie, and its names. */
export interface ArchivedImage {
  readonly config: string;
  readonly layers: readonly string[];
  readonly names: readonly string[];
}

/** Reads a manifest.json. */
export function imagesOf(value: unknown, label: string): ArchivedImage[] {
  if (!Array.isArray(value)) throw invalid(label, 'manifest.json is not a list');
  return value.map((image: unknown, at) => {
    const { Config, Layers, RepoTags } = (image ?? {}) as Readonly<Record<string, unknown>>;
    if (typeof Config !== 'string') throw invalid(label, `image ${at} of manifest.json has no Config`);
    if (!isTexts(Layers ?? [])) throw invalid(label, `Layers of image ${at} of manifest.json is no list of paths`);
    return { config: Config, layers: (Layers ?? []) as string[], names: isTexts(RepoTags) ? RepoTags : [] };
  });
}

/** The digests of the uncompressed layers, as an image's config has them (image specification, "rootfs"). */
export function diffIdsOf(config: Uint8Array, label: string): Sha256[] {
  const ids = rootfsOf(config)?.diff_ids ?? [];
  const digests = isTexts(ids) ? ids.map(parseDigest) : [undefined];
  if (digests.every((digest) => digest !== undefined && isSha256(digest))) return digests;
  throw invalid(label, 'its config has no rootfs.diff_ids');
}

function rootfsOf(config: Uint8Array): { readonly diff_ids?: unknown } | undefined {
  try {
    const body = JSON.parse(new TextDecoder().decode(config)) as { rootfs?: { diff_ids?: unknown } } | null;
    return body?.rootfs;
  } catch {
    return { diff_ids: 'not JSON' };
  }
}

function isTexts(value: unknown): value is string[] {
  return Array.isArray(value) && value.every((one) => typeof one === 'string');
}

function invalid(label: string, why: string): ImageError {
  return new ImageError('manifest-invalid', `${label} cannot be read: ${why}`);
}
