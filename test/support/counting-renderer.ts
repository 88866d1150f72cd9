import { sha256, type Sha256 } from '../../lib/encoding/digest.ts';
import type { Renderer } from '../../lib/publication/renderer.ts';
import type { NewObject } from '../../lib/publication/target.ts';
import { SnapshotError } from '../../lib/snapshot/snapshot-error.ts';
import type { ObjectSink, ObjectSource } from '../../lib/snapshot/objects.ts';

const PAGE = 10;

/** Snapshots of a log that only counts: a page for each ten entries, and a root that names the pages. */
export class CountingRenderer implements Renderer {
  entries = 0;
  /** Differs where the entries do. */
  history = 'one';

  size(): Promise<number> {
    return Promise.resolve(this.entries);
  }

  checkpoint(size: number): Promise<string> {
    return Promise.resolve(`a log\n${size}\n${this.history}\n\nsigned\n`);
  }

  async render(
    size: number,
    before: { readonly id: Sha256; readonly objects: ObjectSource } | undefined,
    sink: ObjectSink,
  ): Promise<Sha256> {
    const known = new Set<Sha256>(before === undefined ? [] : await pagesOf(before));
    const objects = objectsOf(size);
    for (const { bytes, ...ref } of objects) if (!known.has(ref.digest)) await sink.write(ref, bytes);
    return objects.at(-1)!.digest;
  }
}

/** Everything that the snapshot of so many entries consists of, the root last. */
export function objectsOf(size: number): WholeObject[] {
  const pages: WholeObject[] = [];
  for (let from = 0; from < size; from += PAGE) pages.push(object(`entries ${from} to ${Math.min(size, from + PAGE)}`));
  return [...pages, object(JSON.stringify({ size, pages: pages.map(({ digest }) => digest) }))];
}

export type WholeObject = NewObject & { readonly bytes: Buffer };

async function pagesOf({ id, objects }: { id: Sha256; objects: ObjectSource }): Promise<Sha256[]> {
  const root = await objects.read(id);
  if (root === undefined) throw new SnapshotError('object-missing', `the snapshot ${id} is not there`);
  return (JSON.parse(Buffer.from(root).toString()) as { pages: Sha256[] }).pages;
}

function object(text: string): WholeObject {
  const bytes = Buffer.from(text);
  return { digest: sha256(bytes), size: bytes.length, bytes };
}
