import { setTimeout as sleep } from 'node:timers/promises';
import { eachAtOnce } from '../encoding/each-at-once.ts';
import type { KeyedStore } from '../store/keyed-store.ts';
import { KeptObjects } from './kept-objects.ts';
import { keptOf } from './kept.ts';
import { findLive } from './live.ts';
import { forget, readHistory, setTime, type PublishedSnapshot } from './publication-state.ts';
import type { PublishParts } from './publish-parts.ts';
import { removeHeld } from './remove-held.ts';
import type { Renderer } from './renderer.ts';
import type { Target, TargetItem } from './target.ts';
import { isBusy } from './unless-busy.ts';

export interface Swept {
  readonly snapshots: number;
  readonly objects: number;
}

export interface SweepParts {
  readonly keys: KeyedStore;
  readonly target: Target;
  readonly renderer: Renderer;
  readonly now: () => number;
  /** Throws when nobody waits for the sweep any more. */
  readonly goOn: () => void;
  /** Does what is done under the publisher's lease. Code `busy` where somebody publishes. */
  readonly leased: <T>(work: (parts: PublishParts) => Promise<T>) => Promise<T>;
}

/** So long a sweep removes before it lets a publication pass, and so long it waits for one that is begun by then. */
const TURN_MS = 1_000;
/** Publications take turns with it; one that takes longer than so many leaves the rest to the next sweep. */
const MOST_WAITS = 120;
const REMOVALS_AT_ONCE = 16;

/**
 * Removes snapshots that were replaced longer ago than the grace period: readers may still be on their way through them.
 * Only what no kept snapshot has is removed, and only if it was written that long ago.
 *
 * What is kept is found by rendering it again, each snapshot from the one before: one whole render and small steps, beside
 * publications. The publisher's lease is held only while something is forgotten or removed, a second at a time, and
 * what was published meanwhile is looked at first. Where a render makes another snapshot than was published (by an
 * earlier release, or of a text that was erased since) nobody knows what that one consists of, and nothing is removed as
 * long as it is kept.
 */
export async function sweep(parts: SweepParts, graceMs: number, search = true): Promise<Swept> {
  const { keys, target, renderer, now, goOn, leased } = parts;
  const { kept, forgotten } = await leased((held) => forgetReplaced(held, graceMs));
  if (kept.length === 0 || (forgotten === 0 && !search)) return { snapshots: 0, objects: 0 };
  const wanted = new KeptObjects(target, renderer);
  if (!(await wanted.add(kept, goOn))) return { snapshots: forgotten, objects: 0 };
  const old: TargetItem['name'][] = [];
  for await (const { name, writtenAt } of target.list()) {
    goOn();
    if (!wanted.has(name) && writtenAt <= now() - graceMs) old.push(name);
  }
  let objects = 0;
  let waits = 0;
  while (old.length > 0 && waits < MOST_WAITS) {
    // Under the lease there is little left to render then.
    if (!(await wanted.add(await readHistory(keys), goOn))) break;
    try {
      const removed = await leased((held) => removeSome(held, old, wanted));
      if (removed === undefined) break;
      objects += removed;
    } catch (error) {
      if (!isBusy(error)) throw error;
      waits += 1;
    }
    if (old.length > 0) await sleep(TURN_MS);
  }
  return { snapshots: forgotten, objects };
}

/** Nobody can roll back to what is forgotten, so that it can be removed. What the target shows is kept, also where nobody has noted yet that it does. */
async function forgetReplaced(
  parts: PublishParts,
  graceMs: number,
): Promise<{ readonly kept: readonly PublishedSnapshot[]; readonly forgotten: number }> {
  const { keys, now, check } = parts;
  await findLive(parts);
  const history = await readHistory(keys);
  const kept = keptOf(history, now() - graceMs);
  check();
  await forget(
    keys,
    history.filter((one) => !kept.includes(one)),
  );
  for (const one of kept) if (one.at > now()) await setTime(keys, one, now());
  return { kept, forgotten: history.length - kept.length };
}

/** Removes what was written long ago and is in no snapshot, for a while; how much. Undefined where that cannot be known any more. */
async function removeSome(
  parts: PublishParts,
  old: TargetItem['name'][],
  wanted: KeptObjects,
): Promise<number | undefined> {
  await findLive(parts);
  if (!(await wanted.add(await readHistory(parts.keys), parts.check))) return undefined;
  let removed = 0;
  const end = performance.now() + TURN_MS;
  async function* next(): AsyncGenerator<TargetItem['name']> {
    for (let name = old.pop(); name !== undefined; name = old.pop()) {
      if (!wanted.has(name)) yield name;
      if (performance.now() > end) return;
    }
  }
  await eachAtOnce(REMOVALS_AT_ONCE, next(), async (name) => {
    await removeHeld(parts, name);
    removed += 1;
  });
  return removed;
}
