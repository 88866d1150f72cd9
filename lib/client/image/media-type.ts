import { INDEX_MEDIA_TYPE } from '../../oci/manifest.ts';

export const IMAGE_MEDIA_TYPE = 'application/vnd.oci.image.manifest.v1+json';
export const CONFIG_MEDIA_TYPE = 'application/vnd.oci.image.config.v1+json';
export const LAYER_MEDIA_TYPE = 'application/vnd.oci.image.layer.v1.tar';
export const GZIP_LAYER_MEDIA_TYPE = 'application/vnd.oci.image.layer.v1.tar+gzip';
const DOCKER_IMAGE_MEDIA_TYPE = 'application/vnd.docker.distribution.manifest.v2+json';
const DOCKER_LIST_MEDIA_TYPE = 'application/vnd.docker.distribution.manifest.list.v2+json';

/** What a registry is asked for: without the list some would convert an index to an image. */
export const MANIFEST_ACCEPT = [
  INDEX_MEDIA_TYPE,
  IMAGE_MEDIA_TYPE,
  DOCKER_LIST_MEDIA_TYPE,
  DOCKER_IMAGE_MEDIA_TYPE,
  '*/*;q=0.1',
].join(', ');

/**
 * The media type of a manifest: what it says itself, or who names it, or else what it looks like. Image specification
 * 1.0 did not let OCI manifests say it, and tools of that time still write them so.
 */
export function mediaTypeOf(bytes: Uint8Array, named?: string): string {
  const body = parsed(bytes);
  if (typeof body['mediaType'] === 'string') return body['mediaType'];
  return named ?? (Array.isArray(body['manifests']) ? INDEX_MEDIA_TYPE : IMAGE_MEDIA_TYPE);
}

/** The media types that an index gives its manifests, in their order. */
export function namedMediaTypes(bytes: Uint8Array): (string | undefined)[] {
  const { manifests } = parsed(bytes);
  if (!Array.isArray(manifests)) return [];
  return manifests.map((one: { mediaType?: unknown } | null) =>
    typeof one?.mediaType === 'string' ? one.mediaType : undefined,
  );
}

function parsed(bytes: Uint8Array): Readonly<Record<string, unknown>> {
  try {
    const body: unknown = JSON.parse(new TextDecoder('utf-8', { ignoreBOM: true }).decode(bytes));
    return typeof body === 'object' && body !== null ? (body as Record<string, unknown>) : {};
  } catch {
    return {};
  }
}
