import { sha256, type Sha256 } from '../../lib/encoding/digest.ts';
import type { Renderer } from '../../lib/publication/renderer.ts';
import type { NewObject } from '../../lib/publication/target.ts';
import { SnapshotError } from '../../lib/snapshot/snapshot-error.ts';
import type { ObjectSink, ObjectSource } from '../../lib/snapshot/objects.ts';

const PAGE = 10;

/** Snapshots of a log that only counts: a page for each ten entries, and a root that names the pages. */
export class CountingRenderer implements Renderer {
  entries = 0;
  /** Another one makes other snapshots of the same entries. */
  version = 1;
  /** Differs where the entries do. */
  history = 'one';

  size(): Promise<number> {
    return Promise.resolve(this.entries);
  }

  checkpoint(size: number): Promise<string> {
    return Promise.resolve(`a log\n${size}\n${this.history}\n\nsigned\n`);
  }

  async isAlike(before: { readonly id: Sha256; readonly objects: ObjectSource }): Promise<boolean> {
    return (await rootOf(before)).version === this.version;
  }

  async render(
    size: number,
    before: { readonly id: Sha256; readonly objects: ObjectSource } | undefined,
    sink: ObjectSink,
  ): Promise<Sha256> {
    const old = before === undefined ? undefined : await rootOf(before);
    const known = new Set<Sha256>(old?.version === this.version ? old.pages : []);
    const objects = objectsOf(size, this.version);
    for (const { bytes, ...ref } of objects) if (!known.has(ref.digest)) await sink.write(ref, bytes);
    return objects.at(-1)!.digest;
  }
}

interface CountingRoot {
  readonly version: number;
  readonly pages: readonly Sha256[];
}

/** Everything that the snapshot of so many entries consists of, the root last. */
export function objectsOf(size: number, version = 1): WholeObject[] {
  const pages: WholeObject[] = [];
  for (let from = 0; from < size; from += PAGE) pages.push(object(`entries ${from} to ${Math.min(size, from + PAGE)}`));
  return [...pages, object(JSON.stringify({ version, size, pages: pages.map(({ digest }) => digest) }))];
}

export type WholeObject = NewObject & { readonly bytes: Buffer };

async function rootOf({ id, objects }: { readonly id: Sha256; readonly objects: ObjectSource }): Promise<CountingRoot> {
  const root = await objects.read(id);
  if (root === undefined) throw new SnapshotError('snapshot-unknown', `the snapshot ${id} is not there`);
  if (sha256(root) !== id)
    throw new SnapshotError('object-wrong', `the bytes of the root ${id} are not of that digest`);
  return JSON.parse(Buffer.from(root).toString()) as CountingRoot;
}

function object(text: string): WholeObject {
  const bytes = Buffer.from(text);
  return { digest: sha256(bytes), size: bytes.length, bytes };
}
