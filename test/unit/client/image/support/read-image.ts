import { expect } from 'vitest';
import { ImageError } from '../../../../../lib/client/image/image-error.ts';
import { readGraph } from '../../../../../lib/client/image/image-graph.ts';
import { openSource } from '../../../../../lib/client/image/open-source.ts';
import { verified } from '../../../../../lib/client/image/verified.ts';
import { gather } from '../../../../../lib/encoding/gather.ts';

export interface ReadImage {
  readonly digest: string;
  readonly mediaType: string;
  /** By digest, in the order in which a registry would get them. */
  readonly manifests: ReadonlyMap<string, Buffer>;
  readonly blobs: ReadonlyMap<string, Buffer>;
}

/** All of an image, read and compared as for a push. What is not there and need not be is left out. */
export async function readImage(text: string): Promise<ReadImage> {
  const source = await openSource(text);
  try {
    const root = await source.root();
    const graph = await readGraph(source, root);
    const blobs = new Map<string, Buffer>();
    for (const blob of graph.blobs) {
      const bytes = await source.blob(blob);
      if (bytes !== undefined) blobs.set(blob.digest, (await gather(verified(bytes, blob, source.label), blob.size))!);
      else if (blob.needed) throw new ImageError('content-missing', `no ${blob.digest}`);
    }
    const manifests = new Map(graph.manifests.map(({ digest, bytes }) => [digest, bytes] as const));
    return { digest: root.digest, mediaType: root.mediaType, manifests, blobs };
  } finally {
    await source.close();
  }
}

/** The code and message of what an image is refused with. Anything but an ImageError fails the test. */
export async function refusal(work: Promise<unknown>): Promise<{ code: string; message: string; status?: number }> {
  const error: unknown = await work.then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  expect(error).toBeInstanceOf(ImageError);
  const { code, message, status } = error as ImageError;
  return { code, message, ...(status === undefined ? {} : { status }) };
}
