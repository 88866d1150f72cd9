import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { digestOf, imageIndex, json, type Algorithm, type Descriptor } from './oci-content.ts';

/** A manifest and all that it leads to, by digest. */
export interface Closure {
  readonly root: string;
  readonly content: ReadonlyMap<string, Buffer>;
}

interface Manifest {
  readonly manifests?: readonly Descriptor[];
  readonly config?: Descriptor;
  readonly layers?: readonly Descriptor[];
}

/** What a tag of an OCI image layout leads to; tools leave more in a layout than that. Throws where bytes do not match their digest. */
export async function readLayout(folder: string, tag: string): Promise<Closure> {
  const { manifests = [] } = await readJson(join(folder, 'index.json'));
  const entry = manifests.find(({ annotations }) => annotations?.['org.opencontainers.image.ref.name'] === tag);
  if (entry === undefined) throw new Error(`no ${tag} in the layout ${folder}`);
  return {
    root: entry.digest,
    content: await collect(entry.digest, (digest) => readFile(join(folder, pathOf(digest)))),
  };
}

/** The same from wherever the bytes of a digest come from; `fetchBlob` serves what no manifest is. */
export async function collect(
  root: string,
  fetchManifest: (digest: string) => Promise<Buffer>,
  fetchBlob: (digest: string) => Promise<Buffer> = fetchManifest,
): Promise<Map<string, Buffer>> {
  const content = new Map<string, Buffer>();
  const pending = [root];
  for (let digest = pending.pop(); digest !== undefined; digest = pending.pop()) {
    const bytes = checked(digest, await fetchManifest(digest));
    content.set(digest, bytes);
    const manifest = JSON.parse(bytes.toString('utf8')) as Manifest;
    pending.push(...(manifest.manifests ?? []).map((entry) => entry.digest));
    for (const blob of [...(manifest.config === undefined ? [] : [manifest.config]), ...(manifest.layers ?? [])]) {
      content.set(blob.digest, checked(blob.digest, await fetchBlob(blob.digest)));
    }
  }
  return content;
}

/** A layout that holds a closure under a tag. */
export async function writeLayout(folder: string, tag: string, mediaType: string, closure: Closure): Promise<void> {
  for (const [digest, bytes] of closure.content) {
    const path = join(folder, pathOf(digest));
    await mkdir(join(path, '..'), { recursive: true });
    await writeFile(path, bytes);
  }
  const size = closure.content.get(closure.root)?.length ?? 0;
  const annotations = { 'org.opencontainers.image.ref.name': tag };
  await writeFile(join(folder, 'index.json'), imageIndex([{ mediaType, digest: closure.root, size, annotations }]));
  await writeFile(join(folder, 'oci-layout'), json({ imageLayoutVersion: '1.0.0' }));
}

function pathOf(digest: string): string {
  return join('blobs', ...digest.split(':'));
}

function checked(digest: string, bytes: Buffer): Buffer {
  const [algorithm] = digest.split(':') as [Algorithm];
  if (digestOf(bytes, algorithm) !== digest) throw new Error(`the ${bytes.length} bytes under ${digest} are others`);
  return bytes;
}

async function readJson(path: string): Promise<Manifest> {
  return JSON.parse(await readFile(path, 'utf8')) as Manifest;
}
