import { sha256, type Digest } from '../../lib/encoding/digest.ts';
import { OciError } from '../../lib/oci/oci-error.ts';
import type { Registry } from '../../lib/oci/registry.ts';
import { StoreError } from '../../lib/store/store-error.ts';
import { oneChunk } from './registry.ts';

/** A collector that rests for nothing may be faster many times. */
const MOST_TRIES = 500;
const IMAGE = 'application/vnd.oci.image.manifest.v1+json';

/** Bytes of a size that are the same for the same name. */
export function bytesNamed(name: string, size: number): Buffer {
  return Buffer.alloc(size, `${name}.`);
}

export function manifestOf(blobs: readonly Uint8Array[], extra: object = {}): Buffer {
  const descriptors = blobs.map((bytes) => ({
    mediaType: 'application/octet-stream',
    digest: sha256(bytes),
    size: bytes.length,
  }));
  const [config, ...layers] = descriptors;
  return Buffer.from(JSON.stringify({ schemaVersion: 2, mediaType: IMAGE, config, layers, ...extra }));
}

export function indexOf(manifests: readonly Uint8Array[]): Buffer {
  const descriptors = manifests.map((bytes) => ({ mediaType: IMAGE, digest: sha256(bytes), size: bytes.length }));
  return Buffer.from(
    JSON.stringify({ schemaVersion: 2, mediaType: 'application/vnd.oci.image.index.v1+json', manifests: descriptors }),
  );
}

/** As a client pushes: asks for each blob, uploads what is not there, then the manifest; from the start where a blob went meanwhile. */
export async function pushImage(
  registry: Registry,
  family: string,
  tag: string,
  blobs: readonly Uint8Array[],
  manifest = manifestOf(blobs),
): Promise<Digest> {
  for (let tries = 1; ; tries += 1) {
    try {
      for (const bytes of blobs) await pushBlob(registry, family, bytes);
      const { digest } = await registry.manifests.push(family, { tag }, manifest, undefined);
      return digest;
    } catch (error) {
      if (tries === MOST_TRIES || !mayPass(error)) throw error;
    }
  }
}

async function pushBlob(registry: Registry, family: string, bytes: Uint8Array): Promise<void> {
  try {
    await registry.blobs.find(family, sha256(bytes));
  } catch (error) {
    if (!(error instanceof OciError) || error.code !== 'blob-unknown') throw error;
    await registry.uploads.receive(family, sha256(bytes), oneChunk(bytes));
  }
}

/** A blob went meanwhile, or the server asks for another try. */
function mayPass(error: unknown): boolean {
  if (error instanceof StoreError) return error.code === 'busy';
  return error instanceof OciError && error.code === 'manifest-blob-unknown';
}
