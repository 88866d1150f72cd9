import type { Sha256 } from '../../../../lib/encoding/digest.ts';
import { MemoryObjects } from '../../../../lib/snapshot/memory-objects.ts';
import { render, type RenderOptions } from '../../../../lib/snapshot/render.ts';
import { Snapshot } from '../../../../lib/snapshot/snapshot.ts';
import type { FakeLog } from './fake-log.ts';

export interface InMemory {
  readonly objects: MemoryObjects;
  readonly id: Sha256;
  readonly snapshot: Snapshot;
}

/** All of a log as a snapshot in memory. */
export async function fullRender(log: FakeLog, options: Partial<RenderOptions> = {}): Promise<InMemory> {
  const objects = new MemoryObjects();
  const { id } = await render(log, objects, { size: log.size, ...options });
  return { objects, id, snapshot: await Snapshot.open(objects, id) };
}

/** Everything that somebody can read in it. */
export function allText({ objects }: InMemory): string {
  return [...objects.objects.values()].map((bytes) => Buffer.from(bytes).toString('utf8')).join('\n');
}
