/**
 * Paths below /v2/. A family holds slashes, so it is whatever stands before the last words; whether it is one is for
 * the domain to say.
 */
export const BASE = /^\/v2\/?$/;
export const CATALOG = /^\/v2\/_catalog$/;
export const TAGS = /^\/v2\/(.+)\/tags\/list$/;
export const REFERRERS = /^\/v2\/(.+)\/referrers\/([^/]*)$/;
export const MANIFEST = /^\/v2\/(.+)\/manifests\/([^/]*)$/;
export const BLOB = /^\/v2\/(.+)\/blobs\/(?!uploads$)([^/]+)$/;
export const UPLOADS = /^\/v2\/(.+)\/blobs\/uploads\/?$/;
export const UPLOAD = /^\/v2\/(.+)\/blobs\/uploads\/([^/]+)$/;

export function blobPath(family: string, digest: string): string {
  return `/v2/${family}/blobs/${digest}`;
}

export function manifestPath(family: string, digest: string): string {
  return `/v2/${family}/manifests/${digest}`;
}

export function uploadPath(family: string, id: string): string {
  return `/v2/${family}/blobs/uploads/${id}`;
}
