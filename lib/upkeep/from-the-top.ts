import { readContents } from '../git/object-content.ts';
import type { ObjectSource } from '../git/object-source.ts';
import type { Oid } from '../git/oid.ts';
import { namedBy } from '../git/walk/named-by.ts';
import type { OidSet } from './oid-set.ts';

/** So many objects are taken away with one commit. */
const BATCH = 256;

/**
 * These objects in batches, each behind everything among them that points at it: whatever is still there when they are
 * taken away in this order is whole. What a batch points at is read before it is handed out.
 */
export async function* fromTheTop(
  source: ObjectSource,
  among: OidSet,
  breathe: () => Promise<void> | undefined,
): AsyncGenerator<readonly Oid[]> {
  const waitsFor = new Uint32Array(among.slots);
  for (const batch of inBatches(among)) {
    for (const oid of await namedAmong(source, batch, among, breathe)) waitsFor[among.slotOf(oid)]! += 1;
  }
  const free: Oid[] = [];
  for (const oid of among) if (waitsFor[among.slotOf(oid)] === 0) free.push(oid);
  while (free.length > 0) {
    const batch = free.splice(-BATCH);
    const below = await namedAmong(source, batch, among, breathe);
    yield batch;
    for (const oid of below) {
      const slot = among.slotOf(oid);
      waitsFor[slot]! -= 1;
      if (waitsFor[slot] === 0) free.push(oid);
    }
  }
}

/** What objects point at, as far as it is among some: as often as it is pointed at. */
async function namedAmong(
  source: ObjectSource,
  oids: readonly Oid[],
  among: OidSet,
  breathe: () => Promise<void> | undefined,
): Promise<Oid[]> {
  const named: Oid[] = [];
  const stats = await source.stat(oids);
  const others = oids.filter((oid) => stats.get(oid)?.type !== 'blob');
  for await (const { type, content } of readContents(source, others)) {
    for (const { oid } of namedBy(type, content)) if (among.has(oid)) named.push(oid);
    await breathe();
  }
  return named;
}

function* inBatches(oids: Iterable<Oid>): Generator<Oid[]> {
  let batch: Oid[] = [];
  for (const oid of oids) {
    batch.push(oid);
    if (batch.length < BATCH) continue;
    yield batch;
    batch = [];
  }
  yield batch;
}
