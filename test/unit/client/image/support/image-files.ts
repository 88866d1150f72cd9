import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import {
  descriptorOf,
  digestOf,
  imageIndex,
  imageManifest,
  json,
  MEDIA,
  type Descriptor,
} from '../../../../support/oci-content.ts';
import { tarOf } from '../../../../support/tar.ts';

export type Files = Map<string, Buffer>;

export interface MadeImage {
  readonly manifest: Buffer;
  readonly descriptor: Descriptor;
  readonly config: Buffer;
  readonly layers: readonly Buffer[];
}

/** An image of its own for each name, with uncompressed layers. */
export function imageNamed(name: string, layerCount = 2): MadeImage {
  const layers = Array.from({ length: layerCount }, (_, at) => tarOf(`${name}-${at}`, `${name} ${at}\n`.repeat(500)));
  const config = json({
    architecture: 'amd64',
    os: 'linux',
    author: name,
    rootfs: { type: 'layers', diff_ids: layers.map((layer) => digestOf(layer)) },
  });
  const manifest = imageManifest(
    descriptorOf(config, MEDIA.config),
    layers.map((layer) => descriptorOf(layer, MEDIA.layer)),
  );
  return { manifest, descriptor: descriptorOf(manifest, MEDIA.manifest), config, layers };
}

export function blobPath(bytes: Uint8Array): string {
  return `blobs/${digestOf(bytes).replace(':', '/')}`;
}

/** The files of a layout whose index.json names these manifests. */
export function layoutFiles(named: readonly Descriptor[], blobs: readonly Buffer[]): Files {
  const files: Files = new Map([
    ['oci-layout', json({ imageLayoutVersion: '1.0.0' })],
    ['index.json', imageIndex(named)],
  ]);
  for (const bytes of blobs) files.set(blobPath(bytes), bytes);
  return files;
}

/** A layout of one image. */
export function layoutOf({ manifest, descriptor, config, layers }: MadeImage, name = 'v1'): Files {
  return layoutFiles([tagged(descriptor, name)], [manifest, config, ...layers]);
}

export function tagged(descriptor: Descriptor, name: string): Descriptor {
  return { ...descriptor, annotations: { 'org.opencontainers.image.ref.name': name } };
}

/** The files of `docker save` of old, of one or more images. */
export function dockerFiles(images: readonly (MadeImage & { readonly tags?: readonly string[] })[]): Files {
  const files: Files = new Map();
  const list = images.map(({ config, layers, tags }) => {
    const configName = `${digestOf(config).slice(7)}.json`;
    files.set(configName, config);
    const names = layers.map((layer) => `${digestOf(layer).slice(7)}/layer.tar`);
    for (const [at, name] of names.entries()) files.set(name, layers[at]!);
    return { Config: configName, RepoTags: tags ?? null, Layers: names };
  });
  files.set('manifest.json', json(list));
  return files;
}

export async function writeFolder(folder: string, files: Files): Promise<string> {
  for (const [path, bytes] of files) {
    await mkdir(dirname(join(folder, path)), { recursive: true });
    await writeFile(join(folder, path), bytes);
  }
  return folder;
}
