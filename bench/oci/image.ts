import { randomSmallBlob } from '../load/blob.ts';
import { withCallers } from '../load/callers.ts';
import { type Content, pushManifest, pushMonolithic, type Repository } from '../load/push.ts';
import { smallBlob } from '../load/blob.ts';

export const manifestType = 'application/vnd.oci.image.manifest.v1+json';

/** An image as small as a definition is, the same bytes for every contender. */
export interface Image {
  tag: string;
  layer: Content;
  blobs: readonly Content[];
  manifest: Content;
}

export function makeImage(): Image {
  const config = randomSmallBlob(1024);
  const layers = Array.from({ length: 4 }, () => randomSmallBlob(1024));
  const [layer = config] = layers;
  const manifest = {
    schemaVersion: 2,
    mediaType: manifestType,
    config: descriptor('application/vnd.oci.image.config.v1+json', config),
    layers: layers.map((blob) => descriptor('application/vnd.oci.image.layer.v1.tar', blob)),
  };
  return {
    tag: 'v1.0.0',
    layer,
    blobs: [config, ...layers],
    manifest: smallBlob(Buffer.from(JSON.stringify(manifest))),
  };
}

export async function pushImage(repository: Repository, image: Image): Promise<void> {
  await withCallers(repository.url, 1, async (wire) => {
    for (const blob of image.blobs) await pushMonolithic(wire, repository, blob);
    await pushManifest(wire, repository, image.tag, manifestOf(image));
  });
}

/** Gives the image `tags` more names, through the registry's own API. */
export async function pushTags(repository: Repository, image: Image, tags: readonly string[]): Promise<void> {
  const waiting = tags.values();
  await withCallers(repository.url, 16, async (wire) => {
    for (const tag of waiting) await pushManifest(wire, repository, tag, manifestOf(image));
  });
}

function manifestOf(image: Image): { mediaType: string; bytes: Uint8Array } {
  return { mediaType: manifestType, bytes: Buffer.concat([...image.manifest.pieces()]) };
}

function descriptor(mediaType: string, blob: Content): { mediaType: string; digest: string; size: number } {
  return { mediaType, digest: blob.digest, size: blob.size };
}
