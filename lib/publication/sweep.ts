import { keptOf } from './kept.ts';
import { findLive } from './live.ts';
import { changeState } from './publication-state.ts';
import type { PublishParts } from './publish-parts.ts';
import type { TargetItem } from './target.ts';

export interface Swept {
  readonly snapshots: number;
  readonly objects: number;
}

/**
 * Removes snapshots that were replaced longer ago than the grace period: readers may still be on their way through them.
 * Only what no kept snapshot has is removed, and only if it was written that long ago. It runs under the publisher's
 * lease; a publisher whose lease ran out without its noticing has touched what it found, so that it is too young.
 *
 * What is kept is found by rendering it again, each snapshot from the one before: one whole render and small steps. Where
 * a render makes another snapshot than was published (by an earlier release, or of a text that was erased since) nobody
 * knows what that one consists of, and nothing is removed as long as it is kept.
 */
export async function sweep(parts: PublishParts, graceMs: number, search = true): Promise<Swept> {
  const { keys, target, renderer, now, check } = parts;
  // What the target shows is kept, also where nobody has noted yet that it does.
  const { state } = await findLive(parts);
  const kept = keptOf(state.history, now() - graceMs);
  const replaced = state.history.length - kept.length;
  if (kept.length === 0 || (replaced === 0 && !search)) return { snapshots: 0, objects: 0 };
  // Forgotten first: nobody can roll back to what is being removed.
  await changeState(keys, (current) => ({
    ...current,
    history: keptOf(current.history, now() - graceMs).map((one) => ({ ...one, at: Math.min(one.at, now()) })),
  }));
  const wanted = new Set<TargetItem['name']>();
  let before: Parameters<typeof renderer.render>[1];
  for (const { size, snapshot } of kept.toSorted((a, b) => a.size - b.size)) {
    if (wanted.has(snapshot)) continue;
    const id = await renderer.render(size, before, { write: ({ digest }) => collect(wanted, digest, check) });
    if (id !== snapshot) return { snapshots: replaced, objects: 0 };
    before = { id, objects: target };
    wanted.add(snapshot);
  }
  let objects = 0;
  for await (const { name, writtenAt } of target.list()) {
    if (wanted.has(name) || writtenAt > now() - graceMs) continue;
    check();
    await target.remove(name);
    objects += 1;
  }
  return { snapshots: replaced, objects };
}

async function collect(wanted: Set<TargetItem['name']>, digest: TargetItem['name'], check: () => void): Promise<void> {
  check();
  wanted.add(digest);
}
