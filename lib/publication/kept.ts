import type { PublishedSnapshot } from './publication-state.ts';

/** Of all that are remembered, the newest first: the live one, and each that was replaced later than that: it was live until the next one came. */
export function keptOf(history: readonly PublishedSnapshot[], since: number): PublishedSnapshot[] {
  return history.filter((_one, at) => at === 0 || history[at - 1]!.at > since);
}
