import type { Kind } from './wire.ts';

/** What an OCI manifest, or index, of a version says that it is. */
export const ARTIFACT_TYPES: Readonly<Record<Kind, string>> = {
  'test-case': 'application/vnd.assay.test-case.v1+json',
  container: 'application/vnd.assay.container.v1+json',
};

/** Metadata as canonical JSON. */
export const CONFIG_TYPES: Readonly<Record<Kind, string>> = {
  'test-case': 'application/vnd.assay.test-case.config.v1+json',
  container: 'application/vnd.assay.container.config.v1+json',
};

export const LAYER_TYPE = 'application/vnd.oci.image.layer.v1.tar';
export const IMAGE_MANIFEST_TYPE = 'application/vnd.oci.image.manifest.v1+json';
export const IMAGE_INDEX_TYPE = 'application/vnd.oci.image.index.v1+json';

/** On the entry of a container's index that is the definition and none of the images. */
export const DEFINITION_ANNOTATION = 'vnd.assay.definition';
