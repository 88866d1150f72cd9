import { canonicalJson, type JsonObject } from '../encoding/canonical-json.ts';
import {
  ARTIFACT_TYPES,
  CONFIG_TYPES,
  DEFINITION_ANNOTATION,
  IMAGE_INDEX_TYPE,
  IMAGE_MANIFEST_TYPE,
  LAYER_TYPE,
} from './media-types.ts';
import type { Kind, Part } from './wire.ts';

export interface ManifestParts {
  readonly family: string;
  readonly version: string;
  readonly kind: Kind;
  readonly tree: string;
  readonly name: string | undefined;
  readonly layer: Part;
  readonly config: Part;
}

/** The OCI manifest of a version: a pure function of what was published, in canonical JSON, frozen. */
export function definitionManifest(parts: ManifestParts): Buffer {
  const { family, version, kind, layer, config } = parts;
  return canonicalJson({
    schemaVersion: 2,
    mediaType: IMAGE_MANIFEST_TYPE,
    artifactType: ARTIFACT_TYPES[kind],
    config: { mediaType: CONFIG_TYPES[kind], digest: config.digest, size: config.size },
    layers: [
      {
        mediaType: LAYER_TYPE,
        digest: layer.digest,
        size: layer.size,
        annotations: { 'org.opencontainers.image.title': `${family.split('/').at(-1)}-${version}.tar` },
      },
    ],
    annotations: annotationsOf(parts),
  });
}

/** A manifest of a container's image, as its index or the image itself describes it. */
export interface ImageEntry {
  readonly mediaType: string;
  readonly digest: string;
  readonly size: number;
  readonly platform?: JsonObject;
  readonly annotations?: JsonObject;
}

/**
 * The index of a container that was published with its image. Clients choose by platform; one that nobody has keeps
 * them from taking the definition for an image, as builders do with their attestations.
 */
export function containerIndex(parts: ManifestParts, manifest: Part, images: readonly ImageEntry[]): Buffer {
  return canonicalJson({
    schemaVersion: 2,
    mediaType: IMAGE_INDEX_TYPE,
    artifactType: ARTIFACT_TYPES.container,
    manifests: [
      ...images.map((image) => ({ ...image })),
      {
        mediaType: IMAGE_MANIFEST_TYPE,
        digest: manifest.digest,
        size: manifest.size,
        platform: { architecture: 'unknown', os: 'unknown' },
        // An artifactType would say the same, but older clients drop it from an entry and so change the index.
        annotations: { [DEFINITION_ANNOTATION]: 'container' },
      },
    ],
    annotations: annotationsOf(parts),
  });
}

function annotationsOf({ family, version, tree, name }: ManifestParts): JsonObject {
  return {
    ...(name === undefined ? {} : { 'org.opencontainers.image.title': name }),
    'org.opencontainers.image.version': version,
    'vnd.assay.family': family,
    'vnd.assay.tree': tree,
  };
}
