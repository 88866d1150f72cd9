import { sha256, type Sha256 } from '../../encoding/digest.ts';
import { uploadBlob } from './blob-upload.ts';
import { familySession } from './family-session.ts';
import { readGraph, type GraphBlob, type ImageGraph } from './image-graph.ts';
import type { ImageSource, Root } from './image-source.ts';
import { inParallel } from './in-parallel.ts';
import { openSource } from './open-source.ts';
import type { RegistrySession } from './registry-session.ts';

/** An image as the server has it now. */
export interface PushedImage {
  readonly digest: Sha256;
  readonly mediaType: string;
  readonly size: number;
  /** Below an index, at any depth; 1 of an image that is no index. */
  readonly manifests: number;
}

export interface PushImageOptions {
  /** `oci:…`, `docker-archive:…`, `docker://…`, a path, or the name of an image in a registry. */
  readonly source: string;
  readonly server: string;
  readonly family: string;
  /** Who sends, for the server to note. */
  readonly actor?: string;
  readonly onProgress?: (doing: string, done: number, of: number | undefined) => void;
  readonly signal?: AbortSignal;
}

type Report = NonNullable<PushImageOptions['onProgress']>;

const UPLOADS = 3;

/**
 * Pushes an image, with all platforms that it has, to a family, without a tag: whoever names it names its digest. What
 * the server has already is not sent, so an interrupted push goes on where it was when it is begun again.
 */
export async function pushImage(options: PushImageOptions): Promise<PushedImage> {
  const { signal, onProgress: report = () => {} } = options;
  signal?.throwIfAborted();
  const family = familySession(options.server, options.family, options.actor);
  const source = await openSource(options.source, signal);
  try {
    const root = await source.root();
    const graph = await readGraph(source, root, (read) => report('reading manifests', read, undefined));
    await sendBlobs(source, family, graph.blobs, report, signal);
    await sendManifests(family, graph, report, signal);
    const below = graph.manifests.length - 1;
    return {
      digest: sha256(root.bytes),
      mediaType: root.mediaType,
      size: root.bytes.length,
      manifests: isIndex(root) ? below : 1,
    };
  } finally {
    await source.close();
  }
}

async function sendBlobs(
  source: ImageSource,
  family: RegistrySession,
  blobs: readonly GraphBlob[],
  report: Report,
  signal: AbortSignal | undefined,
): Promise<void> {
  const total = blobs.reduce((sum, { size }) => sum + size, 0);
  let done = 0;
  async function send(blob: GraphBlob, either: AbortSignal): Promise<void> {
    let ofThis = 0;
    function onSent(bytes: number): void {
      done += bytes - ofThis;
      ofThis = bytes;
      report('sending bytes', done, total);
    }
    await uploadBlob({ source, family, blob, onSent, signal: either });
  }
  await inParallel(blobs, UPLOADS, send, signal);
}

/** One after another, and the root last: a registry takes a manifest only when it has all that the manifest names. */
async function sendManifests(
  family: RegistrySession,
  { manifests }: ImageGraph,
  report: Report,
  signal: AbortSignal | undefined,
): Promise<void> {
  for (const [at, { digest, bytes, mediaType }] of manifests.entries()) {
    const name = at === manifests.length - 1 ? sha256(bytes) : digest;
    const headers = { 'content-type': mediaType };
    const call = { method: 'PUT', to: `manifests/${name}`, about: name, headers, body: bytes } as const;
    const response = await family.ask({ ...call, expect: [201], signal });
    await response.body?.cancel();
    report('sending manifests', at + 1, manifests.length);
  }
}

function isIndex({ bytes }: Root): boolean {
  return Array.isArray((JSON.parse(bytes.toString('utf8')) as { manifests?: unknown }).manifests);
}
