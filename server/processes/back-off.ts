const FIRST_MS = 200;
const LONGEST_MS = 30_000;
/** A process that served for so long did not end for what it was started with. */
const SOUND_MS = 60_000;

/** How long to wait before a process is replaced that ended by itself, and how many have ended so in a row. */
export function replacementAfter(
  failures: number,
  servedMs: number,
): { readonly failures: number; readonly waitMs: number } {
  const inRow = servedMs >= SOUND_MS ? 1 : failures + 1;
  return { failures: inRow, waitMs: Math.min(LONGEST_MS, FIRST_MS * 2 ** Math.min(inRow - 1, 20)) };
}
