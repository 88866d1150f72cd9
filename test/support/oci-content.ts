import { createHash, randomBytes } from 'node:crypto';

export const MEDIA = {
  manifest: 'application/vnd.oci.image.manifest.v1+json',
  index: 'application/vnd.oci.image.index.v1+json',
  config: 'application/vnd.oci.image.config.v1+json',
  layer: 'application/vnd.oci.image.layer.v1.tar',
  empty: 'application/vnd.oci.empty.v1+json',
  dockerManifest: 'application/vnd.docker.distribution.manifest.v2+json',
  dockerList: 'application/vnd.docker.distribution.manifest.list.v2+json',
  dockerConfig: 'application/vnd.docker.container.image.v1+json',
  dockerLayer: 'application/vnd.docker.image.rootfs.diff.tar.gzip',
  dockerForeignLayer: 'application/vnd.docker.image.rootfs.foreign.diff.tar.gzip',
} as const;

export type Algorithm = 'sha256' | 'sha512';
export const ALGORITHMS: readonly Algorithm[] = ['sha256', 'sha512'];

export function digestOf(bytes: Uint8Array, algorithm: Algorithm = 'sha256'): string {
  return `${algorithm}:${createHash(algorithm).update(bytes).digest('hex')}`;
}

/** The digest of nothing that any test stores. */
export function unknownDigest(algorithm: Algorithm = 'sha256'): string {
  return digestOf(randomBytes(32), algorithm);
}

export function randomContent(size: number): Buffer {
  return randomBytes(size);
}

export interface Descriptor {
  readonly mediaType: string;
  readonly digest: string;
  readonly size: number;
  readonly artifactType?: string;
  readonly annotations?: Readonly<Record<string, string>>;
  readonly urls?: readonly string[];
  readonly data?: string;
}

export function descriptorOf(bytes: Uint8Array, mediaType: string, algorithm: Algorithm = 'sha256'): Descriptor {
  return { mediaType, digest: digestOf(bytes, algorithm), size: bytes.length };
}

/** Manifest fields beyond what the kind of manifest prescribes, or in place of it. */
export type Fields = Readonly<Record<string, unknown>>;

export function imageManifest(config: Descriptor, layers: readonly Descriptor[], fields: Fields = {}): Buffer {
  return json({ schemaVersion: 2, mediaType: MEDIA.manifest, config, layers, ...fields });
}

export function imageIndex(manifests: readonly Descriptor[], fields: Fields = {}): Buffer {
  return json({ schemaVersion: 2, mediaType: MEDIA.index, manifests, ...fields });
}

export function json(value: unknown): Buffer {
  return Buffer.from(JSON.stringify(value));
}

/** The blob that stands in for a config where there is nothing to configure (image-spec, "guidance for an empty descriptor"). */
export const EMPTY_JSON = Buffer.from('{}');
