import { SWAP_APART_MS } from './pacing.ts';
import type { PublishedSnapshot } from './publication-state.ts';

/** The state is one value of the store, which holds 64 KiB: so many snapshots and no more, of up to 144 bytes each. */
export const MAX_HISTORY = 440;
/** So many come to be within a grace period by themselves; the rest is room for those that somebody asks for. */
export const MAX_PACED = 400;
/** So many come as the log grows, and those behind them are spaced. */
const UNSPACED = 200;
/** No publication waits for longer than this part of the grace period, however many were asked for. */
const LONGEST_SHARE = 150;

/** The live one, and each that was replaced later than that: it was live until the next one came. */
export function keptOf(history: readonly PublishedSnapshot[], since: number): PublishedSnapshot[] {
  return history.filter((_one, at) => at === 0 || history[at - 1]!.at > since);
}

/**
 * How far apart swaps are, so that none is forgotten within its grace period. What room is left is shared out over the time
 * until the oldest leaves; where none is left that is waited for.
 */
export function swapsApartMs(history: readonly PublishedSnapshot[], graceMs: number, now: number): number {
  const kept = keptOf(history, now - graceMs).length;
  if (kept < UNSPACED) return SWAP_APART_MS;
  const left = history[kept - 2]!.at + graceMs - now;
  // Longer than it can be where the clock was set back; a sweep puts those times right.
  if (left > graceMs) return SWAP_APART_MS;
  const apart = kept < MAX_PACED ? left / (MAX_PACED - kept) : now - history[0]!.at + left;
  return Math.max(SWAP_APART_MS, Math.min(apart, graceMs / LONGEST_SHARE));
}
